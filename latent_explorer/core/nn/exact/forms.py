"""Likelihoods whose logarithm is linear in the pixels, and the decoder asked at nodes.

For an exponential family with the pixel as its statistic, ``log p(x_i|z) = x_i w_i(z) - Z(w_i(z)) + t(x_i)``: for all images
and nodes that is one matrix product. Bernoulli: w the logit, Z its softplus. Continuous Bernoulli (Loaiza-Ganem & Cunningham
2019): w the logit, ``Z = log((e^w - 1) / w)``. Gaussian: ``w = m / sigma^2``, ``Z = sigma^2 w^2 / 2``.

A Gaussian's parts are of the size ``D / (2 sigma^2)`` each, and their sum is far smaller. Where float32 would lose more than
`ROUNDED` of it, they are computed in float64, which takes about twice as long. What is kept of the decoder is in float32 all the
same and loses nothing: m is what the networks gave, in float32, and w is it times one number.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.inference import batch_of, device_of
from latent_explorer.core.nn.likelihoods import LOG_2_PI, Gaussian, Likelihood
from latent_explorer.core.nn.pixels.continuous import log_normaliser

ROUNDED = 1e-3  # nats that the rounding of float32 may take from a log p(x|z)
EPSILON = 2.0**-24  # relative rounding error of float32


@dataclass(frozen=True, eq=False)
class Form:
    """One likelihood in that form.

    Parameters
    ----------
    kept : the decoder's numbers to what w is a multiple of, both float32 (..., D)
    partition : w to Z(w), both (..., D)
    own : pixels (..., D) to the sum of t(x_i) over pixels, (...)
    unit : w by what is kept
    dtype : of w, of what the others give of it, and what the products are to be computed in
    """

    kept: Callable[[Tensor], Tensor]
    partition: Callable[[Tensor], Tensor]
    own: Callable[[Tensor], Tensor]
    unit: float = 1.0
    dtype: torch.dtype = torch.float32

    def weights(self, numbers: Tensor) -> Tensor:
        """The decoder's numbers to w, both (..., D)."""
        return self.of_kept(self.kept(numbers))

    def of_kept(self, kept: Tensor) -> Tensor:
        """What is kept to w, both (..., D)."""
        return kept.to(self.dtype) if self.unit == 1 else kept.to(self.dtype) * self.unit


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
    return _gaussian(likelihood, module.config.pixels) if isinstance(likelihood, Gaussian) else None


def _gaussian(likelihood: Gaussian, pixels: int) -> Form:
    log_sigma = float(likelihood.log_sigma)
    variance, constant = math.exp(2 * log_sigma), log_sigma + 0.5 * LOG_2_PI
    rough = EPSILON * pixels / (2 * variance) > ROUNDED
    # Apple's graphics processors have no float64; there the sums stay as float32 has them.
    dtype = torch.float64 if rough and likelihood.log_sigma.device.type != "mps" else torch.float32

    def partition(w: Tensor) -> Tensor:
        return 0.5 * variance * w * w

    def own(x: Tensor) -> Tensor:
        return -0.5 * x.to(dtype).square().sum(-1) / variance - x.shape[-1] * constant

    return Form(likelihood.centre, partition, own, 1 / variance, dtype)


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
        return self.products(x, self.at(z))

    def products(self, x: Tensor, numbers: Tensor) -> Tensor:
        """log p(x_b|z_g) of images (B, D) and the decoder's numbers at places (G, D): (B, G), float64 where float32 is too rough."""
        form = form_of(self.module)
        if form is None or form.dtype == torch.float32:
            return self.likelihood.table(x, numbers, self.mask).float()
        x, w = self.seen(x).to(form.dtype), form.weights(self.seen(numbers))
        return torch.addmm(-form.partition(w).sum(1), x, w.T) + form.own(x)[:, None]
