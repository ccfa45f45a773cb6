"""Judging clips: distances between sets, motion, reconstruction, diversity and privacy.

Clips go in and numbers come out, whoever made the clips: nothing here knows a generator. What each
number means, and what it cannot show, is in ``docs/metrics.md``.
"""
