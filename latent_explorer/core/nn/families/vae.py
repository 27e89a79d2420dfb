"""The variational autoencoder: q = N(mu, diag s^2), prior N(0, I) (Kingma & Welling 2014, arXiv 1312.6114).

Also what families with another posterior share with it: the ELBO, and the bound of several draws (Burda et al. 2016, arXiv
1509.00519).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Batch, Model, Terms
from latent_explorer.core.nn.networks import Encoder, encoder_of


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


class Posterior(Protocol):
    """q(z|x) of a batch of images, in float32."""

    def sample(self, generator: torch.Generator | None, samples: int | None) -> Tensor:
        """One draw for each image, z (B, d), or several (samples, B, d)."""

    def log_ratio(self, z: Tensor) -> Tensor:
        """log q(z|x) - log p(z), nats: (..., B, d) to (..., B)."""

    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)) in closed form, nats, (B,)."""


@dataclass(frozen=True, eq=False)
class DiagonalNormal:
    """N(mu, diag s^2) with ``log_var = log s^2``, both (B, d), against the prior N(0, I)."""

    mu: Tensor
    log_var: Tensor

    def sample(self, generator: torch.Generator | None, samples: int | None) -> Tensor:
        """As `reparameterize`."""
        return reparameterize(self.mu, self.log_var, generator, samples)

    def log_ratio(self, z: Tensor) -> Tensor:
        """``1/2 sum_j [z_j^2 - ((z_j - mu_j) / s_j)^2 - log s_j^2]``: the constants of both normals are equal."""
        return 0.5 * (z.square() - (z - self.mu).square() * torch.exp(-self.log_var) - self.log_var).sum(-1)

    def kl(self) -> Tensor:
        """As `gaussian_kl`."""
        return gaussian_kl(self.mu, self.log_var)


def several_draws(likelihood: Tensor, ratio: Tensor) -> Tensor:
    """``logsumexp_k [log p(x|z_k) - ratio_k] - log K`` of K draws, (K, B) each, with ratio = log q(z_k|x) - log p(z_k); (B,)."""
    return torch.logsumexp(likelihood - ratio, dim=0) - math.log(len(likelihood))


class VAE(Model):
    """The VAE with the networks and the likelihood that its architecture names.

    The negative ELBO of one image is ``reconstruction + kl``: the sum over pixels and channels of -log p(x_i|z),
    plus the sum over latent dimensions of the KL. Means are taken over the batch only.

    With the objective "iwae" the loss is the bound of ``samples`` draws instead; the terms, and so all curves, are those of
    the ELBO still, so that runs can be compared.
    """

    encoder: Encoder

    def __init__(self, config: ModelConfig) -> None:
        encoder = self.new_encoder(config)  # its weights are drawn before the decoder's, as they always were: a seed means the same
        super().__init__(config)
        self.encoder = encoder

    @staticmethod
    def new_encoder(config: ModelConfig) -> Encoder:
        """The encoder with its first weights."""
        return encoder_of(config)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to mu (B, d) and log_var (B, d) of q(z|x)."""
        mu, log_var = self.encoder(x)
        return mu, log_var

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior:
        """q(z|x) of pixels (B, D) in 0..1; sums stay in float32 where products do not."""
        mu, log_var = self.encode(x, labels)
        return DiagonalNormal(mu.float(), log_var.float())

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """Reconstruction and KL of each image, nats, shape (B,); the reconstruction is a mean over `samples` draws of z."""
        q = self.posterior(x, labels)
        z = q.sample(generator, samples)
        reconstruction = -self.likelihood.log_prob(x, self.decode(z, labels).float())
        return Terms(reconstruction if samples is None else reconstruction.mean(0), q.kl())

    def importance(self, x: Tensor, generator: torch.Generator | None, samples: int, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of several draws z_k of each image's q: log p(x|z_k), and log q(z_k|x) - log p(z_k); nats, (samples, B) each."""
        q = self.posterior(x, labels)
        z = q.sample(generator, samples)
        return self.likelihood.log_prob(x, self.decode(z, labels).float()), q.log_ratio(z)

    def iwae(self, x: Tensor, generator: torch.Generator | None, samples: int, labels: Tensor | None = None) -> Tensor:
        """The bound of K draws, ``logsumexp_k [log p(x, z_k) - log q(z_k|x)] - log K``, nats, (B,); between ELBO and log p(x).

        Source: Burda, Grosse & Salakhutdinov 2016, equation 8.
        """
        return several_draws(*self.importance(x, generator, samples, labels))

    def loss(self, batch: Batch) -> tuple[Tensor, Terms]:
        """As of `Model`; with the objective "iwae", beta weighs ``log q(z_k|x) - log p(z_k)`` within the bound."""
        if self.objective != "iwae":
            return super().loss(batch)
        likelihood, ratio = self.importance(batch.x, batch.generator, self.samples, batch.labels)
        terms = Terms(-likelihood.detach().mean(0), ratio.detach().mean(0))
        return -several_draws(likelihood, batch.beta * ratio).mean(), terms
