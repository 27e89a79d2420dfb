"""Cells that are divided where a posterior is narrow, again and again, until it is wide enough for them.

Midpoints on an even grid sum a normal density within 0.2 % where its standard deviation is 0.6 of their distance, and err by
nats where it is a fifth of that. How wide a posterior is, its logarithm says on any grid: the second difference of a normal
density's logarithm is ``-(h / sigma)^2``, wherever it lies between the nodes. So a cell that counts and bends more than that is
divided in two along each axis, with its neighbours, and its parts are looked at in the same way. A wide posterior keeps the grid,
and of a posterior with several peaks just the narrow ones are divided.

Of many images, those that need the same parts share what the decoder says there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core.nn.exact.climbing import log_prior
from latent_explorer.core.nn.exact.forms import Decoder, form_of
from latent_explorer.core.nn.exact.grids import RADIUS, Nodes
from latent_explorer.core.nn.exact.sums import Progress, no_progress
from latent_explorer.core.posterior import NARROW

Doubles = NDArray[np.float64]
Numbers = NDArray[np.int64]

COUNTED = 10.0  # nats below log p(x): a cell with less moves it by less than 1e-4
CORNER = 0.71  # of a cell's width: how far its centre is from its corners, so how far a peak may pass from all centres
SEEN = 0.85  # of the bend across a ridge is seen at least by one of the four directions: cos^2 of 22.5 degrees
# Widths of a cell, squared and halved: how much lower than the top, by its bend, the values are around the cells that it may be in.
AROUND = 2.5
DEEPEST = 8  # times that a cell is halved along each axis
LEAST_KEPT = 60.0  # nats
PAIRS = 2048  # images and cells whose parts are computed at once


@dataclass(frozen=True, eq=False)
class Leaves:
    """Cells of one size that are summed at their centres, each for one image, in the order of ``rows``, then of ``cells``.

    Parameters
    ----------
    nodes : Nodes
        Of the grid that all cells come of: a plane, a torus or a line.
    level : int
        How often they were halved.
    rows : int64 array, shape (P,)
        Of the images.
    cells : int64 array, shape (P,)
        Their numbers, row by row as `Nodes` counts, on the grid with ``2 ** level`` times as many nodes along each axis.
    joint : float64 array, shape (P,)
        log p(x|z) + log weight of the centre, nats.
    """

    nodes: Nodes
    level: int
    rows: Numbers
    cells: Numbers
    joint: Doubles

    @property
    def h(self) -> float:
        """Their width."""
        return math.ldexp(self.nodes.h, -self.level)

    @property
    def log_cell(self) -> float:
        """Logarithm of their size."""
        return self.nodes.log_cell - float(self.nodes.z.shape[1] * self.level * math.log(2))

    @property
    def across(self) -> int:
        """Cells along each axis of the whole grid of this size."""
        return len(self.nodes.axis) << self.level

    @property
    def cells_in_all(self) -> int:
        """On that grid."""
        return self.across**2 if self.nodes.z.shape[1] == 2 else self.across

    def place(self, cells: Numbers) -> Numbers:
        """The coordinates of cells in whole steps, (n, d); the first grows fast."""
        return np.stack([cells % self.across, cells // self.across], axis=1)[:, : self.nodes.z.shape[1]]

    def centres(self) -> Doubles:
        """z of all of them, (P, d)."""
        low = 0.0 if self.nodes.kind == "torus" else -RADIUS
        return (low + self.h * (self.place(self.cells) + 0.5)).astype(np.float64)

    def parents(self) -> Numbers:
        """The nodes of the grid whose cells they lie in, (P,)."""
        place = self.place(self.cells) >> self.level
        return place[:, 0] if place.shape[1] == 1 else place[:, 1] * len(self.nodes.axis) + place[:, 0]

    def taken(self, which: NDArray[np.bool_]) -> Leaves:
        """Some of them."""
        return Leaves(self.nodes, self.level, self.rows[which], self.cells[which], self.joint[which])

    def keys(self, rows: Numbers, cells: Numbers) -> Numbers:
        """One number for an image and a cell, ascending in the order of the leaves."""
        return rows * self.cells_in_all + cells

    def moved(self, step: tuple[int, ...]) -> tuple[Numbers, NDArray[np.bool_]]:
        """The cells that lie a step away from each, and whether there are such."""
        place = self.place(self.cells) + np.array(step)
        inside = ((place >= 0) & (place < self.across)).all(1)
        if self.nodes.kind == "torus":
            inside[:] = True
        place %= self.across
        return place[:, 0] if place.shape[1] == 1 else place[:, 1] * self.across + place[:, 0], inside


def log_sums(parts: list[Leaves], count: int) -> Doubles:
    """log p(x) of each of the images, (count,): -inf for one without leaves."""
    top = np.full(count, -np.inf)
    for part in parts:
        np.maximum.at(top, part.rows, part.joint)
    level = np.where(np.isfinite(top), top, 0.0)
    mass = np.zeros(count)
    for part in parts:
        mass += np.bincount(part.rows, np.exp(part.joint - level[part.rows]), count)
    with np.errstate(divide="ignore"):
        found: Doubles = level + np.log(mass)
    return found


def narrow_grid(nodes: Nodes, joint: Doubles) -> tuple[Leaves, Doubles]:
    """Cells of a grid that may have to be divided, and what is needed to see that; none of an image that is wide everywhere.

    Parameters
    ----------
    joint : float array, shape (N, G)
        log p(x|z) + log weight of all nodes, for each image.

    Returns
    -------
    leaves, kept : Leaves, float64 (N,)
        Of each image all cells less than its ``kept`` nats below its log p(x): as many as tell how narrow those are that count. 0
        for an image that is wide.
    """
    top = joint.max(1, keepdims=True)
    evidence = (top[:, 0] + np.log(np.exp(joint - top).sum(1))).astype(np.float64)
    bend = _bends(nodes, joint)
    near = (joint + _missed(bend) > evidence[:, None] - COUNTED) & (bend > NARROW**-2)
    sharpest = np.where(near, bend, 0.0).max(1).astype(np.float64)
    kept = np.where(sharpest > 0, np.maximum(LEAST_KEPT, COUNTED + AROUND * sharpest), 0.0)
    rows, cells = np.nonzero((joint > (evidence - kept)[:, None]) & (kept > 0)[:, None])
    return Leaves(nodes, 0, rows, cells, joint[rows, cells].astype(np.float64)), kept


def _bends(nodes: Nodes, joint: Doubles) -> Doubles:
    """By how much the logarithm bends at each node, along the axes and between them, in steps of the grid; 0 where it does not."""
    table = joint.reshape(-1, *nodes.shape)
    found = np.zeros_like(table)
    axes = tuple(range(1, table.ndim))
    steps = _steps(len(axes))
    for step in steps[len(steps) // 2 + 1 :]:  # of two opposite ones, one
        drop = 2 * table
        for way in (1, -1):
            drop -= np.roll(table, [way * part for part in step], axes)
        drop /= sum(part * part for part in step)
        if nodes.kind != "torus":  # beyond the ends there is nothing to compare with
            for axis, part in zip(axes, step, strict=True):
                if part:
                    drop[(slice(None),) * axis + ([0, -1],)] = 0
        np.maximum(found, drop, out=found)
    return found.reshape(joint.shape)


def _missed(bend: Doubles) -> Doubles:
    """How much higher than its centre a peak at the corner of a cell may be."""
    found: Doubles = 0.5 * CORNER**2 / SEEN * bend
    return found


def divided(
    decoder: Decoder, x: Tensor, grid: Leaves, kept: Doubles, most: int, progress: Progress = no_progress
) -> tuple[list[Leaves], NDArray[np.bool_]]:
    """The leaves in the place of those of a grid, one item for each size, and for which images (N,) they are fine enough.

    Parameters
    ----------
    x : Tensor, float32, shape (N, D), in 0..1
        On the decoder's device.
    grid, kept
        As `narrow_grid` gives them.
    most : int
        Cells that are divided in one round at most; if there are more, they stay as they are.
    """
    done: list[Leaves] = []
    leaves, settled = grid, np.ones(len(x), np.bool_)
    while len(leaves.rows):
        evidence = log_sums([*done, leaves], len(x))
        rows, cells, loose = _narrow(leaves, evidence, kept)
        settled[loose] = False
        if not len(rows):
            break
        if leaves.level == DEEPEST or len(rows) > most:
            settled[rows] = False
            break
        keys = leaves.keys(rows, cells)
        done.append(leaves.taken(~np.isin(leaves.keys(leaves.rows, leaves.cells), keys)))
        leaves = _parts(decoder, x, leaves, rows, cells, progress)
    return [*done, leaves], settled


def _steps(dimensions: int) -> list[tuple[int, ...]]:
    return list(itertools.product((-1, 0, 1), repeat=dimensions))


def _narrow(leaves: Leaves, evidence: Doubles, kept: Doubles) -> tuple[Numbers, Numbers, Numbers]:
    """Rows and cells that are to be divided, each pair once: where a posterior that counts is narrow, and all around.

    Also the rows of images of which much lies at the edge of what was divided, so that a peak may lie beyond.
    """
    keys, joint = leaves.keys(leaves.rows, leaves.cells), leaves.joint
    known = evidence[leaves.rows]
    bend, open_ = np.zeros(len(keys)), np.zeros(len(keys), np.bool_)
    steps = _steps(leaves.nodes.z.shape[1])
    for step in steps[len(steps) // 2 + 1 :]:  # of two opposite ones, one
        sides = []
        for way in (step, tuple(-part for part in step)):
            cells, inside = leaves.moved(way)
            there, found = _find(keys, leaves.keys(leaves.rows, cells))
            # On the grid a cell that was not given is far below; among parts it lies in one that was not divided.
            far = known - kept[leaves.rows] if leaves.level == 0 else np.full(len(keys), np.nan)
            open_ |= inside & ~found & (leaves.level > 0)
            sides.append(np.where(inside, np.where(found, joint[there], far), np.nan))
        drop = (2 * joint - sides[0] - sides[1]) / sum(part * part for part in step)
        bend = np.maximum(bend, np.where(np.isnan(drop), 0.0, drop))
    if open_.any():  # what cannot be told at the edge is as it is beside it
        bend = np.where(open_, np.maximum(bend, _highest_beside(leaves, keys, bend)), bend)
    near = (joint + _missed(bend) > known - COUNTED) & (bend > NARROW**-2)
    loose = np.unique(leaves.rows[near & open_ & (joint > known - COUNTED / 2)])
    # All cells that count and hang together are divided, or none: where some are, the errors of the others no longer cancel.
    counts = joint > known - COUNTED
    chosen, edge = near, near
    while edge.any():
        edge = _beside(leaves, keys, edge) & counts & ~chosen
        chosen = chosen | edge
    chosen = chosen | _beside(leaves, keys, near)  # so that the parts of those can be compared with what lies around them
    return leaves.rows[chosen], leaves.cells[chosen], loose


def _highest_beside(leaves: Leaves, keys: Numbers, values: Doubles) -> Doubles:
    """The highest value (P,) among the leaves around each."""
    found = np.zeros(len(keys))
    for step in _steps(leaves.nodes.z.shape[1]):
        cells, inside = leaves.moved(step)
        there, known = _find(keys, leaves.keys(leaves.rows, cells))
        found = np.where(known & inside, np.maximum(found, values[there]), found)
    return found


def _beside(leaves: Leaves, keys: Numbers, which: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The leaves around some of them, also across a corner."""
    some, found = leaves.taken(which), np.zeros(len(keys), np.bool_)
    for step in _steps(leaves.nodes.z.shape[1]):
        cells, inside = some.moved(step)
        there, known = _find(keys, some.keys(some.rows, cells))
        found[there[known & inside]] = True
    return found


