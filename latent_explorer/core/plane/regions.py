"""Which class lies nearest to each place of the plane, by the codes around it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.density import Progress, no_progress
from latent_explorer.core.plane.extent import counts_of

NEAREST = 15  # codes that vote
CHUNK = 8192  # places that are looked at at once


class Regions:
    """Codes on the plane, by place.

    Parameters
    ----------
    points : array, shape (n, 2), plane coordinates
        Those that are not finite, or far away, do not count.
    labels : int64 array, shape (n,)
        -1 for none: such codes do not count either.
    """

    def __init__(self, points: NDArray[np.floating], labels: NDArray[np.int64]) -> None:
        known = (labels >= 0) & (np.abs(points) <= FARTHEST).all(axis=1)
        self._points, self._labels = points[known], labels[known]
        self.count = len(self._labels)
        classes, nearest = np.count_nonzero(counts_of(self._labels)), min(NEAREST, self.count)
        self.least = math.ceil(nearest / classes) / nearest if classes > 1 else 0.0  # share that the winner of a vote has
        if self.count:
            from scipy.spatial import cKDTree  # loading it takes long, and the first screen needs none

            self._tree = cKDTree(self._points)

    def at(self, places: NDArray[np.float64], progress: Progress = no_progress) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The class of most of the 15 codes nearest to each place (m, 2), and their share of the 15 in 0..1.

        Of classes with equally many, the one with the nearest code. Labels (m,) and shares (m,); -1 and 0 where there are no codes.
        """
        labels = np.full(len(places), -1, np.int64)
        share = np.zeros(len(places), np.float32)
        nearest = min(NEAREST, self.count)
        for start in range(0, len(places) if nearest else 0, CHUNK):
            part = slice(start, start + CHUNK)
            _, rows = self._tree.query(places[part], nearest)
            found = self._labels[rows.reshape(-1, nearest)]
            votes = sum((found == found[:, k : k + 1]).astype(np.int8) for k in range(nearest))
            assert not isinstance(votes, int)
            best = votes.argmax(axis=1)[:, None]
            labels[part] = np.take_along_axis(found, best, axis=1)[:, 0]
            share[part] = np.take_along_axis(votes, best, axis=1)[:, 0] / np.float32(nearest)
            progress(min(1.0, (start + CHUNK) / len(places)))
        return labels, share
