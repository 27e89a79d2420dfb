"""The autoencoder: an encoder that gives points, a decoder, and nothing besides (Hinton & Salakhutdinov 2006)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.base import Model, Terms
from latent_explorer.core.nn.networks import encoder_of


class Autoencoder(Model):
    """z = e(x), and the loss of an image is -log p(x|z) alone: BCE, or squared error up to sigma and a constant.

    There is no prior, so nothing says where codes lie or what is between them.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = encoder_of(config)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Pixels (B, D) in 0..1 to z (B, d), and -inf (B, d): the code is a point."""
        z = self.encoder.numbers(x)
        return z, torch.full_like(z, -math.inf)

    def terms(self, x: Tensor, generator: torch.Generator | None = None, samples: int | None = None, labels: Tensor | None = None) -> Terms:
        """-log p(x|z) of each image, nats (B,), and 0: nothing is drawn."""
        z = self.encoder.numbers(x)
        reconstruction = -self.likelihood.log_prob(x, self.decode(z).float())  # sums stay in float32 where products do not
        return Terms(reconstruction, torch.zeros_like(reconstruction))
