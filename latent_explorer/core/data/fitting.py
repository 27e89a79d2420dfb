"""A picture of any size and colour becomes an image that a model can be asked about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Doubles = NDArray[np.float64]

LUMA = (0.299, 0.587, 0.114)  # of red, green and blue in grey (ITU-R BT.601)
LIGHT = 128  # of 255: a background is light from here on
LEAST_SIDE = 4  # pixels: a smaller picture has no middle


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a model is asked about: uint8 (H, W, C), and whether light and dark were exchanged."""

    image: Bytes
    inverted: bool


def fit(pixels: Bytes, image_shape: tuple[int, int, int], invert: bool | None = None) -> Fitted:
    """Give a picture the shape of a model's images.

    It is made grey where the model is, resized by the mean over each new pixel's area (between pixels, where it grows), so that
    all of it is seen with its sides in proportion, and put in the middle of its border's median.

    Parameters
    ----------
    pixels : uint8 array, shape (h, w, 3)
    image_shape : (H, W, C), C 1 or 3
    invert : bool or None
        Whether light and dark are exchanged; None: where the model is grey and the background light, since most grey models have
        learned light on dark. A light background becomes black, its ink white. Colours are never inverted.
    """
    height, width, channels = image_shape
    values = pixels.astype(np.float64)
    if channels == 1:
        values = values @ np.array(LUMA)[:, None]
    scale = min(height / values.shape[0], width / values.shape[1])
    rows, columns = (max(1, round(side * scale)) for side in values.shape[:2])
    down, across = resizing(values.shape[0], rows), resizing(values.shape[1], columns)
    values = _resized(values, down, across)
    light = channels == 1 and has_light_background(values[..., 0])
    inverted = channels == 1 and (light if invert is None else invert)
    if inverted:
        # Paper is not quite white, nor ink quite black: the border's median becomes 0, the darkest pixel 255.
        paper, ink = (float(np.median(_border(values))), float(values.min())) if light else (255.0, 0.0)
        values = 255 * np.clip((paper - values) / (paper - ink), 0, 1)
    top, left = (height - rows) // 2, (width - columns) // 2
    image = np.empty((height, width, channels))
    image[:] = np.median(_border(values), axis=0)
    image[top : top + rows, left : left + columns] = values
    return Fitted(np.rint(image).clip(0, 255).astype(np.uint8), inverted)


def resizing(old: int, new: int) -> Doubles:
    """Weights (new, old) of old pixels in each new one along an axis; each row sums to 1, and equal sizes change nothing."""
    if new <= old:
        edges = np.arange(new + 1) * (old / new)
        starts = np.maximum(edges[:-1, None], np.arange(old))
        ends = np.minimum(edges[1:, None], np.arange(1, old + 1))
        weights = np.maximum(ends - starts, 0)
    else:
        centres = ((np.arange(new) + 0.5) * (old / new) - 0.5).clip(0, old - 1)
        weights = np.maximum(1 - np.abs(centres[:, None] - np.arange(old)), 0)
    shares: Doubles = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _resized(values: Doubles, down: Doubles, across: Doubles) -> Doubles:
    """Rows by `down` (r, h), columns by `across` (c, w): (r, c, channels)."""
    resized: Doubles = np.tensordot(np.tensordot(down, values, (1, 0)), across, (1, 1)).transpose(0, 2, 1)
    return resized


def has_light_background(grey: Doubles) -> bool:
    """Whether the border of a grey picture (h, w) is light, and lighter than its middle half."""
    height, width = grey.shape
    if min(height, width) < LEAST_SIDE:
        return False
    border = float(np.median(_border(grey[..., None])))
    middle = grey[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return border >= LIGHT and border > float(middle.mean())


def _border(values: Doubles) -> Doubles:
    """The outermost pixels of (h, w, c): (n, c)."""
    return np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
