"""Stage 2: latent dynamics from noise, given the first frame."""
