"""The baseline's stage 2: a conditional flow between latents and noise (cINN, arXiv:2105.04551)."""
