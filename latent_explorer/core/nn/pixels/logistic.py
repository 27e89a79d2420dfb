"""The 256 levels of a pixel: the discretised logistic (Kingma et al. 2016, arXiv 1606.04934; Salimans et al. 2017, 1701.05517).

A logistic distribution around a place m with a scale s, both in units of 0..1, is cut at the borders between levels; the first
and the last level take the tails. So it is a true probability of 8-bit pixels: divided by D log 2 it is bits per dimension.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from latent_explorer.core.nn.pixels.base import Likelihood, exact_products

LEVELS = 256
LEAST_SCALE = 1e-3  # a quarter of a level: below it the expected pixel would be a staircase, and a learned scale has no end
BLOCK = 1 << 22  # numbers of a table that are computed at once


def place_of(numbers: Tensor) -> Tensor:
    """Where the logistic of a pixel is centred: ``1/2 + a/4``, the sigmoid's tangent, so that a number says what it says elsewhere.

    It has no bounds: a pixel that is always black has its centre far below black, and so all of its probability at level 0.
    """
    return 0.5 + 0.25 * numbers


def level_log_prob(level: Tensor, place: Tensor, scale: Tensor) -> Tensor:
    """log P(level) of a pixel, elementwise and broadcast; level 0..255 as a float.

    With the borders u above and l below the level, in scales from the centre: sigmoid(u) - sigmoid(l) is
    ``sigmoid(u) sigmoid(-l) (1 - e^(l - u))``, whose logarithm is exact however far out the level is.
    """
    below = ((level - 0.5) / (LEVELS - 1) - place) / scale
    step = 1 / ((LEVELS - 1) * scale)
    upper = functional.logsigmoid(below + step)
    lower = functional.logsigmoid(-below)
    inside = torch.log(-torch.expm1(-step))
    first, last = level == 0, level == LEVELS - 1
    return torch.where(last, 0.0, upper) + torch.where(first, 0.0, lower) + torch.where(first | last, 0.0, inside)


def levels_of(x: Tensor) -> Tensor:
    """Pixels in 0..1 to the nearest level, as floats 0..255."""
    return (x * (LEVELS - 1)).round()


def _levels_that_occur(place: Tensor, level: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """log P of each pixel's levels that occur, at all places (U, G), and which of them each image has (B, P); of (G, P) and (B, P)."""
    keys, where = torch.unique(level + LEVELS * torch.arange(level.shape[1], device=level.device), return_inverse=True)
    return level_log_prob((keys % LEVELS).float()[:, None], place[:, keys // LEVELS].T, scale), where


def _expected(place: Tensor, level: Tensor, share: Tensor, scale: Tensor) -> Tensor:
    """Of some pixels what `DiscretisedLogistic.expected` adds up."""
    rows, where = _levels_that_occur(place, level, scale)
    taken = torch.zeros_like(rows)
    for column in where.T:
        taken.index_add_(0, column, share)
    return (taken * rows).sum()


class _Expected(torch.autograd.Function):
    """`_expected`, computed again for its gradient; by hand, since torch's own way to do that loads its compiler."""

    @staticmethod
    def forward(ctx: Any, place: Tensor, level: Tensor, share: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(place, level, share, scale)
        return _expected(place, level, share, scale)

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, None, None, Tensor]:
        place, level, share, scale = ctx.saved_tensors
        with torch.enable_grad():
            place, scale = (tensor.detach().requires_grad_() for tensor in (place, scale))
            by_place, by_scale = torch.autograd.grad(_expected(place, level, share, scale), (place, scale))
        return slopes[0] * by_place, None, None, slopes[0] * by_scale


class DiscretisedLogistic(Likelihood):
    """As the room says, with one scale for all pixels: fixed, or learned with the other weights."""

    log_scale: Tensor

    def __init__(self, scale: float | None) -> None:
        super().__init__()
        self.learned = scale is None
        if self.learned:
            self.log_scale = nn.Parameter(torch.tensor(math.log(0.1)))
        else:
            # Not stored with the weights: the architecture's record has it.
            self.register_buffer("log_scale", torch.tensor(math.log(scale or 1.0)), persistent=False)

    @property
    def scale(self) -> Tensor:
        """s, in units of 0..1."""
        return torch.exp(self.log_scale).clamp_min(LEAST_SCALE)

    def log_prob(self, x: Tensor, numbers: Tensor) -> Tensor:
        """log P(x|z) in nats, summed over pixels: pixels and numbers (..., D) to (...). Pixels in 0..1 count as their nearest level."""
        return level_log_prob(levels_of(x), place_of(numbers), self.scale).sum(-1)

    def mean(self, numbers: Tensor) -> Tensor:
        """E[x|z] in 0..1: of the logistic whose tails lie on black and white, which cutting it into levels changes by less than 2e-4.

        ``integral over e from 0 to 1 of P(y > e) = s [softplus(m / s) - softplus((m - 1) / s)]``.
        """
        place, s = place_of(numbers), self.scale
        return (s * (functional.softplus(place / s) - functional.softplus((place - 1) / s))).clamp(0, 1)

    def slope(self, numbers: Tensor) -> Tensor:
        """Derivative of `mean` by the numbers."""
        place, s = place_of(numbers), self.scale
        return 0.25 * (torch.sigmoid(place / s) - torch.sigmoid((place - 1) / s))

    def table(self, x: Tensor, numbers: Tensor, mask: Tensor | None = None) -> Tensor:
        """As of `Likelihood`. No matrix product: of each pixel, the levels that occur are looked up, a few pixels at a time."""
        if mask is not None:
            x, numbers = x[:, mask], numbers[:, mask]
        with exact_products(x):
            place, level = place_of(numbers.float()), levels_of(x).long()
            found = place.new_zeros((len(x), len(place)))
            for start in range(0, x.shape[1], pixels := self._at_once(len(place), len(x))):
                some = slice(start, start + pixels)
                rows, where = _levels_that_occur(place[:, some], level[:, some], self.scale)
                found = found + functional.embedding_bag(where, rows, mode="sum")
            return found

    def expected(self, numbers: Tensor, share: Tensor, x: Tensor) -> Tensor:
        """As of `Likelihood`, a few pixels at a time: what a gradient needs is computed again for each, so that memory is bounded.

        Of a pixel, images with the same level are taken together: ``sum over g, v of (sum over b with level v of share_bg) log P(v|z_g)``.
        """
        with exact_products(x):
            place, level = place_of(numbers.float()), levels_of(x).long()
            share, total = share.float(), place.new_zeros(())
            for start in range(0, x.shape[1], pixels := self._at_once(len(place), len(x))):
                some = slice(start, start + pixels)
                part: Tensor = _Expected.apply(place[:, some], level[:, some], share, self.scale)  # type: ignore[no-untyped-call]  # torch's
                total = total + part
            return total

    @staticmethod
    def _at_once(places: int, images: int) -> int:
        """Pixels of which all levels that occur are computed together."""
        return max(1, BLOCK // (places * min(LEVELS, images) or 1))

    @torch.no_grad()
    def start_at(self, mean_square: float) -> None:
        """Set a learned scale to that of a mean squared error: the variance of a logistic is (pi s)^2 / 3."""
        if self.learned:
            self.log_scale.fill_(math.log(max(math.sqrt(3 * mean_square) / math.pi, LEAST_SCALE)))
