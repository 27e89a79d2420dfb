"""The variational autoencoder: q = N(mu, diag s^2), prior N(0, I) (Kingma & Welling 2014, arXiv 1312.6114)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.likelihoods import likelihood_of
from latent_explorer.core.nn.networks import constant_picture, decoder_of, encoder_of, picture_to_bias


class Terms(NamedTuple):
    """The two terms of the negative ELBO for each image, nats, shape (B,)."""

    reconstruction: Tensor
    kl: Tensor


def gaussian_kl(mu: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mu, diag s^2) || N(0, I)) = 1/2 sum_j (mu_j^2 + s_j^2 - 1 - log s_j^2), nats.

    Summed over latent dimensions (the last axis), with ``log_var = log s^2``: shape (..., d) to (...).
    Source: Kingma & Welling 2014, appendix B.
    """
    return 0.5 * (mu.square() + log_var.exp() - 1.0 - log_var).sum(-1)


def reparameterize(mu: Tensor, log_var: Tensor, generator: torch.Generator | None = None, samples: int | None = None) -> Tensor:
    """A draw from q: ``z = mu + std * eps`` with ``std = exp(log_var / 2)`` and one eps for each image.

    eps is drawn where the generator lives: one on the CPU gives the same numbers whatever the device.

    Returns
    -------
    Tensor, shape (B, d), or (samples, B, d) when `samples` is given.
    """
    shape = mu.shape if samples is None else (samples, *mu.shape)
    eps = torch.randn(shape, generator=generator, device=mu.device if generator is None else generator.device, dtype=mu.dtype)
    return mu + torch.exp(0.5 * log_var) * eps.to(mu.device)


class VAE(nn.Module):
    """The VAE with the networks and the likelihood that its architecture names.

    The negative ELBO of one image is ``reconstruction + kl``: the sum over pixels and channels of -log p(x_i|z),
    plus the sum over latent dimensions of the KL. Means are taken over the batch only.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder_of(config)
        self.decoder = decoder_of(config)
        self.likelihood = likelihood_of(config)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and log_var (B, d) of q(z|x)."""
        mu, log_var = self.encoder(x)
        return mu, log_var

    def decode(self, z: Tensor) -> Tensor:
        """Latent points (..., d) to one number for each pixel (..., D), whose sigmoid is the expected pixel."""
        logits: Tensor = self.decoder(z)
        return logits

    def mean_image(self, z: Tensor) -> Tensor:
        """Latent points (..., d) to expected pixels (..., D) in 0..1."""
        return self.likelihood.mean(self.decode(z))

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None) -> Terms:
        """Reconstruction and KL of each image, nats, shape (B,); the reconstruction is a mean over `samples` draws of z."""
        mu, log_var = (parameters.float() for parameters in self.encode(x))  # sums stay in float32 where products do not
        z = reparameterize(mu, log_var, generator, samples)
        reconstruction = -self.likelihood.log_prob(x, self.decode(z).float())
        return Terms(reconstruction if samples is None else reconstruction.mean(0), gaussian_kl(mu, log_var))

    @torch.no_grad()
    def start_at(self, mean: Tensor, square: Tensor) -> None:
        """Start at the best constant picture for pixels of this mean and mean square (D,), in 0..1.

        The decoder's last bias shows it, and a learned sigma is what it leaves.
        """
        picture = constant_picture(mean, self.config)
        self.decoder.last_bias().copy_(picture_to_bias(picture, self.config))
        self.likelihood.start_at((square - 2 * mean * picture + picture.square()).mean().item())
