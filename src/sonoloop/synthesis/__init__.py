"""Stills to cine loops: the public API, batches, files and provenance."""
