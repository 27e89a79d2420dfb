"""Points to pixels: round, anti-aliased discs blended without regard to order, numpy only."""

from __future__ import annotations

import math
import sys
import threading
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_RADIUS = 24.0
SUBPIXELS = 8  # positions of a disc's centre within a pixel, each way
BAND = 1 << 17  # pixels of the rows that are drawn at a time, and
STAMPED = 1 << 15  # pixels of the stamps that are added up at a time: small enough for the processor's caches
# Where a pixel's bytes lie in a word 0xAARRGGBB of this machine.
BLUE, GREEN, RED, ALPHA = (0, 1, 2, 3) if sys.byteorder == "little" else (3, 2, 1, 0)


def rasterize(
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    *,
    width: int,
    height: int,
    radius: float,
    alpha: float,
    out: NDArray[np.uint32] | None = None,
) -> NDArray[np.uint32]:
    """Draw points as discs.

    Where discs overlap, the pixel's opacity is ``1 - prod(1 - a_k)`` and its colour the mean of the colours weighed by
    ``-log(1 - a_k)`` (a_k: alpha times the covered part of the pixel). So the picture does not depend on the order of the
    points, and no class hides another by being drawn last.

    Parameters
    ----------
    points : float array, shape (N, 2)
        Pixel coordinates x, y; the centre of the upper left pixel is (0.5, 0.5). Not finite: not drawn.
        The transpose of a (2, N) array is drawn quickest.
    colours : uint8 array, shape (N, 3)
    width, height : int
        Size of the picture in device pixels, at most 32,767 each.
    radius : float
        Of a disc, device pixels, 0.5 to 24.
    alpha : float
        Opacity of one disc, 0..1.
    out : uint32 array, shape (height, width), C-contiguous, or None
        Where to draw, whatever it holds; a new array else.

    Returns
    -------
    uint32 array, shape (height, width)
        Words 0xAARRGGBB, colours multiplied by alpha (Qt's ARGB32_Premultiplied); 0 where nothing is.
    """
    radius = min(max(radius, 0.5), MAX_RADIUS)
    alpha = min(max(alpha, 0.0), 0.996)  # log(1 - a) stays finite
    reach = math.ceil(radius + 0.5)
    picture = np.empty((height, width), np.uint32) if out is None else out
    picture[:] = 0
    x, y = points[:, 0], points[:, 1]
    inside = (np.abs(x - width / 2) < width / 2 + reach) & (np.abs(y - height / 2) < height / 2 + reach)  # false for NaN
    if not inside.all():
        x, y, colours = x[inside], y[inside], colours[inside]
    discs = _Discs(x, y, colours, width, reach)
    stamps = _stamps(radius, alpha, reach)
    rows = min(height, max(BAND // width, 8 * reach))
    band = _take_band(rows, width, reach)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        first, last = np.searchsorted(discs.row, (top - reach, bottom + reach)).tolist()
        if first < last:
            _add_discs(band, discs, stamps, range(first, last), top)
            band.move_to(picture[top:bottom])
    _kept.band = band
    return picture


class _Discs:
    """Pixel and position within the pixel of each disc's centre, and its colour; ordered by rows."""

    def __init__(self, x: NDArray[np.floating], y: NDArray[np.floating], colours: NDArray[np.uint8], width: int, reach: int) -> None:
        column, row = np.floor(x), np.floor(y)
        # Just below a whole number the difference is rounded to 1.
        right, down = (np.minimum(part * SUBPIXELS, SUBPIXELS - 1).astype(np.intp) for part in (x - column, y - row))
        place = down * SUBPIXELS + right
        order = np.argsort((row + reach).astype(np.uint16), kind="stable")  # counts instead of comparing, for 16 bits
        self.row, self.column = row.take(order).astype(np.intp), column.take(order).astype(np.intp)
        self.place = place.take(order)
        self.home = self.row * width + self.column
        self.at_side = (self.column < reach) | (self.column >= width - reach)
        # What a weight of 1 adds to a pixel's four numbers. Two of them travel as one complex number: half as many additions.
        share = np.empty((len(order), 4), np.float32)
        share[:, ALPHA] = 255
        share[:, [RED, GREEN, BLUE]] = colours.take(order, axis=0)
        self.share = np.ascontiguousarray(share.view(np.complex64).T)[:, :, None]


class _Stamps:
    """The pixels of a disc for every position of its centre within a pixel: offsets x, y and weights, (SUBPIXELS^2, S) each.

    The weights are -log(1 - a), which add up where discs overlap, as the opacities do not; complex numbers without an
    imaginary part. Positions that touch fewer than S pixels have some of weight 0.
    """

    def __init__(self, radius: float, alpha: float, reach: int) -> None:
        side = np.arange(-reach, reach + 1)
        oy, ox = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
        centre = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
        cy, cx = (grid.ravel()[:, None] for grid in np.meshgrid(centre, centre, indexing="ij"))
        coverage = np.clip(radius + 0.5 - np.hypot(ox - cx, oy - cy), 0.0, 1.0)
        most = int((coverage > 0).sum(axis=1).max())
        used = np.sort(np.argsort(-coverage, axis=1, kind="stable")[:, :most], axis=1)
        self.x, self.y = ox[used], oy[used]
        self.weights = (-np.log1p(-alpha * np.take_along_axis(coverage, used, axis=1))).astype(np.complex64)


_stamps = lru_cache(maxsize=32)(_Stamps)


class _Band:
    """Sums of weight times (colour, 255) over some rows of the picture, with room above and below for what reaches beyond them."""

    def __init__(self, rows: int, width: int, reach: int) -> None:
        self.size = rows, width, reach
        self.width = width
        self.room = 2 * reach + 1  # rows; one more for what a disc at a side leaves in the row beside its own
        pixels = (rows + 2 * self.room) * width
        self.sums = np.zeros((pixels, 2), np.complex64)
        self.touched = np.zeros(pixels, np.bool_)

    def add(self, target: NDArray[np.intp], weights: NDArray[np.complex64], share: NDArray[np.complex64]) -> None:
        """Add the weights (count, S) of discs to the pixels `target`, times what each disc's share is, (2, count, 1)."""
        pixels = target.ravel()
        self.touched[pixels] = True
        for half in (0, 1):
            np.add.at(self.sums[:, half], pixels, (weights * share[half]).ravel())

    def move_to(self, picture: NDArray[np.uint32]) -> None:
        """Turn the sums into words of the picture's rows, which are all 0 still; the band is empty again."""
        drawn = np.flatnonzero(self.touched)
        begin = self.room * self.width
        first, last = np.searchsorted(drawn, (begin, begin + picture.size))
        pixels = self.sums.view(np.complex128).ravel()  # 16 bytes at once
        numbers = pixels.take(drawn[first:last]).view(np.float32)
        weight = numbers[ALPHA::4] * np.float32(1 / 255)
        opacity = 1 - np.exp(-weight)
        opacity /= np.maximum(weight, np.float32(1e-20), out=weight)
        numbers *= opacity.repeat(4)
        numbers += np.float32(0.5)
        picture.reshape(-1)[drawn[first:last] - begin] = numbers.astype(np.uint8).view(np.uint32)
        pixels[drawn] = 0
        self.touched[drawn] = False


_kept = threading.local()  # a thread's last band: fresh memory would cost as much as all discs


def _take_band(rows: int, width: int, reach: int) -> _Band:
    """An empty band, for one picture."""
    kept: _Band | None = getattr(_kept, "band", None)
    _kept.band = None  # were drawing to break off, it would not be empty
    return kept if kept is not None and kept.size == (rows, width, reach) else _Band(rows, width, reach)


def _add_discs(band: _Band, discs: _Discs, stamps: _Stamps, which: range, top: int) -> None:
    """Add some of the discs to a band whose first row is `top` of the picture."""
    width = band.width
    steps = stamps.y * width + stamps.x
    piece = max(1, STAMPED // stamps.x.shape[1])
    for start in which[::piece]:
        part = slice(start, min(start + piece, which.stop))
        place = discs.place[part]
        target = steps.take(place, axis=0)
        target += (discs.home[part] + (band.room - top) * width)[:, None]
        weights = stamps.weights.take(place, axis=0)
        at_side = np.flatnonzero(discs.at_side[part])
        if len(at_side):  # what lies beyond the left or right border would come in on the other side
            column = stamps.x.take(place[at_side], axis=0) + discs.column[part][at_side, None]
            weights[at_side] *= (column >= 0) & (column < width)
        band.add(target, weights, discs.share[:, part])
