"""Which of some places can have a picture so that no two pictures touch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def apart(points: NDArray[np.floating], width: float, height: float) -> NDArray[np.int64]:
    """Rows of points, (n, 2), around which rectangles of one size do not overlap: the first is taken, then each next with room.

    Parameters
    ----------
    points : float array, shape (n, 2)
        Middles of the rectangles, plane units; the earlier ones go before the later ones.
    width, height : float
        Of a rectangle with the room around it, plane units.

    Returns
    -------
    int64 array
        As many as the order gives, in that order; not as many as there could be.
    """
    waiting = np.arange(len(points))
    taken: list[int] = []
    while len(waiting):
        taken.append(int(waiting[0]))
        away = np.abs(points[waiting[1:]] - points[waiting[0]])
        waiting = waiting[1:][(away[:, 0] >= width) | (away[:, 1] >= height)]
    return np.array(taken, np.int64)
