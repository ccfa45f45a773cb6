"""Stage 1: clip to latent dynamics, and back from the first frame."""
