"""Points to pixels by numpy alone: what `kernels` does, before it is loaded or where it cannot be. The same names, the same pixels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.raster.stamps import SUBPIXELS

Sums = NDArray[np.float32]
PIECE = 1 << 18  # pixels of stamps that are added up at a time


def add_dots(
    sums: Sums,
    places: NDArray[np.floating],
    tones: NDArray[np.uint16],
    shares: NDArray[np.float32],
    pieces: NDArray[np.int64],
    transform: NDArray[np.float64],
    width: int,
    rows: int,
) -> None:
    """See `kernels.add_dots`."""
    for x, y, tone in _in_pixels(places, tones, pieces, transform, PIECE):
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < rows)
        pixels = y[inside].astype(np.intp) * width + x[inside].astype(np.intp)
        _add(sums, pixels, shares.view(np.complex64).take(tone[inside], axis=0).T)


def add_discs(
    sums: Sums,
    places: NDArray[np.floating],
    tones: NDArray[np.uint16],
    shares: NDArray[np.float32],
    pieces: NDArray[np.int64],
    transform: NDArray[np.float64],
    width: int,
    rows: int,
    offsets_x: NDArray[np.int64],
    offsets_y: NDArray[np.int64],
    weights: NDArray[np.float32],
    reach: int,
) -> None:
    """See `kernels.add_discs`."""
    steps = offsets_y * width + offsets_x
    for all_x, all_y, tone in _in_pixels(places, tones, pieces, transform, max(1, PIECE // offsets_x.shape[1])):
        near = (all_x >= -reach) & (all_x < width + reach) & (all_y >= -reach) & (all_y < rows + reach)
        near &= shares[tone, 3] > 0
        x, y, share = all_x[near], all_y[near], shares.view(np.complex64).take(tone[near], axis=0).T[:, :, None]
        column, row = np.floor(x), np.floor(y)
        # Just below a whole number the difference is rounded to 1.
        right, down = (np.minimum(part * SUBPIXELS, SUBPIXELS - 1).astype(np.intp) for part in (x - column, y - row))
        place, column, row = down * SUBPIXELS + right, column.astype(np.intp), row.astype(np.intp)
        home, weight = row * width + column, weights.take(place, axis=0)
        cut = (column < reach) | (column >= width - reach) | (row < reach) | (row >= rows - reach)
        if not cut.all():
            whole = ~cut
            pixels = steps.take(place[whole], axis=0) + home[whole, None]
            _add(sums, pixels.ravel(), (share[:, whole] * weight[whole]).reshape(2, -1))
        if cut.any():
            across = offsets_x.take(place[cut], axis=0) + column[cut, None]
            along = offsets_y.take(place[cut], axis=0) + row[cut, None]
            inside = (across >= 0) & (across < width) & (along >= 0) & (along < rows)
            _add(sums, (along * width + across)[inside], (share[:, cut] * weight[cut])[:, inside])


def _in_pixels(
    places: NDArray[np.floating], tones: NDArray[np.uint16], pieces: NDArray[np.int64], transform: NDArray[np.float64], most: int
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint16]]]:
    """x, y and tone of the points in the pieces, at most so many at a time."""
    chosen = np.concatenate([np.zeros(0, np.intp), *(np.arange(start, stop) for start, stop in pieces.tolist())])
    for start in range(0, len(chosen), most):
        part = chosen[start : start + most]
        x, y = (places[axis].take(part) * transform[axis] + transform[2 + axis] for axis in (0, 1))
        yield x, y, tones.take(part)


def _add(sums: Sums, pixels: NDArray[np.intp], shares: NDArray[np.complex64]) -> None:
    """Add what lies at each of the pixels, (2, n). Two numbers travel as one complex number: half as many additions."""
    halves = sums.view(np.complex64)
    for half in (0, 1):
        np.add.at(halves[:, half], pixels, shares[half])


def shade(sums: Sums, words: NDArray[np.uint32], table: NDArray[np.float32], steps: float, floor: float) -> None:
    """See `kernels.shade`."""
    pixels = sums.view(np.complex128).ravel()  # 16 bytes at once
    drawn = np.flatnonzero(sums[:, 3] > 0)
    numbers = pixels.take(drawn).view(np.float32).reshape(-1, 4)
    weight = numbers[:, 3].copy()
    numbers[:, 3] *= 255
    numbers *= (np.maximum(-np.expm1(-weight), np.float32(floor)) / weight)[:, None]
    numbers += np.float32(0.5)
    red, green, blue, alpha = numbers.astype(np.uint32).T
    words[:] = 0
    words[drawn] = alpha << 24 | np.minimum(red, alpha) << 16 | np.minimum(green, alpha) << 8 | np.minimum(blue, alpha)
    pixels[drawn] = 0


def keep_weights(sums: Sums, weights: NDArray[np.float32]) -> float:
    """See `kernels.keep_weights`."""
    weights[:] = sums[:, 3]
    sums[:] = 0
    return float(weights.max(initial=0.0))


def paint_counts(
    weights: NDArray[np.float32], words: NDArray[np.uint32], colours: NDArray[np.float32], one: float, most: float, alpha: float
) -> None:
    """See `kernels.paint_counts`."""
    drawn = np.flatnonzero(weights > 0)
    counts = weights[drawn] / np.float32(one)
    words[:] = 0
    last = len(colours) - 1
    tone = (np.log(np.maximum(counts, 1)) * (last / np.log(max(most, 2.0))) + 0.5).astype(np.intp).clip(0, last)
    opacity = alpha * np.minimum(counts, 1)
    parts = (colours[tone] * opacity[:, None] + np.float32(0.5)).astype(np.uint32)
    words[drawn] = (opacity * 255 + np.float32(0.5)).astype(np.uint32) << 24 | parts[:, 0] << 16 | parts[:, 1] << 8 | parts[:, 2]
