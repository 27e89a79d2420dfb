"""Latent Explorer: look into the latent space of a variational autoencoder."""

__version__ = "0.1.0"
