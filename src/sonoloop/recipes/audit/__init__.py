"""``sonoloop audit``: what a dataset's labels can show, before any claim."""
