"""Which points of the plane lie near a place, in a rectangle or in a lasso: a grid over up to tens of millions of points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.lasso import cells_of, inside

IN_A_CELL = 8  # points, on average
CROWD = 4096  # a cell with more has a grid of its own
DEEPEST = 8  # grids within grids; those deeper down hold points that no screen can part

Mask = NDArray[np.bool_]
Window = tuple[float, float, float, float]  # left, bottom, right, top
Block = tuple[int, int, int, int]  # of cells: first column and last + 1, first row and last + 1


class PlaneIndex:
    """A uniform grid over points, whose rows are sorted by cell. Built in any thread, then asked from any.

    Points with a coordinate that is not finite, or beyond `FARTHEST`, are never found. All answers are rows of `points`.
    ``visible`` is a mask over all rows, or None for all: a row that it leaves out is not found.

    Parameters
    ----------
    points : float array, shape (N, 2), plane coordinates; kept, not copied
    rows : int array or None
        Only these rows.
    depth : int
        How many grids lie around this one.
    """

    def __init__(self, points: NDArray[np.floating], rows: NDArray[Any] | None = None, depth: int = 0) -> None:
        self.points = points
        chosen = points if rows is None else points[rows]
        reachable = (np.abs(chosen) <= FARTHEST).all(axis=1)  # no NaN either
        if not reachable.all():
            rows = np.flatnonzero(reachable) if rows is None else rows[reachable]
            chosen = points[rows]
        self._low = chosen.min(axis=0).astype(np.float64) if len(chosen) else np.zeros(2)
        size = (chosen.max(axis=0).astype(np.float64) if len(chosen) else np.zeros(2)) - self._low
        self._one_place = not size.any()
        # Square cells, so that a radius is as many of them in either direction; a line of points has one row of them.
        cells = max(1.0, len(chosen) / IN_A_CELL)
        shorter, longer = sorted(size.tolist())
        area = shorter * longer
        self._cell = max(math.sqrt(area / cells), longer / cells) or 1.0
        self._columns, self._rows = (int(n) + 1 for n in size // self._cell)
        cell = self._cell_of(chosen)
        order = np.argsort(cell, kind="stable")
        narrow = np.int32 if len(points) < 2**31 else np.int64
        self._order = (order if rows is None else rows[order]).astype(narrow)
        counts = np.bincount(cell, minlength=self._columns * self._rows)
        self._starts = np.zeros(len(counts) + 1, np.int64)
        np.cumsum(counts, out=self._starts[1:])
        self._counted: tuple[Mask, NDArray[np.int64]] | None = None
        self._crowds: dict[int, PlaneIndex] = {}
        if depth < DEEPEST and len(chosen) > CROWD and not self._one_place:
            for crowded in np.flatnonzero(counts > CROWD).tolist():
                self._crowds[crowded] = PlaneIndex(points, self._order[self._starts[crowded] : self._starts[crowded + 1]], depth + 1)

    def __len__(self) -> int:
        return len(self._order)

    def _cell_of(self, points: NDArray[np.floating]) -> NDArray[np.int32]:
        """The cell of each point within the grid's extent."""
        column, row = (
            np.clip(np.subtract(points[:, axis], self._low[axis], dtype=np.float64) / self._cell, 0, count - 1).astype(np.int32)
            for axis, count in enumerate((self._columns, self._rows))
        )
        cell: NDArray[np.int32] = row * np.int32(self._columns) + column
        return cell

    def _span(self, low: float, high: float, axis: int) -> tuple[int, int]:
        """The cells along an axis that an interval touches: first and last + 1; none when it lies beside all of them."""
        count = (self._columns, self._rows)[axis]
        first = math.floor((max(low, -2 * FARTHEST) - self._low[axis]) / self._cell - 1e-6)
        last = math.floor((min(high, 2 * FARTHEST) - self._low[axis]) / self._cell + 1e-6)
        return max(first, 0), min(last, count - 1) + 1

    # The nearest

    def nearest(self, x: float, y: float, radius: float, visible: Mask | None = None) -> int | None:
        """The row of the nearest point within `radius` of a place, the lowest of equally near ones; None when none is there."""
        found = self._nearest(x, y, radius * radius, visible)
        return None if found is None else found[1]

    def _nearest(self, x: float, y: float, within: float, visible: Mask | None) -> tuple[float, int] | None:
        """Square of the distance, and the row, of the nearest point; `within` is the square of the largest distance."""
        if not len(self._order) or not (math.isfinite(x) and math.isfinite(y)):
            return None
        radius = math.sqrt(within)
        # From the cell around the place outwards: what is found early leaves most points unread.
        reach = min(radius, self._cell / 2)
        while True:
            found = self._look(x, y, reach, visible)
            if found is not None and found[0] <= min(reach * reach, within):
                return found
            if reach >= radius:
                return None
            reach = min(radius, 2 * reach if found is None else math.sqrt(found[0]) * (1 + 1e-9))

    def _look(self, x: float, y: float, reach: float, visible: Mask | None) -> tuple[float, int] | None:
        """The nearest point among those of all cells that a square around the place touches."""
        left, right = self._span(x - reach, x + reach, 0)
        bottom, top = self._span(y - reach, y + reach, 1)
        if left >= right or bottom >= top:
            return None
        best: tuple[float, int] | None = None
        crowds = [c for c in self._crowds if left <= c % self._columns < right and bottom <= c // self._columns < top]
        for crowded in crowds:
            found = self._crowds[crowded]._nearest(x, y, 2 * reach * reach, visible)
            best = found if best is None or (found is not None and found < best) else best
        rows = self._rows_in(left, right, bottom, top, frozenset(crowds))
        if visible is not None:
            rows = rows[visible[rows]]
        if len(rows):
            near = self.points[rows[:1] if self._one_place else rows].astype(np.float64)
            squares = np.square(near[:, 0] - x) + np.square(near[:, 1] - y)
            smallest = squares.min()
            found = float(smallest), int(rows[: len(squares)][squares == smallest].min())
            best = found if best is None or found < best else best
        return best

    def _rows_in(self, left: int, right: int, bottom: int, top: int, but: frozenset[int] = frozenset()) -> NDArray[Any]:
        """Rows of the points in a block of cells, without those of some cells."""
        parts = []
        for row in range(bottom, top if left < right else bottom):
            first = row * self._columns
            edges = sorted(cell for cell in but if first + left <= cell < first + right)
            begin = first + left
            for edge in (*edges, first + right):
                parts.append(self._order[self._starts[begin] : self._starts[edge]])
                begin = edge + 1
        return np.concatenate(parts) if parts else self._order[:0]

    # Areas

    def in_rectangle(self, window: Window, visible: Mask | None = None) -> NDArray[np.int64]:
        """Rows of the points in a rectangle (left, bottom, right, top), its border included; sorted."""
        return self._in_rectangle(window, visible)

    def _in_rectangle(self, window: Window, visible: Mask | None) -> NDArray[np.int64]:
        left, bottom, right, top = window
        outer = (*self._span(left, right, 0), *self._span(bottom, top, 1))
        inner = self._whole(outer)
        border = np.concatenate([self._rows_in(*block) for block in _around(outer, inner)])
        near = self.points[border]
        # Column by column: numpy then reads memory in order.
        keep = (near[:, 0] >= left) & (near[:, 0] <= right) & (near[:, 1] >= bottom) & (near[:, 1] <= top)
        return self._sorted(np.concatenate([self._rows_in(*inner), border[keep]]), visible)

    def in_lasso(self, corners: NDArray[Any], visible: Mask | None = None) -> NDArray[np.int64]:
        """Rows of the points that a closed line (M, 2) goes around, in whichever direction, also where it crosses itself; sorted.

        Whole cells are taken or left; only points in cells that the line goes through are looked at one by one.
        """
        corners = corners.astype(np.float64)
        if len(corners) < 3 or not len(self._order):
            return np.zeros(0, np.int64)
        within, touched = cells_of((corners - self._low) / self._cell, self._columns, self._rows)
        counts = np.diff(self._starts)
        found = self._order[np.repeat(within, counts)]
        border = self._order[np.repeat(touched, counts)]
        border = border[inside(self.points[border], corners)]
        return self._sorted(np.concatenate([found, border]), visible)

    def _sorted(self, rows: NDArray[Any], visible: Mask | None) -> NDArray[np.int64]:
        if visible is not None:
            rows = rows[visible[rows]]
        if len(rows) < len(self.points) // 64:
            return np.sort(rows).astype(np.int64)
        mask = np.zeros(len(self.points), np.bool_)  # cheaper than sorting many
        mask[rows] = True
        return np.flatnonzero(mask)

    def few_in(self, window: Window, most: int, visible: Mask | None = None) -> NDArray[np.int64] | None:
        """As `in_rectangle`, or None where more than `most` points are found; many are not looked at one by one.

        It remembers what it counted last, so it is for one thread only.
        """
        left, bottom, right, top = window
        outer = (*self._span(left, right, 0), *self._span(bottom, top, 1))
        if self._count(self._whole(outer), visible) > most:
            return None
        found = self._in_rectangle(window, visible)
        return found if len(found) <= most else None

    def few_places_in(
        self, window: Window, most: int, visible: Mask | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.floating]] | None:
        """As `few_in`, and the places (n, 2) of these points."""
        rows = self.few_in(window, most, visible)
        return None if rows is None else (rows, self.points[rows])

    def place(self, row: int, near: tuple[float, float]) -> tuple[float, float]:
        """Where a point lies; of one that comes again, where it lies nearest to a place."""
        x, y = self.points[row].tolist()
        return x, y

    def extent(self, rows: NDArray[np.int64], near: tuple[float, float]) -> Window | None:
        """Left, bottom, right, top of those of the rows' points that can be on the screen; None when there is none.

        Of points that come again, around the copies that lie closest together, nearest to a place.
        """
        points = self.points[rows]
        reachable = points[(np.abs(points) < FARTHEST).all(axis=1)]  # no NaN either
        if not len(reachable):
            return None
        (left, right), (bottom, top) = (self._ends(reachable[:, axis].astype(np.float64), near[axis]) for axis in (0, 1))
        return left, bottom, right, top

    def _ends(self, values: NDArray[np.float64], near: float) -> tuple[float, float]:
        """The lowest and the highest of some coordinates along one axis."""
        return float(values.min()), float(values.max())

    @staticmethod
    def _whole(block: Block) -> Block:
        """The cells of a block that lie wholly in the rectangle that it was made for."""
        left, right, bottom, top = block
        left, bottom = left + 1, bottom + 1
        return left, max(left, right - 1), bottom, max(bottom, top - 1)

    def _count(self, block: Block, visible: Mask | None) -> int:
        """How many points lie in a block of cells; how many visible ones each cell has is counted once for a mask."""
        left, right, bottom, top = block
        if left >= right or bottom >= top:
            return 0
        starts = self._starts
        if visible is not None:
            if self._counted is None or self._counted[0] is not visible:
                seen = np.zeros(len(self._order) + 1, np.int64)
                np.cumsum(visible[self._order], out=seen[1:])
                self._counted = visible, seen[self._starts]
            starts = self._counted[1]
        lines = np.arange(bottom, top) * self._columns
        return int((starts[lines + right] - starts[lines + left]).sum())


def _around(outer: Block, inner: Block) -> list[Block]:
    """What is left of a block of cells without an inner one: below, above, to the left, to the right."""
    left, right, bottom, top = outer
    if inner[0] >= inner[1] or inner[2] >= inner[3]:
        return [outer]
    return [
        (left, right, bottom, inner[2]), (left, right, inner[3], top),
        (left, inner[0], inner[2], inner[3]), (inner[1], right, inner[2], inner[3]),
    ]  # fmt: skip
