"""The mosaic's lattice: which points of the plane are decoded, and how the pictures are laid together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_CELLS = 4096
BARE = 16

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Lattice:
    """Cells that cover a part of the plane; the centre of a cell lies at (column * step_x, row * step_y), y up.

    The steps are a power of two times something that depends on the pictures' shape alone. So a cell keeps its place while
    the window moves, and every second one of a lattice, each way, is a cell of the lattice that is twice as coarse, to the
    last bit: whatever was decoded at one zoom serves the next.

    Parameters
    ----------
    step_x, step_y : float
        Size of a cell in plane units.
    left, bottom : int
        Numbers of the first column and of the lowest row.
    columns, rows : int
    """

    step_x: float
    step_y: float
    left: int
    bottom: int
    columns: int
    rows: int

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """left, bottom, width, height in plane units."""
        corner = (self.left - 0.5) * self.step_x, (self.bottom - 0.5) * self.step_y
        return *corner, self.columns * self.step_x, self.rows * self.step_y

    @property
    def x(self) -> NDArray[np.float64]:
        """Plane coordinates of the columns' centres, (columns,)."""
        return np.arange(self.left, self.left + self.columns, dtype=np.float64) * self.step_x

    @property
    def y(self) -> NDArray[np.float64]:
        """Plane coordinates of the rows' centres, (rows,), the upper row first."""
        return np.arange(self.bottom + self.rows - 1, self.bottom - 1, -1, dtype=np.float64) * self.step_y

    def centres(self) -> NDArray[np.float64]:
        """Plane coordinates of the cells' centres, (rows * columns, 2), from the upper left along rows."""
        return np.stack([np.tile(self.x, self.rows), np.repeat(self.y, self.columns)], axis=1)

    def widened(self, by: int) -> Lattice:
        """With so many more columns and rows on each side."""
        return Lattice(self.step_x, self.step_y, self.left - by, self.bottom - by, self.columns + 2 * by, self.rows + 2 * by)

    def covers(self, places: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which points of the plane (n, 2) lie on it."""
        left, bottom, width, height = self.rectangle
        return np.asarray(((places >= (left, bottom)) & (places <= (left + width, bottom + height))).all(axis=1))

    def contains(self, other: Lattice) -> bool:
        """Whether all of the other one, of whatever step, lies on it."""
        left, bottom, width, height = other.rectangle
        return bool(self.covers(np.array([(left, bottom), (left + width, bottom + height)])).all())

    def coarser(self, by: int) -> Lattice:
        """The lattice of every `by`-th cell, a power of two, that covers this one."""
        left, columns = _cover(self.left - 0.5, self.left + self.columns - 0.5, by)
        bottom, rows = _cover(self.bottom - 0.5, self.bottom + self.rows - 0.5, by)
        return Lattice(self.step_x * by, self.step_y * by, left, bottom, columns, rows)


def _cover(low: float, high: float, step: float) -> tuple[int, int]:
    """Number of the first cell of size `step`, centred at multiples of it, and how many there are, from low to high."""
    first = math.floor(low / step + 0.5)
    return first, max(1, math.ceil(high / step + 0.5) - first)


def lattice_for(window: tuple[float, float, float, float], cells: int, aspect: float = 1.0, most: int = MAX_CELLS) -> Lattice:
    """The lattice that covers a window with about `cells` cells along its longer side: from 0.7 to 1.4 times as many.

    Parameters
    ----------
    window : (left, bottom, width, height) in plane units
    cells : int
    aspect : float
        Width by height of one picture.
    most : int
        Cells along the longer side at most, but for what is cut off by the window's edge; also bounded by `MAX_CELLS` in all.
    """
    left, bottom, width, height = window
    longer = max(width, height)
    step = 2.0 ** max(round(math.log2(longer / max(1, cells))), math.ceil(math.log2(longer / max(1, most))))
    while True:
        step_x, step_y = step * min(1.0, aspect), step * min(1.0, 1 / aspect)
        first, columns = _cover(left, left + width, step_x)
        low, rows = _cover(bottom, bottom + height, step_y)
        if columns * rows <= MAX_CELLS:
            return Lattice(step_x, step_y, first, low, columns, rows)
        step *= 2


def framed(images: Pixels) -> Pixels:
    """Pictures (n, H, W, C) of up to `BARE` pixels with an empty one around them: what they show often reaches their edges."""
    return np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))) if max(images.shape[1:3]) <= BARE else images


def reduction_for(height: int, width: int, cell: float) -> int:
    """By how much to shrink pictures whose longer side is drawn `cell` pixels long: a divisor of both sides, as large as loses nothing."""
    longer = max(height, width)
    return max(by for by in range(1, max(1, int(longer / cell)) + 1) if height % by == 0 == width % by)


def reduced(images: Pixels, by: int) -> Pixels:
    """Pictures (n, H, W, C) shrunk to the means of `by` x `by` pixels."""
    if by == 1:
        return images
    count, height, width, channels = images.shape
    blocks = images.reshape(count, height // by, by, width // by, by, channels)
    means: Pixels = np.rint(blocks.mean(axis=(2, 4), dtype=np.float32)).astype(np.uint8)
    return means


def assemble(images: Pixels, columns: int) -> Pixels:
    """Pictures (n, H, W, C), n a multiple of `columns`, side by side and row by row: (n / columns * H, columns * W, C)."""
    count, height, width, channels = images.shape
    rows = count // columns
    return images.reshape(rows, columns, height, width, channels).swapaxes(1, 2).reshape(rows * height, columns * width, channels)
