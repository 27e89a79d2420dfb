"""Pixels anywhere between black and white: the continuous Bernoulli (Loaiza-Ganem & Cunningham 2019, arXiv 1907.06845).

From a logit a: ``p(x) = a e^(a x) / (e^a - 1)`` for x in 0..1. Its logarithm is linear in x, as the Bernoulli's is, but it is a
density that adds up to 1 over all grey levels; so it is not to be compared with a BCE. The expected pixel is not the sigmoid.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from latent_explorer.core.nn.pixels.base import Likelihood, average_images, exact_products

SMALL = 0.5  # logits below it go by series: their differences of near numbers would lose digits
BISECTIONS = 60
LARGEST = 1e3  # logits between which that of a mean is looked for


def log_normaliser(a: Tensor) -> Tensor:
    """``log((e^a - 1) / a)``, elementwise; without overflow, and by its series a/2 + a^2/24 - a^4/2880 + a^6/181440 near 0."""
    size = a.abs().clamp_min(SMALL)
    far = a.clamp_min(0) + torch.log(-torch.expm1(-size) / size)
    b = a.clamp(-SMALL, SMALL).square()
    near = a / 2 + b * (1 / 24 + b * (-1 / 2880 + b * (1 / 181440 - b / 9676800)))
    return torch.where(a.abs() < SMALL, near, far)


def continuous_mean(a: Tensor) -> Tensor:
    """E[x] = ``1 / (1 - e^-a) - 1 / a``, elementwise; near 0 by its series 1/2 + a/12 - a^3/720 + a^5/30240 - ..."""
    size = a.abs().clamp_min(SMALL)
    above = -1 / torch.expm1(-size) - 1 / size  # for a > 0; the mean of -a is 1 less that of a
    b = a.clamp(-SMALL, SMALL)
    c = b.square()
    near = 0.5 + b * (1 / 12 + c * (-1 / 720 + c * (1 / 30240 + c * (-1 / 1209600 + c / 47900160))))
    return torch.where(a.abs() < SMALL, near, torch.where(a > 0, above, 1 - above))


def continuous_variance(a: Tensor) -> Tensor:
    """Var[x] = ``1 / a^2 - 1 / (4 sinh(a/2)^2)``, the derivative of the mean by the logit; near 0 by its series 1/12 - a^2/240 + ..."""
    size = a.abs().clamp_min(SMALL)
    decay = torch.exp(-size)
    far = 1 / size.square() - decay / torch.expm1(-size).square()
    c = a.clamp(-SMALL, SMALL).square()
    near = 1 / 12 + c * (-1 / 240 + c * (1 / 6048 + c * (-1 / 172800 + c / 5322240)))
    return torch.where(a.abs() < SMALL, near, far)


def continuous_logit(mean: Tensor) -> Tensor:
    """The logit whose expected pixel is `mean`, in 0..1 without its ends; by bisection, float64 inside."""
    low = torch.full_like(mean, -LARGEST, dtype=torch.float64)
    high = -low
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        below = continuous_mean(middle) < mean
        low, high = torch.where(below, middle, low), torch.where(below, high, middle)
    return ((low + high) / 2).to(mean.dtype)


class _LogProb(torch.autograd.Function):
    """The sum, and its derivative x - E[x]: autograd's own would keep a dozen arrays more."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, logits: Tensor) -> Tensor:
        ctx.save_for_backward(x, logits)
        found: Tensor = (x * logits).sum(-1) - log_normaliser(logits).sum(-1)
        return found

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor]:
        x, logits = ctx.saved_tensors
        return None, (x - continuous_mean(logits)).mul_(grads[0].unsqueeze(-1))


def continuous_log_prob(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x|z) = sum_i [x_i a_i - log((e^a_i - 1) / a_i)] in nats, a density; derivatives go to the logits only.

    Parameters
    ----------
    x : Tensor, shape (..., D), in 0..1
    logits : Tensor, shape (..., D)

    Returns
    -------
    Tensor, shape (...)
    """
    found: Tensor = _LogProb.apply(x.expand_as(logits), logits)  # type: ignore[no-untyped-call]  # torch's
    return found


class ContinuousBernoulli(Likelihood):
    """As the room says; the decoder's number is the logit."""

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        """As `continuous_log_prob`."""
        return continuous_log_prob(x, logits)

    def mean(self, logits: Tensor) -> Tensor:
        """E[x|z] in 0..1, the picture that is shown: never the sigmoid, which would be too dark and too bright."""
        return continuous_mean(logits)

    def slope(self, logits: Tensor) -> Tensor:
        """As `continuous_variance`."""
        return continuous_variance(logits)

    def table(self, x: Tensor, logits: Tensor, mask: Tensor | None = None) -> Tensor:
        """As of `Likelihood`: ``x . a_g`` less the normalisers of the place, one matrix product."""
        if mask is not None:
            x, logits = x[:, mask], logits[:, mask]
        with exact_products(x):
            logits = logits.float()
            return torch.addmm(-log_normaliser(logits).sum(1), x, logits.T)

    def expected(self, logits: Tensor, share: Tensor, x: Tensor) -> Tensor:
        """As of `Likelihood`, by what the images of each place have in the mean: two thin products in the place of a table."""
        with exact_products(x):
            taken, mean = average_images(share, x)
            return (taken * continuous_log_prob(mean, logits.float())).sum()
