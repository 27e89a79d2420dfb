"""From the best node to the mode between the nodes, and how wide the posterior is there.

A quadratic through six places (three on a line) around the best one gives Newton's step; no derivative of the networks is
needed, so it serves every family. The better of the step and the six is taken, so log p(x, z) never falls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes

FIRST = 0.5  # distance of the places around the best node, in units of the nodes' distance
SECOND = 0.5  # of those around the place found so, in units of the posterior's width there
RANGE = (1 / 16, 1.0)  # within which they stay, in units of the nodes' distance
PLANE = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1))
LINE = ((0,), (1,), (-1,))
FARTHEST = 2.0  # of a step, in units of the places' distance
PIECE = 4096  # images at once


class Peak(NamedTuple):
    """``z`` (n, d), ``joint`` (n,) log density of x and z there, ``width`` (n,): smallest standard deviation; NaN where it is no peak."""

    z: Tensor
    joint: Tensor
    width: Tensor


def moved(kind: str, z: Tensor, by: Tensor) -> Tensor:
    """Places (n, d) moved along the space by (n, k), with k its dimension: on the torus around, on the sphere along it."""
    if kind == "torus":
        return (z + by) % 1
    if kind != "sphere":
        return z + by
    # Two directions along the sphere: across z and the axis that z is farthest from.
    away = torch.nn.functional.one_hot(z.abs().argmin(1), z.shape[1]).to(z)
    first = torch.nn.functional.normalize(torch.linalg.cross(z, away), dim=1)
    second = torch.linalg.cross(z, first)
    return torch.nn.functional.normalize(z + by[:, :1] * first + by[:, 1:] * second, dim=1)


def log_prior(kind: str, z: Tensor) -> Tensor:
    """Logarithm of the prior's density at places (..., d): (...)."""
    if kind == "torus":
        return z.new_zeros(z.shape[:-1])
    if kind == "sphere":
        return z.new_full(z.shape[:-1], -math.log(4 * math.pi))
    return -0.5 * z.square().sum(-1) - 0.5 * z.shape[-1] * math.log(2 * math.pi)


def peaks(
    decoder: Decoder, nodes: Nodes, x: Tensor, z: Tensor, progress: Callable[[float], None] = lambda part: None, h: float | None = None
) -> Peak:
    """The modes near places, one for each image.

    Parameters
    ----------
    x : Tensor, float32, shape (n, D), in 0..1
    z : Tensor, float32, shape (n, d)
        Of the best nodes.
    h : float or None
        How far apart places were from each other of which these are the best; None: the nodes' distance.
    """
    found = []
    for begin in range(0, len(x), PIECE):
        found.append(_peaks(decoder, nodes.kind, h or nodes.h, x[begin : begin + PIECE], z[begin : begin + PIECE]))
        progress(min(1.0, (begin + PIECE) / len(x)))
    return Peak(*(torch.cat(parts) for parts in zip(*found, strict=True)))


def on_grid(nodes: Nodes, joint: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Mode (d,) and width as the quadratic through the best node and those around it has them, without asking the decoder.

    Parameters
    ----------
    joint : float64 array, shape (G,)
        log p(x|z) + log weight at all nodes.
    """
    best = int(joint.argmax())
    if nodes.kind == "sphere":
        return nodes.z[best].astype(np.float64), math.nan  # its nodes lie in no rows
    stencil, across = np.array(LINE if nodes.kind == "line" else PLANE), len(nodes.axis)
    middle = np.array([best % across, best // across])[: stencil.shape[1]]
    if nodes.kind != "torus":
        middle = middle.clip(1, across - 2)
    places = (middle + stencil) % across
    values = joint[places @ across ** np.arange(stencil.shape[1])]
    by, size = _newton(torch.from_numpy(values)[None])
    mode: NDArray[np.float64] = nodes.axis[middle] + nodes.h * by[0].numpy()
    return mode % 1 if nodes.kind == "torus" else mode, nodes.h * float(size[0])


def _peaks(decoder: Decoder, kind: str, h: float, x: Tensor, z: Tensor) -> Peak:
    stencil = torch.tensor(LINE if kind == "line" else PLANE, dtype=torch.float32, device=z.device)
    best, width = z.new_full((len(z),), -math.inf), z.new_full((len(z),), math.nan)
    delta = torch.full_like(best, FIRST * h)
    for _ in range(2):
        ways = delta[:, None] * stencil[:, None]
        places = torch.stack([moved(kind, z, way) for way in ways])
        values = decoder.log_prob(x, places) + log_prior(kind, places)
        by, size = _newton(values.T.double())
        places = torch.cat([places, moved(kind, z, (delta[:, None] * by).float())[None]])
        values = torch.cat([values, decoder.log_prob(x, places[-1:]) + log_prior(kind, places[-1:])])
        best, taken = values.max(0)
        z = places[taken, torch.arange(len(z))]
        width = (delta * size).float()
        # As wide as the peak, so that the differences are larger than the rounding of the sums.
        delta = (SECOND * width.nan_to_num(0.0)).clamp(RANGE[0] * h, RANGE[1] * h)
    return Peak(z, best, width)


def _newton(values: Tensor) -> tuple[Tensor, Tensor]:
    """Newton's step (n, k) from the values at the stencil (n, 3 or 6), no farther than `FARTHEST`, and the width there (n,).

    Both in units of the stencil's distance.
    """
    if values.shape[1] == 3:
        centre, up, down = values.T
        slope, bend = (up - down) / 2, up + down - 2 * centre
        concave = bend < 0
        by = torch.where(concave, -slope / torch.where(concave, bend, -1.0), slope.sign())[:, None]
        sharpest = -bend
    else:
        centre, right, left, above, below, both = values.T
        g1, g2 = (right - left) / 2, (above - below) / 2
        a, b = right + left - 2 * centre, above + below - 2 * centre
        c = both - right - above + centre
        det = a * b - c * c
        concave = (det > 0) & (a < 0)
        safe = torch.where(concave, det, 1.0)
        newton = torch.stack([-(b * g1 - c * g2) / safe, -(a * g2 - c * g1) / safe], 1)
        by = torch.where(concave[:, None], newton, torch.stack([g1.sign(), g2.sign()], 1))
        sharpest = -(a + b) / 2 + torch.sqrt(((a - b) / 2).square() + c * c)
    by = by * (FARTHEST / by.abs().amax(1, keepdim=True).clamp_min(FARTHEST))
    return by, torch.where(concave, sharpest.clamp_min(1e-30).rsqrt(), math.nan)
