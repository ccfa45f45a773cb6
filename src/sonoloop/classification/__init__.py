"""Classifiers of clips: they get clips, whoever made them, and never a generator."""
