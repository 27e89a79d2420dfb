"""Points to pixels, compiled by numba. Importing this loads numba and compiles, or loads what was compiled before: a worker's work.

`plain` has the same functions in numpy. All give Python's lock back while they run; none uses numba's own threads, whose
layer ends the program when two threads call it at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types

from latent_explorer.core.raster.stamps import SUBPIXELS

F = Callable[..., Any]

_sums, _words, _table = types.float32[:, ::1], types.uint32[::1], types.float32[::1]
_tones, _shares, _pieces, _transform = types.uint16[::1], types.float32[:, ::1], types.int64[:, ::1], types.float64[::1]


def _compiled(*signatures: Any) -> Callable[[F], F]:
    """Now and for these types only, since a later call is in the window's thread."""

    def compile_(function: F) -> F:
        settings: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        compiler: Any = njit
        try:
            made: F = compiler(list(signatures), cache=True, **settings)(function)
        except Exception:  # nowhere to keep it, or what was kept is damaged: by a full disk, or a power cut
            made = compiler(list(signatures), **settings)(function)
        return made

    return compile_


def _with_places(*more: Any) -> tuple[Any, ...]:
    """One signature for places of either precision; they may be read-only."""
    kinds = (types.Array(kind, 2, "C", readonly=True) for kind in (types.float32, types.float64))
    return tuple(
        types.void(_sums, places, _read(_tones), _read(_shares), _read(_pieces), _read(_transform), types.int64, types.int64, *more)
        for places in kinds
    )


def _read(array: Any) -> Any:
    return types.Array(array.dtype, array.ndim, array.layout, readonly=True)


@_compiled(*_with_places())
def add_dots(sums, places, tones, shares, pieces, transform, width, rows):  # type: ignore[no-untyped-def]  # numba's types, above
    """Add each point to the one pixel that it lies in.

    Parameters
    ----------
    sums : float32 array, shape (rows * width, 4): red, green, blue, weight
    places : float32 or float64 array, shape (2, N)
    tones : uint16 array, shape (N,)
    shares : float32 array, shape (tones, 4)
        What a point of each tone adds; all 0 where it is hidden.
    pieces : int64 array, shape (pieces, 2)
        First and end of the points to be added.
    transform : float64 array: scale x, scale y, shift x, shift y
        From plane coordinates to pixels of the band of `rows` rows that `sums` is.
    """
    sx, sy, tx, ty = transform[0], transform[1], transform[2], transform[3]
    for k in range(pieces.shape[0]):
        for i in range(np.uint64(pieces[k, 0]), np.uint64(pieces[k, 1])):
            y = places[1, i] * sy + ty
            x = places[0, i] * sx + tx
            if y >= 0.0 and y < rows and x >= 0.0 and x < width:
                p = np.uint64(np.int32(y) * np.int32(width) + np.int32(x))
                t = np.uint64(tones[i])
                sums[p, 0] += shares[t, 0]
                sums[p, 1] += shares[t, 1]
                sums[p, 2] += shares[t, 2]
                sums[p, 3] += shares[t, 3]


_offsets, _weights = types.Array(types.int64, 2, "C", readonly=True), types.Array(types.float32, 2, "C", readonly=True)


@_compiled(*_with_places(_offsets, _offsets, _weights, types.int64))
def add_discs(sums, places, tones, shares, pieces, transform, width, rows, offsets_x, offsets_y, weights, reach):  # type: ignore[no-untyped-def]  # numba's types, above
    """Add the stamp of each point; the last four say what it is (see `stamps`), the others are those of `add_dots`."""
    sx, sy, tx, ty = transform[0], transform[1], transform[2], transform[3]
    size = offsets_x.shape[1]
    for k in range(pieces.shape[0]):
        for i in range(pieces[k, 0], pieces[k, 1]):
            t = np.uint64(tones[i])
            a = shares[t, 3]
            x, y = places[0, i] * sx + tx, places[1, i] * sy + ty
            if a > 0 and x >= -reach and x < width + reach and y >= -reach and y < rows + reach:
                column, row = np.int64(np.floor(x)), np.int64(np.floor(y))
                # Just below a whole number the difference is rounded to 1.
                right: Any = min(np.int64((x - column) * SUBPIXELS), SUBPIXELS - 1)
                down: Any = min(np.int64((y - row) * SUBPIXELS), SUBPIXELS - 1)
                place = np.uint64(down * SUBPIXELS + right)
                r, g, b = shares[t, 0], shares[t, 1], shares[t, 2]
                within = column >= reach and column < width - reach and row >= reach and row < rows - reach
                for s in range(size):
                    across, along = column + offsets_x[place, s], row + offsets_y[place, s]
                    if within or (across >= 0 and across < width and along >= 0 and along < rows):
                        p, w = np.uint64(along * width + across), weights[place, s]
                        sums[p, 0] += w * r
                        sums[p, 1] += w * g
                        sums[p, 2] += w * b
                        sums[p, 3] += w * a


