"""The outline of many discs together, as pixels: what is inside stays clear, so that the colours under it are seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Words = NDArray[np.uint32]

Pair = tuple[float, float]
ONCE: Sequence[tuple[int, int]] = ((0, 0),)

PIECE = 1 << 17  # points that are placed at once
LINE, EDGE = 1.7, 1.3  # pixels: width of the light line, and of the dark edge on either side of it
DARK, LIGHT = 0xFF080A0D, 0xFFFFFFFF  # of the edge and of the line
FAINTEST = 0.3  # opacity of a line that would take most of the picture


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


@dataclass(frozen=True, eq=False)
class Veil:
    """Points (n, 2) that are to step back, dimmed by a word 0xAARRGGBB within a radius in pixels; of many, about `most` are."""

    points: NDArray[np.floating]
    radius: float
    word: int
    most: int


def one_a_pixel(points: NDArray[np.floating], scale: Pair) -> NDArray[np.floating]:
    """Points (n, 2) of the square from 0 to 1, moved by half a pixel at most, and no more of them than the square has pixels."""
    columns, rows = (math.ceil(abs(size)) for size in scale)
    if columns * rows >= len(points):
        return points
    row, column = np.nonzero(marks(points, (columns, rows), (0.0, 0.0), columns, rows))
    return np.stack([(column + 0.5) / columns, (row + 0.5) / rows], axis=1)


def marks(
    points: NDArray[np.floating], scale: Pair, shift: Pair, width: int, height: int, step: int = 1, copies: Sequence[tuple[int, int]] = ONCE
) -> Mask:
    """The pixels (height, width) that hold every `step`-th of the points; those beside the picture, NaN too, are passed over.

    Each is there again, moved by each of the `copies`.
    """
    mask = np.zeros((height, width), np.bool_)
    for start in range(0, len(points), PIECE):  # so that a piece stays in the processor's cache
        piece = points[start : start + PIECE : step]
        with np.errstate(over="ignore", invalid="ignore"):
            right, up = (np.multiply(piece[:, k], scale[k], dtype=np.float64) for k in (0, 1))
            for copy in copies:
                x, y = (one + (shift[k] + copy[k] * scale[k]) for k, one in enumerate((right, up)))
                near = (x >= 0) & (x < width) & (y >= 0) & (y < height)
                mask[y[near].astype(np.int32), x[near].astype(np.int32)] = True
    return mask


def outline(
    points: NDArray[np.floating],
    scale: Pair,
    shift: Pair,
    width: int,
    height: int,
    radius: float,
    ratio: float = 1.0,
    step: int = 1,
    most: float = 1.0,
    veil: Veil | None = None,
    copies: Sequence[tuple[int, int]] = ONCE,
) -> Words:
    """Words 0xAARRGGBB (H, W), multiplied by alpha: a light line, dark on both sides, around all discs together.

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
    most : float
        Part of the picture that the line may take; one that would take more is thin, and the fainter the more it would take.
    veil : Veil or None
        Other points, which are dimmed.
    copies : (x, y)s
        By how much, in units of the points, all of them are moved to be drawn again; (0, 0) is where they are.
    """
    margin = math.ceil(radius + (LINE + EDGE) * ratio) + 1
    window = scale, (shift[0] + margin, shift[1] + margin), width + 2 * margin, height + 2 * margin
    mask = marks(points, *window, step, copies)
    half = LINE * ratio / 2
    within, line = (grown(mask, max(0.0, one)) for one in (radius - half, radius + half))
    cut = (slice(margin, margin + height), slice(margin, margin + width))
    words: Words = np.zeros((height, width), np.uint32)
    if veil is not None and len(veil.points):
        others = marks(veil.points, *window, -(-len(veil.points) // veil.most), copies)
        words[(grown(others, veil.radius) & ~grown(mask, veil.radius))[cut]] = veil.word
    drawn = (line & ~within)[cut]
    part = np.count_nonzero(drawn) / max(1, drawn.size)
    if part > most:
        words[(grown(mask, max(0.0, radius - half) + ratio) & ~within)[cut]] = 0x01010101 * round(255 * max(FAINTEST, most / part))
        return words
    hole, edge = (grown(mask, max(0.0, one)) for one in (radius - half - EDGE * ratio, radius + half + EDGE * ratio))
    words[(edge & ~hole)[cut]] = DARK
    words[drawn] = LIGHT
    return words
