"""What a picture of points is to show, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """A part of the plane: ``pixel = plane * scale + shift`` from its upper left corner, in device pixels.

    ``ratio`` is how many of these make a pixel of the screen, in which sizes are chosen. All points are drawn once at each of
    the ``copies``, plane units from where they lie.
    """

    scale: tuple[float, float]
    shift: tuple[float, float]
    width: int
    height: int
    ratio: float = 1.0
    copies: tuple[tuple[float, float], ...] = ((0.0, 0.0),)


@dataclass(frozen=True, eq=False)
class Look:
    """Diameter of a point in pixels of the screen, its opacity, and colours by how many lie at a pixel.

    ``counts``: uint8 (K, 3), from one point to the most at any pixel, on a logarithmic scale; None for the points' own colours.
    """

    size: float = 5.0
    opacity: float = 0.65
    counts: NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Picture:
    """What was drawn.

    Parameters
    ----------
    words : uint32 array, shape (height, width)
        0xAARRGGBB, colours multiplied by alpha (Qt's ARGB32_Premultiplied); 0 where nothing is.
    exact : bool
        False where points or their discs were left out to be quick.
    most : float
        Colours by counts: how many points lie where most do. Else 0.
    """

    words: NDArray[np.uint32]
    exact: bool
    most: float = 0.0
