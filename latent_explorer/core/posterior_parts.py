"""Which cells of a posterior's grid hang together, so that one with several separate peaks can be told as such.

A region is a connected piece of the smallest set of cells that holds 95 % of the posterior: what one of the outer contours on the
plane goes around. A stray piece is one, too: of the smallest set that holds all but a millionth, where it has no cell of the former.
It must be no part of another region, however small it is: two hundredths that lie far away set the whole's standard deviation. All
other mass counts to the region that it lies nearest to; else a broad part would be told too small a share beside a sharp one, which
has nearly all of its mass in the set.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

HELD = 0.95  # of the posterior by the cells whose pieces are regions
NEARLY_ALL = 1 - 1e-6  # of the posterior by the cells whose pieces are regions where they have none of the others
LEAST_SHARE = 0.02  # of a region that is called a part
COUNTED = 1e-7  # share of a cell outside all regions that is counted to one
FARTHEST = 1.7  # times the nodes' distance on the sphere: neighbours lie within it, and those beyond them do not
WAYS = ((0, 1), (1, 0), (1, 1), (1, -1))  # rows and columns to half of the eight neighbours; the others have these


def regions(space: str, z: NDArray[np.float32], probability: NDArray[np.float32], h: float) -> Numbers:
    """The region that each cell belongs to, int64 (n,): 0 for the one with the most mass, and so on; -1 where next to nothing is.

    Parameters
    ----------
    space : str
        As of `core.posterior.Posterior`: what joins whom. On a plane and a torus cells have eight neighbours.
    z : float32 array, shape (n, d)
        The cells' centres.
    probability : float32 array, shape (side, side); on a line or the sphere (n,)
    h : float
        Distance between neighbouring centres.
    """
    mass = probability.ravel().astype(np.float64)
    order = np.argsort(-mass, kind="stable")
    held = np.cumsum(mass[order])
    cells, most = (np.sort(order[: 1 + int(np.searchsorted(held, share * held[-1]))]) for share in (HELD, NEARLY_ALL))
    _, found = np.unique(joined(len(cells), _edges(space, z, probability.shape, cells, h)), return_inverse=True)
    _, piece = np.unique(joined(len(most), _edges(space, z, probability.shape, most, h)), return_inverse=True)
    stray = ~np.isin(piece, piece[np.isin(most, cells)])
    cells = np.concatenate([cells, most[stray]])
    _, found = np.unique(np.concatenate([found, found.max() + 1 + piece[stray]]), return_inverse=True)
    region = np.full(len(mass), -1, np.int64)
    region[cells] = found.astype(np.int64)
    rest = np.flatnonzero((region < 0) & (mass > COUNTED))
    if found.max() > 0 and len(rest):
        from scipy.spatial import cKDTree  # loading it takes long, and most posteriors are in one part

        nearest = cKDTree(z[cells], boxsize=1.0 if space == "torus" else None).query(z[rest])[1]
        region[rest] = found[nearest]
    else:
        region[rest] = 0
    there = np.flatnonzero(region >= 0)
    rank = np.empty(found.max() + 1, np.int64)
    rank[np.argsort(-np.bincount(region[there], mass[there]), kind="stable")] = np.arange(len(rank))
    region[there] = rank[region[there]]
    return region


def joined(count: int, edges: Numbers) -> Numbers:
    """Of things that pairs (m, 2) join, directly or by others, the same number for all that hang together, int64 (count,).

    Each takes the smallest number on the other side of its pairs, and so does the thing whose number it had; numbers then jump to
    that of the thing they name. The rounds are about as many as the logarithm of the longest chain.
    """
    number = np.arange(count)
    one, two = edges.T
    while True:
        before = number.copy()
        least = np.minimum(number[one], number[two])
        for ends in (one, two, before[one], before[two]):
            np.minimum.at(number, ends, least)
        number = number[number]
        if np.array_equal(number, before):
            return number


def _edges(space: str, z: NDArray[np.float32], shape: tuple[int, ...], cells: Numbers, h: float) -> Numbers:
    """Pairs of neighbours among some cells, places in ``cells`` (m, 2)."""
    if space == "sphere":  # its nodes lie in no rows
        from scipy.spatial import cKDTree

        pairs: Numbers = cKDTree(z[cells]).query_pairs(FARTHEST * h, output_type="ndarray").astype(np.int64)
        return pairs
    if space == "line":
        follows = np.flatnonzero(np.diff(cells) == 1)
        return np.stack([follows, follows + 1], axis=1)
    rank = np.full(shape, -1, np.int64)
    rank.ravel()[cells] = np.arange(len(cells))
    rows, columns = np.divmod(cells, shape[1])
    found = []
    for down, right in WAYS:
        row, column = rows + down, columns + right
        beside = rank[row % shape[0], column % shape[1]]
        if space != "torus":
            beside = np.where((row < shape[0]) & (column >= 0) & (column < shape[1]), beside, -1)
        there = np.flatnonzero(beside >= 0)
        found.append(np.stack([there, beside[there]], axis=1))
    return np.concatenate(found)
