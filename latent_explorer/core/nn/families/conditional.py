"""The conditional VAE: p(x|z, y) and q(z|x, y), with the class y told to both networks (Sohn, Lee & Yan 2015)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Terms
from latent_explorer.core.nn.families.vae import VAE, Posterior, gaussian_kl
from latent_explorer.core.nn.networks import Encoder, encoder_of


class ConditionalVAE(VAE):
    """As the VAE, in every class by itself: log p(x|y) is what is bounded, and z need not say what y already does.

    An image without a class is given the one under which it is likeliest: see `likeliest`.
    """

    @staticmethod
    def new_encoder(config: ModelConfig) -> Encoder:
        """As of `VAE`: it is told the class beside the image."""
        return encoder_of(config, beside=config.classes or 0)

    @property
    def classes(self) -> int:
        """How many there are."""
        assert self.config.classes is not None
        return self.config.classes

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 and classes (B,) to mu (B, d) and log_var (B, d) of q(z|x, y).

        A number that is none of the model's classes means one that nobody knows.
        """
        known = self.known(x, labels)
        mu, log_var = self.encoder(x, functional.one_hot(known, self.classes))
        return mu, log_var

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """As of `VAE`, of -log p(x|y)."""
        return super().terms(x, generator, samples, self.known(x, labels))

    def importance(self, x: Tensor, generator: torch.Generator | None, samples: int, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As of `VAE`."""
        return super().importance(x, generator, samples, self.known(x, labels))

    def posterior(self, x: Tensor, labels: Tensor | None = None) -> Posterior:
        """As of `VAE`."""
        return super().posterior(x, self.known(x, labels))

    def known(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Classes (B,) with none missing."""
        if labels is None:
            return self.likeliest(x)
        missing = (labels < 0) | (labels >= self.classes)
        if not missing.any():
            return labels
        known = labels.clone()
        known[missing] = self.likeliest(x[missing])
        return known

    @torch.no_grad()
    def likeliest(self, x: Tensor) -> Tensor:
        """The class of each image (B,) under which ``log p(x|mu, y) - KL`` is largest, mu being the mean of q(z|x, y)."""
        scores = []
        for y in range(self.classes):
            labels = torch.full((len(x),), y, dtype=torch.int64, device=x.device)
            mu, log_var = self.encoder(x, functional.one_hot(labels, self.classes))
            likelihood = self.likelihood.log_prob(x, self.decode(mu, labels).float())
            scores.append(likelihood - gaussian_kl(mu.float(), log_var.float()))
        return torch.stack(scores).argmax(0)
