"""Where most of many points lie, and how many there are of each class; quick enough for ten million."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.sample import sample_rows

SAMPLE = 100_000  # points that tell where the inner part of all lies
CHUNK = 1 << 17  # points that are looked at together: they fit into the processor's own memory

Corner = NDArray[np.float64]


def counts_of(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of the labels (N,) are 0, 1 and so on, up to the largest."""
    counts = np.zeros(int(labels.max(initial=-1)) + 2, np.int64)
    for start in range(0, len(labels), CHUNK):  # the sum below 0 is dropped
        counts += np.bincount(labels[start : start + CHUNK] + 1, minlength=len(counts))
    return counts[1:]


def label_mask(labels: NDArray[np.int64], wanted: Iterable[int], classes: int) -> NDArray[np.bool_]:
    """Which labels (N,), -1 to `classes` - 1, are among the wanted ones."""
    table = np.zeros(classes + 1, np.bool_)
    table[[label for label in wanted if -1 <= label < classes]] = True  # -1 is the last one
    mask: NDArray[np.bool_] = table[labels]
    return mask


def extent_of(
    points: NDArray[np.floating], farthest: float, part: float = 1.0, keep: NDArray[np.bool_] | None = None
) -> tuple[Corner, Corner] | None:
    """Lower left and upper right corner around points (N, 2), or around their inner `part` along each axis.

    Points with a coordinate that is not finite or not below `farthest` do not count, nor those that `keep` (N,) leaves out; None
    where no others are left. The inner part of very many is that of an even sample.
    """
    if part < 1.0:
        sample = sample_rows(len(points), SAMPLE)
        some = np.stack(_reachable(points[sample], farthest, None if keep is None else keep[sample]), axis=1)
        if len(some):
            low, high = np.quantile(some, ((1 - part) / 2, (1 + part) / 2), axis=0).astype(np.float64)
            return low, high
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for start in range(0, len(points), CHUNK):
        rows = slice(start, start + CHUNK)
        near = _reachable(points[rows], farthest, None if keep is None else keep[rows])
        if len(near[0]):  # one axis after the other: numpy is slow along rows of two
            low = np.minimum(low, [values.min() for values in near])
            high = np.maximum(high, [values.max() for values in near])
    return (low, high) if np.isfinite(low).all() else None


def middle_of(z: NDArray[np.floating]) -> Corner:
    """The median (d,) of an even sample of points (N, d), those without a place left out; 0 where none is left."""
    some = z[sample_rows(len(z), SAMPLE)]
    some = some[np.isfinite(some).all(axis=1)]
    return np.median(some, axis=0).astype(np.float64) if len(some) else np.zeros(z.shape[1])


def _reachable(
    points: NDArray[np.floating], farthest: float, keep: NDArray[np.bool_] | None
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """x and y of the points that count."""
    x, y = points[:, 0], points[:, 1]
    near = (np.abs(x) <= farthest) & (np.abs(y) <= farthest)  # no NaN either
    if keep is not None:
        near &= keep
    return (x, y) if near.all() else (x[near], y[near])