@_compiled(types.void(_sums, _words, _read(_table), types.float64, types.float64))
def shade(sums, words, table, steps, floor):  # type: ignore[no-untyped-def]  # numba's types, above
    """Turn sums into words 0xAARRGGBB, colours multiplied by alpha, and the sums into zeros.

    Parameters
    ----------
    sums : float32 array, shape (pixels, 4)
    words : uint32 array, shape (pixels,)
    table : float32 array
        The opacity 1 - exp(-w) at weights w of 0, 1 / steps, 2 / steps ...; in between it is a straight line, beyond it all.
    floor : float
        The least opacity of a pixel that anything lies in.
    """
    last, half, full = np.float32(table.shape[0] - 2), np.float32(0.5), np.float32(255)
    per, least = np.float32(steps), np.float32(floor)
    for p in range(np.uint64(words.shape[0])):
        w = sums[p, 3]
        if w <= 0:
            words[p] = np.uint32(0)
        else:
            place = min(w * per, last)
            k = np.uint64(place)
            low = table[k]
            opacity = max(low + (table[k + np.uint64(1)] - low) * (place - np.float32(k)), least)
            part, a = opacity / w, np.uint32(np.int32(opacity * full + half))
            r = min(np.uint32(np.int32(sums[p, 0] * part + half)), a)
            g = min(np.uint32(np.int32(sums[p, 1] * part + half)), a)
            b = min(np.uint32(np.int32(sums[p, 2] * part + half)), a)
            words[p] = a << np.uint32(24) | r << np.uint32(16) | g << np.uint32(8) | b
            sums[p, 0] = 0
            sums[p, 1] = 0
            sums[p, 2] = 0
            sums[p, 3] = 0


@_compiled(types.float64(_sums, types.float32[::1]))
def keep_weights(sums, weights):  # type: ignore[no-untyped-def]  # numba's types, above
    """The weights alone, (pixels,), and the sums become zeros; returns the greatest weight."""
    most = np.float32(0)
    for p in range(np.uint64(weights.shape[0])):
        w = sums[p, 3]
        weights[p] = w
        if w > 0:
            most = max(most, w)
            sums[p, 0] = 0
            sums[p, 1] = 0
            sums[p, 2] = 0
            sums[p, 3] = 0
    return most


@_compiled(types.void(types.float32[::1], _words, _read(_shares), types.float64, types.float64, types.float64))
def paint_counts(weights, words, colours, one, most, alpha):  # type: ignore[no-untyped-def]  # numba's types, above
    """Colour each pixel by how many points lie there, on a logarithmic scale from 1 to `most`.

    Parameters
    ----------
    weights : float32 array, shape (pixels,); it may be the memory of `words`
    words : uint32 array, shape (pixels,)
    colours : float32 array, shape (tones, 3), 0..255
    one : float
        Weight of one point.
    most : float
        How many points the last colour means.
    alpha : float
        Opacity, where there is at least one point.
    """
    last = colours.shape[0] - 1
    per = last / np.log(max(most, 2.0))
    for p in range(np.uint64(words.shape[0])):
        w = weights[p]
        if w <= 0:
            words[p] = np.uint32(0)
        else:
            count = w / one
            tone = min(np.int64(np.log(max(count, 1.0)) * per + 0.5), last)
            opacity = alpha * min(count, 1.0)
            r = np.uint32(np.int32(colours[tone, 0] * opacity + 0.5))
            g = np.uint32(np.int32(colours[tone, 1] * opacity + 0.5))
            b = np.uint32(np.int32(colours[tone, 2] * opacity + 0.5))
            words[p] = np.uint32(np.int32(opacity * 255 + 0.5)) << np.uint32(24) | r << np.uint32(16) | g << np.uint32(8) | b
