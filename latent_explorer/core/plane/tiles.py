"""The mosaic's lattice: which points of the plane are decoded, and how the pictures are laid together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_CELLS = 4096
BARE = 16


@dataclass(frozen=True)
class Lattice:
    """Cells of a fixed lattice that cover a window of the plane.

    The lattice is anchored at the origin and its step is a power of the square root of two, so panning keeps every
    cell where it is and small zooms keep the step.

    Parameters
    ----------
    left, top : float
        Plane coordinates of the upper left corner (y up, so ``top`` is the largest y).
    step_x, step_y : float
        Size of a cell in plane units.
    columns, rows : int
    """

    left: float
    top: float
    step_x: float
    step_y: float
    columns: int
    rows: int

    @property
    def rectangle(self) -> tuple[float, float, float, float]:
        """left, bottom, width, height in plane units."""
        height = self.rows * self.step_y
        return self.left, self.top - height, self.columns * self.step_x, height

    def centres(self) -> NDArray[np.float64]:
        """Plane coordinates of the cells' centres, (rows * columns, 2), from the upper left along rows."""
        x = self.left + (np.arange(self.columns) + 0.5) * self.step_x
        y = self.top - (np.arange(self.rows) + 0.5) * self.step_y
        return np.stack([np.tile(x, self.rows), np.repeat(y, self.columns)], axis=1)


def lattice_for(window: tuple[float, float, float, float], cells: int, aspect: float = 1.0) -> Lattice:
    """The lattice that covers a window with about `cells` cells along its longer side.

    Parameters
    ----------
    window : (left, bottom, width, height) in plane units
    cells : int
    aspect : float
        Width by height of one picture.
    """
    left, bottom, width, height = window
    longer = max(width, height)
    step = 2.0 ** (round(2 * math.log2(longer / max(1, cells))) / 2)
    while True:
        step_x, step_y = step * min(1.0, aspect), step * min(1.0, 1 / aspect)
        first, last = math.floor(left / step_x), math.ceil((left + width) / step_x)
        low, high = math.floor(bottom / step_y), math.ceil((bottom + height) / step_y)
        if (last - first) * (high - low) <= MAX_CELLS:
            return Lattice(first * step_x, high * step_y, step_x, step_y, last - first, high - low)
        step *= math.sqrt(2)


def framed(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures (n, H, W, C) of up to `BARE` pixels with an empty one around them: what they show often reaches their edges."""
    return np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0))) if max(images.shape[1:3]) <= BARE else images


def assemble(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Pictures (n, H, W, C), n a multiple of `columns`, side by side and row by row: (n / columns * H, columns * W, C)."""
    count, height, width, channels = images.shape
    rows = count // columns
    return images.reshape(rows, columns, height, width, channels).swapaxes(1, 2).reshape(rows * height, columns * width, channels)
