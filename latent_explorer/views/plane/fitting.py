"""Which camera shows a part of the plane where nothing lies over the plot."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF

from latent_explorer.core.scene import Camera

LEAST_FREE = 0.7  # of the plot's width, which what lies at the right must leave to count as its edge
MOST_ABOVE = 1 / 3  # of the plot's height: where more is covered, the plot is too low to leave it free


def camera_around(low: Sequence[float], high: Sequence[float], margin: float, plot: QRectF, above: float, beside: float) -> Camera:
    """The camera that shows a rectangle of the plane and a margin, a factor, in the free part of the plot.

    What lies at the right counts where a wide plot has room to spare; in a narrow one it has to lie over it.

    Parameters
    ----------
    low, high : (x, y)
        The rectangle's corners, plane coordinates.
    plot : rectangle
        Where the plot is, pixels.
    above, beside : float
        Lower edge of what lies at the top of the plot, left edge of what lies at its right, in the same pixels.
    """
    width, height = max(plot.width(), 1.0), max(plot.height(), 1.0)
    top, right = max(0.0, above - plot.top()), min(width, beside - plot.left())
    top = top if top <= MOST_ABOVE * height else 0.0
    right = right if right >= LEAST_FREE * width else width
    scale = margin * max((high[0] - low[0]) / right, (high[1] - low[1]) / (height - top))  # plane units in a pixel, of both axes
    x = (low[0] + high[0]) / 2 + scale * (width - right) / 2
    y = (low[1] + high[1]) / 2 + scale * top / 2
    return Camera(x, y, scale * min(width, height))
