"""``sonoloop evaluate``: how loops compare with real clips."""