def _find(keys: Numbers, wanted: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
    """Where among ascending keys, and whether at all."""
    there = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return there, keys[there] == wanted


def _parts(decoder: Decoder, x: Tensor, leaves: Leaves, rows: Numbers, cells: Numbers, progress: Progress) -> Leaves:
    """The halves along each axis of some cells, for the images whose they are."""
    d, across = leaves.nodes.z.shape[1], 2 * leaves.across
    offsets = np.array(list(itertools.product((0, 1), repeat=d)))[:, ::-1]
    place = 2 * leaves.place(cells)[:, None] + offsets
    parts = place[..., 0] if d == 1 else place[..., 1] * across + place[..., 0]  # (P, 2^d)
    order = np.argsort(cells, kind="stable")
    joint = np.empty(parts.shape)
    h, low = leaves.h / 2, 0.0 if leaves.nodes.kind == "torus" else -RADIUS
    log_cell = leaves.log_cell - d * math.log(2)
    for some in _in_pieces(cells[order], max(1, decoder.batch // len(offsets))):
        chosen = order[some]
        _, first, which = np.unique(cells[chosen], return_index=True, return_inverse=True)
        z = torch.from_numpy((low + h * (place[chosen[first]] + 0.5)).astype(np.float32)).to(x.device)
        numbers = decoder.at(z.flatten(0, 1)).unflatten(0, z.shape[:2])
        prior = (log_prior(leaves.nodes.kind, z).double() + log_cell).cpu().numpy()
        joint[chosen] = _of_pairs(decoder, x, torch.from_numpy(rows[chosen]), numbers, torch.from_numpy(which)) + prior[which]
        progress(0.0)
    found = Leaves(leaves.nodes, leaves.level + 1, np.repeat(rows, parts.shape[1]), parts.ravel(), joint.ravel())
    order = np.argsort(found.keys(found.rows, found.cells), kind="stable")
    return Leaves(leaves.nodes, found.level, found.rows[order], found.cells[order], found.joint[order])


def _in_pieces(ordered: Numbers, cells: int) -> Iterator[slice]:
    """Slices of ascending numbers with at most so many different ones, and at most `PAIRS` in all."""
    number = np.concatenate([[0], np.cumsum(np.diff(ordered) != 0)])
    begin = 0
    while begin < len(ordered):
        end = min(begin + PAIRS, int(np.searchsorted(number, number[begin] + cells)))
        yield slice(begin, end)
        begin = end


def _of_pairs(decoder: Decoder, x: Tensor, rows: Tensor, numbers: Tensor, which: Tensor) -> Doubles:
    """log p(x|z) of image ``rows[p]`` by the decoder's numbers ``numbers[which[p]]``: (P, k), of numbers (u, k, D)."""
    form = form_of(decoder.module)
    rows, which = rows.to(x.device), which.to(x.device)
    x, numbers = decoder.seen(x[rows]), decoder.seen(numbers)
    if form is None:
        return decoder.likelihood.log_prob(x[:, None], numbers[which]).double().cpu().numpy()
    weights, x = form.weights(numbers), x.to(form.dtype)
    rest = form.own(x)[:, None] - form.partition(weights).sum(-1)[which]
    return (torch.bmm(weights[which], x[:, :, None])[..., 0] + rest).double().cpu().numpy()
