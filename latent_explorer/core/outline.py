"""The outline of many discs together, as pixels: what is inside stays clear, so that the colours under it are seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Words = NDArray[np.uint32]

Pair = tuple[float, float]

PIECE = 1 << 17  # points that are placed at once
LINE, EDGE = 1.7, 1.3  # pixels: width of the light line, and of the dark edge on either side of it
DARK, LIGHT = 0xFF080A0D, 0xFFFFFFFF  # of the edge and of the line


def grown(mask: Mask, radius: float) -> Mask:
    """All pixels within `radius` of one that is set, (H, W)."""
    reach = math.floor(radius)
    out, wide, width = np.zeros_like(mask), mask.copy(), 0
    for dy in range(reach, -1, -1):  # the rows of a disc, from its narrowest to its widest
        half = math.floor(math.sqrt(radius * radius - dy * dy))
        for shift in range(width + 1, half + 1):
            wide[:, shift:] |= mask[:, :-shift]
            wide[:, :-shift] |= mask[:, shift:]
        width = half
        out[dy:] |= wide[: len(mask) - dy]
        out[: len(mask) - dy] |= wide[dy:]
    return out


def outline(
    points: NDArray[np.floating], scale: Pair, shift: Pair, width: int, height: int, radius: float, ratio: float = 1.0, step: int = 1
) -> Words:
    """Words 0xAARRGGBB (H, W), clear or opaque: a light line, dark on both sides, around all discs together.

    Parameters
    ----------
    points : float array, shape (n, 2)
        Where the discs lie; ``point * scale + shift`` is in pixels of the picture. Those that cannot be seen, NaN among them, are
        passed over.
    radius : float
        Of the line's middle, in pixels.
    ratio : float
        How many of these pixels are as long as one of a usual screen.
    step : int
        Every so many of the points are drawn.
    """
    margin = math.ceil(radius + (LINE + EDGE) * ratio) + 1
    mask = np.zeros((height + 2 * margin, width + 2 * margin), np.bool_)
    for start in range(0, len(points), PIECE):  # so that a piece stays in the processor's cache
        piece = points[start : start + PIECE : step]
        with np.errstate(over="ignore", invalid="ignore"):
            x, y = (np.multiply(piece[:, k], scale[k], dtype=np.float64) + (shift[k] + margin) for k in (0, 1))
            near = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
        mask[y[near].astype(np.int32), x[near].astype(np.int32)] = True
    half = LINE * ratio / 2
    radii = radius - half - EDGE * ratio, radius - half, radius + half, radius + half + EDGE * ratio
    hole, within, line, edge = (grown(mask, max(0.0, one)) for one in radii)
    cut = (slice(margin, margin + height), slice(margin, margin + width))
    words: Words = np.zeros((height, width), np.uint32)
    words[(edge & ~hole)[cut]] = DARK
    words[(line & ~within)[cut]] = LIGHT
    return words
