"""Frozen nets that turn frames and clips into features, and where their weights come from."""
