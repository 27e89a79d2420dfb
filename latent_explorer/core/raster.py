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
    piece = max(1, STAMPED // len(steps))
    for start in range(0, max(1, len(points)), piece):
        part = slice(start, start + piece)
        cell = np.floor(points[part]).astype(np.int32)
        fraction = ((points[part] - cell) * SUBPIXELS).astype(np.int32).clip(0, SUBPIXELS - 1)
        home = (cell[:, 1] + margin) * wide + cell[:, 0] + margin
        added = _add_up(home, steps, stamps[fraction[:, 1] * SUBPIXELS + fraction[:, 0]], colours[part], high * wide)
        sums = added if sums is None else sums + added
    assert sums is not None  # the loop runs at least once
    # One 32-bit word for each pixel, in memory the bytes red, green, blue, alpha.
    words = np.zeros(high * wide, np.dtype("<u4"))
    drawn = np.flatnonzero(sums[:, 3])
    weighed = sums[drawn]
    total = weighed[:, 3]
    mean = (weighed[:, :3] * (1 / total)[:, None] + np.float32(0.5)).astype(np.uint32)
    opacity = (np.float32(255.5) - np.float32(255) * np.exp(-total)).astype(np.uint32)
    words[drawn] = mean[:, 0] | mean[:, 1] << 8 | mean[:, 2] << 16 | opacity << 24
    picture = words.view(np.uint8).reshape(high, wide, 4)
    return np.ascontiguousarray(picture[margin : margin + height, margin : margin + width])


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


def _add_up(
    home: NDArray[np.int32], steps: NDArray[np.int32], weights: NDArray[np.float32], colours: NDArray[np.uint8], size: int
) -> NDArray[np.float32]:
    """Sums over all discs of weight x (red, green, blue, 1) for each pixel, (size, 4): a sparse matrix product does it in C."""
    from scipy.sparse import csc_array

    count, stamp = weights.shape
    target = (home[:, None] + steps).ravel()
    columns = np.arange(0, count * stamp + 1, stamp, dtype=np.int32)
    spread = csc_array((weights.ravel(), target, columns), shape=(size, count))
    values = np.concatenate([colours.astype(np.float32), np.ones((count, 1), np.float32)], axis=1)
    sums: NDArray[np.float32] = spread @ values
    return sums
