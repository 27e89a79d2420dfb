"""What a closed line goes around: whole cells of a grid, and single points.

A point is inside where the line winds around it, in whichever direction (the winding number is not 0): a loop that is drawn
twice, or that crosses itself, has no holes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BANDS = 256  # in which points and sides are brought together
PIECE = 1 << 20  # pairs of a point and a side that are looked at at once

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def _sides(corners: Floats) -> tuple[Floats, Floats, Floats, Floats, NDArray[np.int64]]:
    """x and y of the lower and of the upper ends of all sides that are not level, and 1 for those that go up, -1 for the others."""
    after = np.roll(corners, -1, axis=0)
    rising = after[:, 1] > corners[:, 1]
    low, high = np.where(rising[:, None], corners, after), np.where(rising[:, None], after, corners)
    tall = low[:, 1] < high[:, 1]
    low, high = low[tall], high[tall]
    return low[:, 0], low[:, 1], high[:, 0], high[:, 1], np.where(rising[tall], 1, -1)


def _spread(first: NDArray[np.int64], last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All numbers from each `first` to its `last`, `last` included, one after another, and which pair each belongs to."""
    counts = np.maximum(last - first + 1, 0)
    which = np.repeat(np.arange(len(counts)), counts)
    begins = np.cumsum(counts) - counts
    return np.arange(len(which)) - begins[which] + first[which], which


def inside(points: NDArray[np.floating], corners: Floats) -> Mask:
    """Whether each of the points (n, 2) lies inside the closed line through `corners` (m, 2).

    Points and sides are put into level bands first, so that each point meets only the sides that pass at its height.
    """
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    winding = np.zeros(len(points), np.int64)
    x0, y0, x1, y1, turn = _sides(corners)
    if not len(x) or not len(x0):
        return np.zeros(len(x), np.bool_)
    bottom, top = float(y0.min()), float(y1.max())
    height = max((top - bottom) / BANDS, 1e-300)
    with np.errstate(over="ignore", invalid="ignore"):

        def band_of(values: Floats) -> NDArray[np.int64]:
            return np.clip(np.floor((values - bottom) / height), 0, BANDS - 1).astype(np.int64)

        bands, sides = _spread(band_of(y0), band_of(y1))
        by_band = np.argsort(bands, kind="stable")
        sides, starts = sides[by_band], np.searchsorted(bands[by_band], np.arange(BANDS + 1))
        level = np.flatnonzero((y >= bottom) & (y < top))
        band = band_of(y[level])
    first, last = starts[band], starts[band + 1] - 1
    ends = np.cumsum(last - first + 1)
    begin = 0
    while begin < len(level):
        before = ends[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, before + PIECE)))
        pairs, which = _spread(first[begin:end], last[begin:end])
        side, point = sides[pairs], level[begin:end][which]
        crosses = (y0[side] <= y[point]) & (y[point] < y1[side])
        side, point = side[crosses], point[crosses]
        # Sides that pass to the right of the point. Lower end first, whichever way the line goes: neighbours round alike.
        at = x0[side] + (y[point] - y0[side]) / (y1[side] - y0[side]) * (x1[side] - x0[side])
        right = at > x[point]
        winding += np.bincount(point[right], turn[side[right]], minlength=len(x)).astype(np.int64)
        begin = end
    around: Mask = winding != 0
    return around


def cells_of(corners: Floats, columns: int, rows: int) -> tuple[Mask, Mask]:
    """Which cells of a grid lie wholly inside a closed line, and which the line goes through (or comes very near).

    ``corners`` (m, 2) are in units of cells. Both answers have shape (rows * columns,), row by row; no cell is in both.
    """
    touched = np.zeros((rows, columns + 1), np.int32)
    corners = np.clip(corners, -(2.0**40), 2.0**40)
    after = np.roll(corners, -1, axis=0)
    rising = after[:, 1] >= corners[:, 1]
    low, high = np.where(rising[:, None], corners, after), np.where(rising[:, None], after, corners)
    pad = 1e-3  # of a cell, against rounding
    first = np.clip(np.floor(low[:, 1] - pad), 0, rows).astype(np.int64)
    last = np.clip(np.floor(high[:, 1] + pad), -1, rows - 1).astype(np.int64)
    row, side = _spread(first, last)
    # Each side, cut to each row of cells that it passes, touches the cells between the cut's ends.
    rise = high[side, 1] - low[side, 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [np.where(rise > 0, np.clip((row + edge - low[side, 1]) / rise, 0, 1), float(edge > 0)) for edge in (-pad, 1 + pad)]
    x = [low[side, 0] + end * (high[side, 0] - low[side, 0]) for end in ends]
    left = np.clip(np.floor(np.minimum(*x) - pad), 0, columns).astype(np.int64)
    right = np.clip(np.floor(np.maximum(*x) + pad), -1, columns - 1).astype(np.int64) + 1
    seen = left < right
    np.add.at(touched, (row[seen], left[seen]), 1)
    np.add.at(touched, (row[seen], right[seen]), -1)
    through = (np.cumsum(touched, axis=1) > 0)[:, :columns]
    # The other cells are inside where their middle is: the line winds around all of their points alike.
    winding = np.zeros((rows, columns + 1), np.int32)
    x0, y0, x1, y1, turn = _sides(corners)
    first = np.clip(np.ceil(y0 - 0.5), 0, rows).astype(np.int64)
    last = np.clip(np.ceil(y1 - 0.5) - 1, -1, rows - 1).astype(np.int64)
    row, side = _spread(first, last)
    at = x0[side] + (row + 0.5 - y0[side]) / (y1[side] - y0[side]) * (x1[side] - x0[side])
    upto = np.clip(np.ceil(at - 0.5), 0, columns).astype(np.int64)  # cells whose middle lies to the left of the side
    np.add.at(winding, (row, np.zeros_like(row)), turn[side])
    np.add.at(winding, (row, upto), -turn[side])
    within = (np.cumsum(winding, axis=1)[:, :columns] != 0) & ~through
    return within.ravel(), through.ravel()
