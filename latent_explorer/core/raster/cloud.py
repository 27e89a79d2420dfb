"""Many places, sorted once so that what lies close together on the plane lies close together in memory."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.once import once
from latent_explorer.core.sample import GOLDEN, sample_rows

BLOCK = 1024  # points that are looked at, or left out, together
STRATA = 8  # equal parts of a block, each spread evenly over it
VISIT = (0, 4, 2, 6, 1, 5, 3, 7)  # the first few of them too are spread evenly
SAMPLE = 1_000_000  # points that tell where most are, of more than so many
RIM = 0.002  # of the points on each side may lie outside the grid; they count to its outermost cells
COARSE = 4  # bits: cells of the sorting grid, 16 of which are a cell of the grid that tells how much is covered


@dataclass(frozen=True, eq=False)
class Sorted:
    """The points of a cloud that have a place, block by block.

    Parameters
    ----------
    places : float32 or float64 array, shape (2, M), C-contiguous
        float32 where that says the same.
    rows : int32 array, shape (M,)
        Which point of the cloud each is.
    low, high : float64 array, shape (2, blocks)
        Around the points of each block.
    area : float
        Plane units squared that are covered, about: each occupied cell of a grid counts.
    """

    places: NDArray[np.floating]
    rows: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    area: float


class Cloud:
    """Plane coordinates (N, 2) of points. Those that are not finite, or farther out than any camera goes, are never drawn.

    Sorting a million takes 60 ms; `sorted` does so when it is first asked for, in whatever thread that is.
    """

    def __init__(self, places: NDArray[np.floating]) -> None:
        self.count = len(places)
        self._given: NDArray[np.floating] | None = places

    @property
    def ready(self) -> bool:
        """Whether they are sorted."""
        return "sorted" in self.__dict__

    @once
    def sorted(self) -> Sorted:
        """Sorted along a curve that fills the plane, so that a block of successive points covers a small square of it."""
        places = self._given
        assert places is not None  # given away below, and this is done once
        inside = (np.abs(places) <= FARTHEST).all(axis=1)  # false for NaN
        rows = np.flatnonzero(inside).astype(np.int32) if not inside.all() else None
        kept = places if rows is None else places[rows]
        cells, side = _cells(kept)
        order = np.argsort(cells, kind="stable").astype(np.int32)  # counts instead of comparing, for 16 bits
        order = _by_strata(order)
        covered = np.count_nonzero(np.bincount(cells >> COARSE)) * side[0] * side[1] * (1 << COARSE)
        found = _exact(np.ascontiguousarray(kept.take(order, axis=0).T))
        low, high = _boxes(found)
        result = Sorted(found, order if rows is None else rows.take(order), low, high, float(covered))
        self._given = None
        return result


def _exact(places: NDArray[np.floating]) -> NDArray[np.floating]:
    """As float32, where nothing is lost by that: codes are float32, and half the memory is read in half the time."""
    short = places.astype(np.float32)
    return short if np.array_equal(short, places) else places.astype(np.float64, copy=False)


def _cells(places: NDArray[np.floating]) -> tuple[NDArray[np.uint16], tuple[float, float]]:
    """The cell that each point lies in, of 256 x 256 around nearly all points, numbered along the Morton curve; and a cell's sides."""
    if not len(places):
        return np.zeros(0, np.uint16), (0.0, 0.0)
    low, high = np.quantile(places[sample_rows(len(places), SAMPLE)].astype(np.float64), (RIM, 1 - RIM), axis=0)
    size = np.maximum(high - low, 1e-12)
    number = np.zeros(len(places), np.uint16)
    for axis in (0, 1):
        part = places[:, axis] * (256 / size[axis]) - low[axis] * (256 / size[axis])
        number |= _apart(np.clip(part, 0, 255).astype(np.uint16)) << np.uint16(axis)
    return number, (float(high[0] - low[0]) / 256, float(high[1] - low[1]) / 256)


def _apart(bits: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Eight bits, with a zero between any two."""
    for step, mask in ((4, 0x0F0F), (2, 0x3333), (1, 0x5555)):
        bits = (bits | bits << np.uint16(step)) & np.uint16(mask)
    return bits


def _by_strata(order: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each block stratum by stratum: its first eighths are a smaller cloud of the same shape, without gaps in memory."""
    whole = len(order) // BLOCK * BLOCK
    blocks = order[:whole].reshape(-1, BLOCK // STRATA, STRATA)
    rest = np.argsort(np.arange(len(order) - whole) * GOLDEN % 1.0)  # any first part of these is spread evenly too
    return np.concatenate([blocks.transpose(0, 2, 1)[:, VISIT, :].ravel(), order[whole:][rest]])


def _boxes(places: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    starts = np.arange(0, places.shape[1], BLOCK)
    if not len(starts):
        return np.zeros((2, 0)), np.zeros((2, 0))
    low, high = (bound.reduceat(places, starts, axis=1).astype(np.float64) for bound in (np.minimum, np.maximum))
    return low, high


def share_of_size(count: int, area: float) -> float:
    """How much of the chosen size points have, so that many do not cover each other: their density is to be seen.

    Up to `FEW` all of it. A million have their full size where they lie `ROOM` pixels apart and less in proportion to their
    distance, so that the share of the screen that they cover does not depend on how many they are, nor on the zoom.

    Parameters
    ----------
    count : int
    area : float
        Pixels of the widget, squared, that they cover.
    """
    if count <= FEW:
        return 1.0
    crowd = min(1.0, math.log10(count / FEW))
    return min(1.0, math.sqrt(area / count) / ROOM) ** crowd if area > 0 else 1.0


FEW = 10_000
ROOM = 5.0  # pixels of the widget
