"""The cells in which a field is computed: squares of some pixels of the screen that fill a part of the plane."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True)
class Cells:
    """Cells of equal size, `columns` by `rows` of them, in plane units; y up, so ``top`` is the largest y."""

    left: float
    top: float
    step_x: float
    step_y: float
    columns: int
    rows: int

    @property
    def rectangle(self) -> Rectangle:
        """left, bottom, width, height."""
        height = self.rows * self.step_y
        return self.left, self.top - height, self.columns * self.step_x, height

    @property
    def x(self) -> NDArray[np.float64]:
        """Centres of the columns, from the left."""
        return self.left + (np.arange(self.columns, dtype=np.float64) + 0.5) * self.step_x

    @property
    def y(self) -> NDArray[np.float64]:
        """Centres of the rows, from above."""
        return self.top - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.step_y

    def centres(self) -> NDArray[np.float64]:
        """All centres (rows * columns, 2), row by row from above."""
        return np.stack([np.tile(self.x, self.rows), np.repeat(self.y, self.columns)], axis=1)


def cells_between(low: NDArray[np.floating], high: NDArray[np.floating], columns: int, rows: int) -> Cells:
    """So many cells from the corner `low` (x, y) to `high`."""
    width, height = float(high[0] - low[0]), float(high[1] - low[1])
    return Cells(float(low[0]), float(high[1]), width / columns, height / rows, columns, rows)


def cells_for(window: Rectangle, pixels: tuple[int, int], size: int, margin: float = 0.0, most: int = 1 << 20) -> Cells:
    """Cells that cover a window and a margin around it.

    Parameters
    ----------
    window : (left, bottom, width, height) in plane units
    pixels : (columns, rows)
        Of the window on the screen.
    size : int
        Side of a cell in pixels; cells are larger where there would be more than `most` of them.
    margin : float
        On each side, as a part of the window's width and height.
    """
    left, bottom, width, height = window
    wide, high = max(1, pixels[0]), max(1, pixels[1])
    size = max(size, math.ceil(math.sqrt(wide * high * (1 + 2 * margin) ** 2 / most)))
    step_x, step_y = width / wide * size, height / high * size
    columns, rows = math.ceil(wide / size), math.ceil(high / size)
    more_x, more_y = math.ceil(columns * margin), math.ceil(rows * margin)
    top = bottom + height  # the first cell begins in the window's corner, and so on a pixel's edge
    return Cells(left - more_x * step_x, top + more_y * step_y, step_x, step_y, columns + 2 * more_x, rows + 2 * more_y)
