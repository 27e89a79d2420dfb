"""The outline of many discs together, as pixels: what is inside stays clear, so that the colours under it are seen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Words = NDArray[np.uint32]

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


def outline(pixels: NDArray[np.int64], width: int, height: int, radius: float, ratio: float = 1.0) -> Words:
    """Words 0xAARRGGBB (H, W), clear or opaque: a light line, dark on both sides, around all discs together.

    Parameters
    ----------
    pixels : int64 array, shape (n, 2)
        Column and row of each disc's centre; those farther outside than a disc are left out by the caller, or are not seen.
    radius : float
        Of the line's middle, in pixels.
    ratio : float
        How many of these pixels are as long as one of a usual screen.
    """
    margin = math.ceil(radius + (LINE + EDGE) * ratio) + 1
    column, row = pixels[:, 0] + margin, pixels[:, 1] + margin
    near = (column >= 0) & (column < width + 2 * margin) & (row >= 0) & (row < height + 2 * margin)
    mask = np.zeros((height + 2 * margin, width + 2 * margin), np.bool_)
    mask[row[near], column[near]] = True
    half = LINE * ratio / 2
    # Discs grow into each other: a disc grown by a disc is a larger one.
    hole = grown(mask, max(0.0, radius - half - EDGE * ratio))
    within = grown(hole, EDGE * ratio)
    line = grown(within, LINE * ratio)
    edge = grown(line, EDGE * ratio)
    cut = (slice(margin, margin + height), slice(margin, margin + width))
    words: Words = np.zeros((height, width), np.uint32)
    words[(edge & ~hole)[cut]] = DARK
    words[(line & ~within)[cut]] = LIGHT
    return words
