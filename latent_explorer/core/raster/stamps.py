"""What one disc adds to the pixels around its centre."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

MAX_RADIUS = 24.0  # device pixels
LEAST_RADIUS = 0.5  # a smaller disc is a dot: one pixel, fainter
SUBPIXELS = 8  # positions of a disc's centre within a pixel, each way
MOST_ALPHA = 0.996  # log(1 - a) stays finite


class Stamps:
    """The pixels of a disc for every position of its centre within a pixel.

    Parameters
    ----------
    radius : float
        Device pixels, held within 0.5 to 24.
    alpha : float
        Opacity of the disc.

    Attributes
    ----------
    reach : int
        How many pixels from its centre's a disc may touch others.
    x, y : int64 array, shape (SUBPIXELS^2, S)
        Offsets of the pixels from the one with the centre.
    weights : float32 array, shape (SUBPIXELS^2, S)
        -log(1 - a), which add up where discs overlap, as opacities do not; a is alpha times the covered part of the pixel.
        Positions that touch fewer than S pixels have some of weight 0.
    """

    def __init__(self, radius: float, alpha: float) -> None:
        radius = min(max(radius, LEAST_RADIUS), MAX_RADIUS)
        self.reach = reach = math.ceil(radius + 0.5)
        side = np.arange(-reach, reach + 1)
        oy, ox = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
        centre = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
        cy, cx = (grid.ravel()[:, None] for grid in np.meshgrid(centre, centre, indexing="ij"))
        coverage = np.clip(radius + 0.5 - np.hypot(ox - cx, oy - cy), 0.0, 1.0)
        most = int((coverage > 0).sum(axis=1).max())
        used = np.sort(np.argsort(-coverage, axis=1, kind="stable")[:, :most], axis=1)
        self.x, self.y = ox[used], oy[used]
        self.weights = weight_of(alpha * np.take_along_axis(coverage, used, axis=1)).astype(np.float32)

    @property
    def pixels(self) -> int:
        """S, what drawing one disc costs."""
        return int(self.x.shape[1])


stamps_of = lru_cache(maxsize=16)(Stamps)


def weight_of(alpha: np.ndarray | float) -> np.ndarray:
    """-log(1 - a)."""
    return np.asarray(-np.log1p(-np.minimum(np.maximum(alpha, 0.0), MOST_ALPHA)))
