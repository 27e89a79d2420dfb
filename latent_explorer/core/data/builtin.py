"""The data set that is always there: scikit-learn's digits."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.types import ImageDataset, Split, freeze

SPLIT_SEED = 0
LEVELS = 16  # the original's grey values go from 0 to 16


def stratified_test(labels: NDArray[np.int64], fraction: float, seed: int) -> NDArray[np.bool_]:
    """Which rows are test rows: the same fraction of each class, drawn by a seeded permutation.

    Parameters
    ----------
    labels : int64 array, shape (N,)
    fraction : float
        Part of each class, rounded to whole images.
    seed : int

    Returns
    -------
    bool array, shape (N,)
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    chosen = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        chosen[generator.permutation(rows)[: round(len(rows) * fraction)]] = True
    return chosen


def digits() -> ImageDataset:
    """The 1,797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    Returns
    -------
    ImageDataset
        Grey values 0..16 become ``round(v * 255 / 16)``; a third of each class is the test part (seed 0), and a
        tenth of the rest the validation part.
    """
    # Imported when asked for: it takes about a second, and the package has no type stubs.
    source: Any = importlib.import_module("sklearn.datasets").load_digits()
    labels = np.asarray(source.target, dtype=np.int64)
    test = stratified_test(labels, 1 / 3, SPLIT_SEED)
    return ImageDataset(
        name="digits",
        images=np.rint(np.asarray(source.images) * (255 / LEVELS)).astype(np.uint8)[..., np.newaxis],
        labels=labels,
        class_names=tuple(str(k) for k in range(10)),
        split=Split(freeze(np.flatnonzero(~test)), freeze(np.empty(0, np.int64)), freeze(np.flatnonzero(test))),
        source="built in",
    ).with_validation(None)
