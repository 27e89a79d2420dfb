"""Where the pictures of a grid lie in a two-dimensional latent space."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

SPACES = ("plane", "prior")
REACH = 3.0  # of the plane, in prior standard deviations: 99.5 % of a 2-D standard normal lie within the square


def grid_axis(n: int, space: str) -> NDArray[np.float32]:
    """Coordinates of the columns, ascending, shape (n,).

    Parameters
    ----------
    n : int
    space : str
        "plane": evenly from -3 to 3 (0 for n = 1). "prior": the standard-normal quantiles of (i + 0.5) / n, so that each
        picture stands for the same share of the prior.
    """
    if space == "prior":
        normal = NormalDist()
        return np.array([normal.inv_cdf((i + 0.5) / n) for i in range(n)], np.float32)
    return np.linspace(-REACH, REACH, n, dtype=np.float32) if n > 1 else np.zeros(1, np.float32)


def grid_points(axis: NDArray[np.float32]) -> NDArray[np.float32]:
    """All points of the square grid in reading order, shape (n * n, 2): x to the right, y **up**, so the first row is the highest."""
    x, y = np.meshgrid(axis, axis[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)
