"""Points to pixels: round, anti-aliased discs blended without regard to order, numpy only."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

MAX_RADIUS = 24.0
SUBPIXELS = 8  # positions of a disc's centre within a pixel, each way
STAMPED = 1 << 23  # pixels of all stamps at a time, bounds their memory to some hundred MB


def rasterize(
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    *,
    width: int,
    height: int,
    radius: float,
    alpha: float,
) -> NDArray[np.uint8]:
    """Draw points as discs.

    Where discs overlap, the pixel's opacity is ``1 - prod(1 - a_k)`` and its colour the mean of the colours weighed by
    ``-log(1 - a_k)`` (a_k: alpha times the covered part of the pixel). So the picture does not depend on the order of the
    points, and no class hides another by being drawn last.

    Parameters
    ----------
    points : float array, shape (N, 2)
        Pixel coordinates x, y; the centre of the upper left pixel is (0.5, 0.5). Not finite: not drawn.
    colours : uint8 array, shape (N, 3)
    width, height : int
        Size of the picture in device pixels.
    radius : float
        Of a disc, device pixels, 0.5 to 24.
    alpha : float
        Opacity of one disc, 0..1.

    Returns
    -------
    uint8 array, shape (height, width, 4)
        Red, green, blue, alpha, not premultiplied; transparent where nothing is.
    """
    radius = min(max(radius, 0.5), MAX_RADIUS)
    alpha = min(max(alpha, 0.0), 0.996)  # log(1 - a) stays finite
    reach = math.ceil(radius + 0.5)
    with np.errstate(invalid="ignore"):
        x, y = points[:, 0], points[:, 1]
        inside = (x > -reach) & (x < width + reach) & (y > -reach) & (y < height + reach)
    points, colours = points[inside], colours[inside]
    # A margin on each side saves every stamp the test whether it hits the picture.
    margin = 2 * reach + 1
    wide, high = width + 2 * margin, height + 2 * margin
    offsets, stamps = _stamps(radius, alpha, reach)
    steps = (offsets[:, 1] * wide + offsets[:, 0]).astype(np.int32)
    sums: NDArray[np.float32] | None = None
    touched = np.zeros(high * wide, np.bool_)
    piece = max(1, STAMPED // len(steps))
    for start in range(0, max(1, len(points)), piece):
        part = slice(start, start + piece)
        cell = np.floor(points[part]).astype(np.int32)
        fraction = ((points[part] - cell) * SUBPIXELS).astype(np.int32).clip(0, SUBPIXELS - 1)
        home = (cell[:, 1] + margin) * wide + cell[:, 0] + margin
        order = np.argsort(home)  # points that are near in memory follow each other
        target = (home[order, None] + steps).ravel()
        touched[target] = True
        weights = stamps[(fraction[:, 1] * SUBPIXELS + fraction[:, 0])[order]]
        added = _add_up(target, weights, colours[part][order], high * wide)
        sums = added if sums is None else sums + added
    assert sums is not None  # the loop runs at least once
    words = np.zeros(high * wide, np.dtype("<u4"))
    drawn = np.flatnonzero(touched)
    words[drawn] = _words(sums.view(np.complex128).ravel()[drawn])  # 16 bytes at once
    picture = words.view(np.uint8).reshape(high, wide, 4)
    return np.ascontiguousarray(picture[margin : margin + height, margin : margin + width])


def _words(rows: NDArray[np.complex128]) -> NDArray[np.uint32]:
    """Sums of weight x (red, green, blue, 1), four float32 in the place of a complex number, to pixels as 32-bit words."""
    sums = rows.view(np.float32).reshape(-1, 4)
    total = np.maximum(sums[:, 3], np.float32(1e-9))
    sums *= (1 / total)[:, None]
    sums[:, 3] = 255 - 255 * np.exp(-total)
    sums += np.float32(0.5)
    words: NDArray[np.uint32] = sums.astype(np.uint8).view(np.dtype("<u4")).ravel()
    return words


@lru_cache(maxsize=32)
def _stamps(radius: float, alpha: float, reach: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Discs at every sub-pixel position: offsets (S, 2) as x, y, and -log(1 - a) for each offset, (SUBPIXELS^2, S).

    These logarithms add up where discs overlap, as the opacities do not.
    """
    side = np.arange(-reach, reach + 1)
    oy, ox = (grid.ravel() for grid in np.meshgrid(side, side, indexing="ij"))
    centre = (np.arange(SUBPIXELS) + 0.5) / SUBPIXELS - 0.5
    cy, cx = (grid.ravel()[:, None] for grid in np.meshgrid(centre, centre, indexing="ij"))
    coverage = np.clip(radius + 0.5 - np.hypot(ox - cx, oy - cy), 0.0, 1.0)
    used = coverage.any(axis=0)
    return np.stack([ox, oy], 1)[used].astype(np.int32), (-np.log1p(-alpha * coverage[:, used])).astype(np.float32)


def _add_up(target: NDArray[np.int32], weights: NDArray[np.float32], colours: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Sums over all discs of weight x (red, green, blue, 1) for each pixel, (size, 4): a sparse matrix product does it in C.

    ``target`` are the pixels that the weights (count, stamp) of all discs fall on, one disc after another.
    """
    from scipy.sparse import csc_array

    count, stamp = weights.shape
    columns = np.arange(0, count * stamp + 1, stamp, dtype=np.int32)
    spread = csc_array((weights.ravel(), target, columns), shape=(size, count))
    values = np.empty((count, 4), np.float32)
    values[:, :3], values[:, 3] = colours, 1
    sums: NDArray[np.float32] = spread @ values
    return sums


def load() -> None:
    """Load what drawing needs (0.2 s), so that the first picture does not wait for it; call it from a worker."""
    import scipy.sparse  # noqa: F401  # loading is the purpose
