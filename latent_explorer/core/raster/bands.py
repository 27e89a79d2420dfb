"""One picture, band by band: any thread may draw any band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.raster.cloud import BLOCK, STRATA, share_of_size
from latent_explorer.core.raster.engine import kernels
from latent_explorer.core.raster.scatter import Scatter
from latent_explorer.core.raster.stamps import LEAST_RADIUS, MAX_RADIUS, stamps_of, weight_of
from latent_explorer.core.raster.view import Look, View

AT_ONCE = 3_000_000  # additions to pixels that a frame may take while the window moves
FAINTEST = 0.25  # of the chosen opacity: what a single point among millions keeps
STEPS = 128.0  # of the opacity table, for a weight of 1
OPACITY = (-np.expm1(-np.arange(16 * STEPS + 2) / STEPS)).astype(np.float32)

Sums = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Copy:
    """Where the points are drawn once: the blocks that anything is seen of, and between which rows of the picture each lies."""

    shift: tuple[float, float]
    blocks: NDArray[np.int64]
    tops: NDArray[np.float64]
    bottoms: NDArray[np.float64]


class Bands:
    """Everything that is decided once for the whole picture.

    Attributes
    ----------
    work : int
        Additions to pixels that it takes, about.
    exact : bool
        Whether nothing is left out to be quick.
    most : float
        Greatest weight of a pixel in the bands that were drawn, where colours go by counts.
    """

    def __init__(self, scatter: Scatter, look: Look, view: View, words: NDArray[np.uint32], quick: bool) -> None:
        self._view, self._words, self._kernels = view, words, kernels()
        self._tones, self._sorted = scatter.arranged, scatter.cloud.sorted
        scale = abs(view.scale[0] * view.scale[1]) / view.ratio**2
        radius = look.size / 2 * view.ratio * share_of_size(scatter.drawn, self._sorted.area * scale)
        self._opacity = min(max(look.opacity, 0.0), 1.0)
        self._stamps = stamps_of(min(radius, MAX_RADIUS), self._opacity) if radius >= LEAST_RADIUS else None
        weight = self._one = float(weight_of(self._opacity if self._stamps else self._opacity * (radius / LEAST_RADIUS) ** 2))
        self._copies = [self._copy_in_view(copy) for copy in view.copies]
        points = sum(len(copy.blocks) for copy in self._copies) * BLOCK
        self.work = points * (self._stamps.pixels if self._stamps else 1)
        self.exact, self._part = not quick or self.work <= AT_ONCE, STRATA
        if not self.exact:
            if self._stamps:
                weight = float(self._stamps.weights[0].sum())  # as much ink as the disc, in one pixel
                self._stamps = None
            self._part = min(max(STRATA * AT_ONCE // points, 1), STRATA)
            weight *= STRATA / self._part
            self.work = points * self._part // STRATA
        self._shares = scatter.shares(1.0 if self._stamps else weight)
        self._floor = 0.0 if self._stamps else FAINTEST * self._opacity
        self._colours = None if look.counts is None else look.counts.astype(np.float32)
        self.most = 0.0

    @property
    def by_counts(self) -> bool:
        """Whether `paint_band` has to follow when all bands are drawn."""
        return self._colours is not None

    @property
    def most_points(self) -> float:
        """How many points lie at the pixel where most do."""
        return self.most / self._one if self._one > 0 else 0.0

    def _copy_in_view(self, copy: tuple[float, float]) -> _Copy:
        view, reach = self._view, self._stamps.reach if self._stamps else 0
        shift = (view.shift[0] + copy[0] * view.scale[0], view.shift[1] + copy[1] * view.scale[1])
        with np.errstate(over="ignore"):
            ends = [
                np.sort(np.stack([low, high]) * view.scale[axis] + shift[axis], axis=0)
                for axis, (low, high) in enumerate(zip(self._sorted.low, self._sorted.high, strict=True))
            ]
        (left, right), (top, bottom) = ends
        seen = (right >= -reach) & (left < view.width + reach) & (bottom >= -reach) & (top < view.height + reach)
        found = np.flatnonzero(seen)
        return _Copy(shift, found, top[found] - reach, bottom[found] + reach)

    def draw_band(self, sums: Sums, top: int, rows: int) -> None:
        """Draw the rows from `top` on; `sums`, all 0 and at least as large, is all 0 again afterwards."""
        view = self._view
        sums = sums[: rows * view.width]
        for copy in self._copies:
            blocks = copy.blocks[(copy.tops < top + rows) & (copy.bottoms >= top)]
            starts = blocks * BLOCK
            lengths = np.minimum(BLOCK, len(self._tones) - starts)
            pieces = np.stack([starts, starts + -(-lengths * self._part // STRATA)], axis=1)
            transform = np.array([*view.scale, copy.shift[0], copy.shift[1] - top])
            common = sums, self._sorted.places, self._tones, self._shares, pieces, transform, view.width, rows
            if stamps := self._stamps:
                self._kernels.add_discs(*common, stamps.x, stamps.y, stamps.weights, stamps.reach)
            else:
                self._kernels.add_dots(*common)
        words = self._words[top : top + rows].reshape(-1)
        if self.by_counts:
            self.most = max(self.most, self._kernels.keep_weights(sums, words.view(np.float32)))
        else:
            self._kernels.shade(sums, words, OPACITY, STEPS, self._floor)

    def paint_band(self, sums: Sums, top: int, rows: int) -> None:
        """Colour these rows by counts, when all bands have been drawn."""
        words = self._words[top : top + rows].reshape(-1)
        assert self._colours is not None
        self._kernels.paint_counts(words.view(np.float32), words, self._colours, max(self._one, 1e-9), self.most_points, self._opacity)
