"""Which point has which colour, and which are drawn at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.once import once
from latent_explorer.core.raster.cloud import Cloud
from latent_explorer.core.raster.colouring import Colouring

FAINT = 0.12  # of the opacity of a point


@dataclass(frozen=True, eq=False)
class Scatter:
    """Points with their colours.

    Parameters
    ----------
    cloud : Cloud
    colouring : Colouring
        Of as many points.
    seen : bool array, shape (K,), or None for all
        Which tones are drawn.
    shown : bool array, shape (N,), or None for all
        Which points are drawn.
    faint : bool array, shape (K,), or None for none
        Tones that are drawn with a part of the opacity, `FAINT`.
    """

    cloud: Cloud
    colouring: Colouring
    seen: NDArray[np.bool_] | None = None
    shown: NDArray[np.bool_] | None = None
    faint: NDArray[np.bool_] | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be drawn at once, with nothing to sort before."""
        return "arranged" in self.__dict__

    @once
    def arranged(self) -> NDArray[np.uint16]:
        """The tones in the order of the sorted cloud; a tone beyond the table is not drawn."""
        rows, tones = self.cloud.sorted.rows, self.colouring.tones
        if self.shown is not None:
            tones = np.where(self.shown, tones, np.uint16(len(self.colouring.table)))
        return tones.take(rows)

    @once
    def drawn(self) -> int:
        """How many points are drawn, wherever the camera is."""
        counts = np.bincount(self.arranged, minlength=len(self.colouring.table) + 1)[:-1]
        return int(counts.sum() if self.seen is None else counts[self.seen].sum())

    def with_seen(self, seen: NDArray[np.bool_] | None, faint: NDArray[np.bool_] | None = None) -> Scatter:
        """The same points, other tones of which are drawn, or faintly: nothing is sorted or copied for it."""
        other = Scatter(self.cloud, self.colouring, seen, self.shown, faint)
        if self.ready:
            other.__dict__["arranged"] = self.arranged
        return other

    def shares(self, weight: float) -> NDArray[np.float32]:
        """What a point of each tone adds to a pixel: red, green, blue and 1, times a weight; float32 (K + 1, 4)."""
        table = self.colouring.table
        found = np.zeros((len(table) + 1, 4), np.float32)
        found[:-1, :3], found[:-1, 3] = table, 1
        if self.seen is not None:
            found[:-1][~self.seen] = 0
        if self.faint is not None:
            found[:-1][self.faint] *= np.float32(FAINT)
        found *= np.float32(weight)
        return found
