"""A field's numbers as colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.colour_maps import colour_table, positions
from latent_explorer.core.palette import class_table

Words = NDArray[np.uint32]
OPAQUE = np.uint32(0xFF000000)


def coloured(
    values: NDArray[np.float32], low: float, high: float, name: str, *, dark: bool, strength: NDArray[np.float32] | None = None
) -> Words:
    """Numbers (H, W) by a map of `core.colour_maps`, each as opaque as its strength; clear where there is no number.

    Words 0xAARRGGBB, colours multiplied by alpha.
    """
    words = _words(colour_table(name, dark=dark))
    known = np.isfinite(values)
    place = positions(values, low, high)
    np.multiply(place, np.float32(len(words)), out=place)
    np.minimum(place, np.float32(len(words) - 1), out=place)
    place[~known] = 0
    if strength is not None:
        return _faded(np.take(words, place.astype(np.intp)), known, strength)
    found: Words = np.take(words | OPAQUE, place.astype(np.intp))
    found[~known] = 0
    return found


def classed(labels: NDArray[np.float32], strength: NDArray[np.float32]) -> Words:
    """Labels (H, W) in the classes' colours, each as opaque as its strength in 0..1; words 0xAARRGGBB, colours multiplied by alpha."""
    known = np.isfinite(labels) & (labels >= 0)
    entries = np.where(known, labels, 0).astype(np.intp)
    return _faded(np.take(_words(class_table(int(entries.max(initial=0)) + 1)), entries), known, strength)


def _faded(colours: Words, known: NDArray[np.bool_], strength: NDArray[np.float32]) -> Words:
    """Colours 0xRRGGBB as opaque as they are strong."""
    alpha = np.where(known, np.rint(np.clip(np.nan_to_num(strength), 0, 1) * 255), 0).astype(np.uint32)
    found: Words = np.left_shift(alpha, 24, dtype=np.uint32)
    for shift in (16, 8, 0):
        channel = np.bitwise_and(np.right_shift(colours, shift), 0xFF, dtype=np.uint32)
        found |= np.left_shift((channel * alpha + 127) // 255, shift, dtype=np.uint32)
    return found


def _words(table: NDArray[np.uint8]) -> Words:
    found: Words = table.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return found
