"""From files of any kind to uint8 clips on disk, and from there to training batches."""
