"""A torus as an endless tiling: the square [0, 1)^2 comes again on all sides, and with it all that lies there."""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.index import Mask, PlaneIndex, Window
from latent_explorer.core.plane.lasso import cells_of

MOST = 8  # squares along each axis that points are drawn in; beyond, a square is hardly larger than a few points
WIDEST = 256  # squares along each axis that a line is looked at in one by one; far more than points are drawn in
FARTHEST_APART = 0.75  # no two points of a torus of side 1 are farther from each other than sqrt(1/2)

Cell = tuple[int, int]


def cells_in(window: Window) -> tuple[Cell, ...]:
    """Lower left corners of the squares that a window (left, bottom, right, top) shows; of more than `MOST` each way the middle ones."""
    left, bottom, right, top = window
    if not all(math.isfinite(end) for end in window):
        return ()
    return tuple(itertools.product(_span(left, right), _span(bottom, top)))


def _span(low: float, high: float) -> range:
    first, last = math.floor(low), math.floor(high)
    if last - first >= MOST:
        first = round((low + high - MOST) / 2)
        last = first + MOST - 1
    return range(first, last + 1)


def repeated(points: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    """Points (n, 2) of the first square again in all squares that a window shows, (cells * n, 2)."""
    cells = np.array(cells_in(window), np.float64).reshape(-1, 1, 2)
    return (points.astype(np.float64) + cells).reshape(-1, 2)


def copy_near(point: NDArray[np.floating], near: tuple[float, float]) -> tuple[float, float]:
    """The copy of a point (2,) that lies nearest to a place."""
    own = point.astype(np.float64)
    x, y = (own + np.rint(np.array(near) - own)).tolist()
    return x, y


class TorusIndex(PlaneIndex):
    """What `PlaneIndex` finds, among all copies of the points: a row is found wherever one of its copies lies.

    The points themselves lie in the first square.
    """

    def nearest(self, x: float, y: float, radius: float, visible: Mask | None = None) -> int | None:
        """The row with the copy that lies nearest to a place, within `radius`."""
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        x, y, within = x % 1.0, y % 1.0, min(radius, FARTHEST_APART) ** 2
        best: tuple[float, int] | None = None
        for right, up in itertools.product((0.0, -1.0, 1.0), repeat=2):
            beside = max(0.0, -x - right, x + right - 1) ** 2 + max(0.0, -y - up, y + up - 1) ** 2
            if beside <= within:
                found = self._nearest(x + right, y + up, within, visible)
                if found is not None and (best is None or found < best):
                    best, within = found, found[0]
        return None if best is None else best[1]

    def in_rectangle(self, window: Window, visible: Mask | None = None) -> NDArray[np.int64]:
        """Rows with a copy in a rectangle; sorted, each once."""
        left, bottom, right, top = window
        parts = []
        for (low_x, high_x), (low_y, high_y) in itertools.product(_folded(left, right), _folded(bottom, top)):
            parts.append(self._in_rectangle((low_x, low_y, high_x, high_y), visible))
        return _each_once(parts)

    def in_lasso(self, corners: NDArray[np.floating], visible: Mask | None = None) -> NDArray[np.int64]:
        """Rows with a copy that a closed line goes around; sorted, each once.

        All rows, where a whole square lies inside it; else only the squares that the line goes through are looked at. A line over
        more than `WIDEST` squares that goes around no block of them, of a `WIDEST`-th of its extent, goes around nothing.
        """
        corners = corners.astype(np.float64)
        if len(corners) < 3 or not np.isfinite(corners).all():
            return NONE
        low, high = np.floor(corners.min(axis=0)), np.floor(corners.max(axis=0))
        step = math.ceil((float((high - low).max()) + 1) / WIDEST)
        columns, lines = (int(count) // step + 1 for count in high - low)
        whole, touched = cells_of((corners - low) / step, columns, lines)
        if whole.any():
            return self._sorted(self._order, visible)
        parts = []
        for cell in np.flatnonzero(touched).tolist() if step == 1 else ():
            parts.append(super().in_lasso(corners - low - (cell % columns, cell // columns), visible))
        return _each_once(parts)

    def few_places_in(
        self, window: Window, most: int, visible: Mask | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.floating]] | None:
        """Rows and places of all copies in a rectangle, a row as often as it is there; None for more than `most`."""
        left, bottom, right, top = window
        rows: list[NDArray[np.int64]] = [NONE]
        places: list[NDArray[np.floating]] = [np.zeros((0, 2))]
        room = most
        for x, y in cells_in(window):
            found = self.few_in((left - x, bottom - y, right - x, top - y), room, visible)
            if found is None:
                return None
            rows.append(found)
            places.append(self.points[found] + np.array([x, y], np.float64))
            room -= len(found)
        return np.concatenate(rows), np.concatenate(places)

    def _ends(self, values: NDArray[np.float64], near: float) -> tuple[float, float]:
        """The ends of the shortest arc with a copy of each coordinate, whose middle lies nearest to a place."""
        around = np.unique(values % 1.0)
        gaps = np.append(around[1:], around[0] + 1.0) - around
        widest = int(gaps.argmax())
        low = float(around[(widest + 1) % len(around)])
        length = 1.0 - float(gaps[widest])
        low += round(near - (low + length / 2))
        return low, low + length

    def place(self, row: int, near: tuple[float, float]) -> tuple[float, float]:
        """Where the nearest copy of a point lies."""
        return copy_near(self.points[row], near)


NONE = np.zeros(0, np.int64)


def _folded(low: float, high: float) -> list[tuple[float, float]]:
    """The parts of an interval as they lie over the first square: all of it, or at most two."""
    if high - low >= 1.0:
        return [(0.0, 1.0)]
    return [(low - cell, high - cell) for cell in range(math.floor(low), math.floor(high) + 1)]


def _each_once(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return parts[0] if len(parts) == 1 else np.unique(np.concatenate([NONE, *parts]))
