"""The variational autoencoder: q = N(mu, diag s^2), prior N(0, I) (Kingma & Welling 2014, arXiv 1312.6114)."""

from __future__ import annotations

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Model, Terms
from latent_explorer.core.nn.networks import encoder_of


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


class VAE(Model):
    """The VAE with the networks and the likelihood that its architecture names.

    The negative ELBO of one image is ``reconstruction + kl``: the sum over pixels and channels of -log p(x_i|z),
    plus the sum over latent dimensions of the KL. Means are taken over the batch only.
    """

    def __init__(self, config: ModelConfig) -> None:
        encoder = encoder_of(config)  # its weights are drawn before the decoder's, as they always were: a seed means the same
        super().__init__(config)
        self.encoder = encoder

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and log_var (B, d) of q(z|x)."""
        mu, log_var = self.encoder(x)
        return mu, log_var

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """Reconstruction and KL of each image, nats, shape (B,); the reconstruction is a mean over `samples` draws of z."""
        mu, log_var = (parameters.float() for parameters in self.encode(x))  # sums stay in float32 where products do not
        z = reparameterize(mu, log_var, generator, samples)
        reconstruction = -self.likelihood.log_prob(x, self.decode(z).float())
        return Terms(reconstruction if samples is None else reconstruction.mean(0), gaussian_kl(mu, log_var))
