"""Likelihoods whose logarithm is linear in the pixels, and the decoder asked at nodes.

For an exponential family with the pixel as its statistic, ``log p(x_i|z) = x_i w_i(z) - Z(w_i(z)) + t(x_i)``: for all images
and nodes that is one matrix product. Bernoulli: w the logit, Z its softplus. Continuous Bernoulli (Loaiza-Ganem & Cunningham
2019): w the logit, ``Z = log((e^w - 1) / w)``. Gaussian: ``w = m / sigma^2``, ``Z = sigma^2 w^2 / 2``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.inference import batch_of, device_of
from latent_explorer.core.nn.likelihoods import LOG_2_PI, Gaussian, Likelihood
from latent_explorer.core.nn.pixels.continuous import log_normaliser


@dataclass(frozen=True, eq=False)
class Form:
    """One likelihood in that form.

    Parameters
    ----------
    weights : the decoder's numbers to w, both (..., D)
    partition : w to Z(w), both (..., D)
    own : pixels (..., D) to the sum of t(x_i) over pixels, (...)
    """

    weights: Callable[[Tensor], Tensor]
    partition: Callable[[Tensor], Tensor]
    own: Callable[[Tensor], Tensor]


def _same(numbers: Tensor) -> Tensor:
    return numbers


def _nothing(x: Tensor) -> Tensor:
    return x.new_zeros(x.shape[:-1])


def form_of(module: Model) -> Form | None:
    """The form of a model's likelihood; None for one that is not linear in the pixels."""
    kind, likelihood = module.config.likelihood, module.likelihood
    if kind == "bernoulli":
        return Form(_same, functional.softplus, _nothing)
    if kind == "continuous_bernoulli":
        return Form(_same, log_normaliser, _nothing)
    return _gaussian(likelihood) if isinstance(likelihood, Gaussian) else None


def _gaussian(likelihood: Gaussian) -> Form:
    variance = torch.exp(2 * likelihood.log_sigma)
    constant = likelihood.log_sigma + 0.5 * LOG_2_PI

    def weights(numbers: Tensor) -> Tensor:
        return likelihood.mean(numbers) / variance

    def partition(w: Tensor) -> Tensor:
        return 0.5 * variance * w * w

    def own(x: Tensor) -> Tensor:
        return -0.5 * x.square().sum(-1) / variance - x.shape[-1] * constant

    return Form(weights, partition, own)


@dataclass(frozen=True, eq=False)
class Decoder:
    """A model's decoder under one condition: what stands between z and the likelihood.

    Parameters
    ----------
    condition : int or None
        The class that a conditional family is told.
    mask : bool Tensor, shape (D,), or None
        The pixels that count; None for all.
    """

    module: Model
    condition: int | None = None
    mask: Tensor | None = None

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return device_of(self.module)

    @property
    def batch(self) -> int:
        """Places to decode at once."""
        return batch_of(self.module.config)

    @property
    def likelihood(self) -> Likelihood:
        """The model's."""
        return self.module.likelihood

    def seen(self, pixels: Tensor) -> Tensor:
        """Of pixels or the decoder's numbers (..., D) those that count."""
        return pixels if self.mask is None else pixels[..., self.mask]

    def at(self, z: Tensor) -> Tensor:
        """The decoder's numbers, float32 (n, D), at places (n, d)."""
        if self.condition is None:
            return self.module.decode(z).float()
        labels = torch.full((len(z),), self.condition, dtype=torch.int64, device=z.device)
        return self.module.decode(z, labels).float()

    def log_prob(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x_n|z_kn) of images (n, D) at some places each (k, n, d): (k, n), in pieces."""
        batch = max(1, self.batch // len(z))
        parts = []
        for some, places in zip(self.seen(x).split(batch), z.split(batch, dim=1), strict=True):
            numbers = self.at(places.reshape(-1, z.shape[2])).unflatten(0, places.shape[:2])
            parts.append(self.likelihood.log_prob(some, self.seen(numbers)).float())
        return torch.cat(parts, dim=1)

    def table(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x_b|z_g) of images (B, D) at places (G, d): (B, G)."""
        return self.likelihood.table(x, self.at(z), self.mask).float()
