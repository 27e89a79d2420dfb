"""The parts that one image's posterior falls into, each with its share, its own peak and its own width."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.nn.exact.climbing import peaks
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.totals import embedded
from latent_explorer.core.posterior import Part
from latent_explorer.core.posterior_parts import LEAST_SHARE, regions

Doubles = NDArray[np.float64]

MAIN = 0.5  # of the posterior by a part that is told alone
LEAST = 1e-300  # of a share, so that it has a logarithm


def parts_of(
    decoder: Decoder,
    nodes: Nodes,
    x: Tensor,
    z: NDArray[np.float32],
    share: Doubles,
    log_cell: Doubles,
    cell: NDArray[np.int64],
    mode: Doubles,
) -> tuple[tuple[Part, ...], Doubles | None]:
    """As ``parts`` and ``stray`` of `core.posterior.Posterior`: the part with the mode, then the others by falling share.

    Parameters
    ----------
    x : Tensor, float32, shape (1, D), in 0..1
    z : float32 array, shape (n, d)
        The places of the sum, finer than the grid where the posterior is narrow.
    share, log_cell : float64 arrays, shape (n,)
        What each has of the posterior, and the logarithm of the size of what it stands for.
    cell : int64 array, shape (n,)
        The node whose cell each lies in.
    mode : float64 array, shape (d,)
    """
    probability = np.bincount(cell, share, len(nodes.z)).astype(np.float32).reshape(nodes.shape)
    region = regions(nodes.kind, nodes.z, probability, nodes.h)
    of = region[cell]
    shares = np.bincount(of[of >= 0], share[of >= 0])
    first = _region_at(nodes, region, mode)
    if len(shares) < 2 or first < 0:
        return (), None
    called = [number for number in range(len(shares)) if number == first or shares[number] >= LEAST_SHARE]
    if len(called) == 1 and shares[first] < MAIN:
        return (), None
    small = [number for number in range(len(shares)) if number not in called]  # the heaviest first, as regions are numbered
    stray = z[_highest(np.flatnonzero(of == small[0]), share, log_cell)].astype(np.float64) if small else None
    found = []
    for number in sorted(called, key=lambda number: (number != first, -shares[number])):
        rows = np.flatnonzero(of == number)
        place = mode
        if number != first:
            best = _highest(rows, share, log_cell)
            h = nodes.h if nodes.kind == "sphere" else math.exp(log_cell[best] / z.shape[1])
            climbed = peaks(decoder, nodes, x, torch.from_numpy(z[best : best + 1].copy()).to(decoder.device), h=h)
            place = climbed.z[0].cpu().double().numpy()
            if _region_at(nodes, region, place) != number:  # it went over to a neighbour's
                place = z[best].astype(np.float64)
        found.append(Part(float(shares[number]), place.copy(), _covariance(nodes.kind, place, z[rows], share[rows])))
    return tuple(found), stray


def _highest(rows: NDArray[np.int64], share: Doubles, log_cell: Doubles) -> int:
    """Of some places the one with the highest density."""
    return int(rows[(np.log(np.maximum(share[rows], LEAST)) - log_cell[rows]).argmax()])


def _region_at(nodes: Nodes, region: NDArray[np.int64], place: Doubles) -> int:
    away = embedded(nodes.kind, nodes.z.astype(np.float64)) - embedded(nodes.kind, place[None])
    return int(region[np.square(away).sum(axis=1).argmin()])


def _covariance(kind: str, place: Doubles, z: NDArray[np.float32], share: Doubles) -> Doubles:
    away = z.astype(np.float64) - place
    if kind == "torus":
        away -= np.rint(away)
    weights = share / share.sum()
    mean = weights @ away
    covariance: Doubles = away.T @ (weights[:, None] * away) - mean[:, None] * mean
    return covariance
