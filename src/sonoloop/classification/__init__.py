"""Tells classes of clips apart: networks, their training, and what they say of held-out clips."""
