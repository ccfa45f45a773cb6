"""Layouts of public data sets: which files are clips, whose they are and what they show."""
