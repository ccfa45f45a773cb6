"""One page that shows what runs and evaluations found; reads files, never models."""
