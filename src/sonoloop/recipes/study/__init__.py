"""``sonoloop study``: whether synthetic video helps a classifier."""
