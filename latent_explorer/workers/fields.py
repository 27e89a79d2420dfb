"""What the fields under the points ask for; runs in the compute lane."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.plane.cells import Cells
from latent_explorer.core.plane.density import bandwidth_of, kernel_density, peak, prior_density
from latent_explorer.core.plane.field import CLASS, POSTERIOR, PlaneField, split_name
from latent_explorer.core.plane.fields import (
    Range,
    aggregate_ratio,
    covariance_on_plane,
    density_field,
    hole_mass,
    holes_field,
    prior_strength,
    regions_field,
    sensitivity_field,
    variance_on_plane,
    with_contours,
)
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.regions import NEAREST, Regions
from latent_explorer.core.plane.selecting import visible_mask
from latent_explorer.core.sample import sample_rows
from latent_explorer.core.types import Codes
from latent_explorer.workers.field_wish import Content, FieldAnswer, Wish
from latent_explorer.workers.lanes import shared_threads
from latent_explorer.workers.posterior import SIDE as NODES
from latent_explorer.workers.posterior import SIDE_TRAINING, Finding, field_of, find
from latent_explorer.workers.task import Context

PIECE = 1 << 18  # codes that are counted at once
SAMPLE = 100_000  # codes by which a bandwidth is chosen
MOST_COUNTED = 2_000_000  # for a density
MOST_POSTERIORS = 20_000  # for the aggregate posterior; of more codes an even sample is taken, here as above and below
MOST_VOTERS = 1_000_000  # for class regions
SIGHT, SIDE = 3.0, 20  # where the colours of a decoder's field are adjusted: so many standard deviations of the prior, and places a side
BORDER = 0.25  # of a torus's side: how far beyond its ends neighbours are looked for
MOST_SQUARES = 8  # along each axis that a density of a torus is drawn in
PRIOR_PEAK = 0.15915494  # of N(0, I) in two dimensions, 1 / (2 pi)
LINE_PEAK = 0.39894228  # in one


class _Points:
    """Codes on the plane, piece by piece, so that ten million take no second copy; of very many, an even sample."""

    def __init__(self, codes: Codes, frame: PlaneFrame, rows: NDArray[np.int64] | None) -> None:
        self._codes, self._frame, self._rows = codes, frame, rows
        self.all = len(codes.z) if rows is None else len(rows)
        chosen = sample_rows(self.all, MOST_COUNTED)
        self._chosen = None if isinstance(chosen, slice) else np.sort(chosen)  # sorted, memory is read in one direction
        self.count = min(self.all, MOST_COUNTED)

    def pieces(self) -> Iterator[NDArray[np.float64]]:
        """All places, (n, 2) each."""
        for start in range(0, self.count, PIECE):
            part: slice | NDArray[np.int64] = slice(start, min(start + PIECE, self.count))
            part = part if self._chosen is None else self._chosen[part]
            yield self._frame.to_plane(self._codes.z[part if self._rows is None else self._rows[part]])

    def tiled(self, cells: Cells) -> Iterator[NDArray[np.float64]]:
        """As `pieces`; of a torus again in all squares that the cells reach, and those beside, which their kernels reach from."""
        if self._frame.kind != "torus":
            yield from self.pieces()
            return
        left, bottom, width, height = cells.rectangle
        spans = [range(math.floor(low) - 1, math.floor(low + size) + 2) for low, size in ((left, width), (bottom, height))]
        right, up = (span[:MOST_SQUARES] for span in spans)
        for piece in self.pieces():
            for x, y in itertools.product(right, up):
                yield piece + np.array([x, y], np.float64)

    def some(self, most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Places and rows of the codes: all of them, or an even sample."""
        rows = np.arange(self.all)[sample_rows(self.all, most)]
        rows = rows if self._rows is None else self._rows[rows]
        return self._frame.to_plane(self._codes.z[rows]), rows


class Survey:
    """Computes fields. Used in one lane only, so it may remember what it has found out about the codes that it saw last."""

    def __init__(self) -> None:
        self._content: Content | None = None
        self._points: _Points | None = None
        self._bandwidth = (0.0, 0.0)
        self._limits = Range(0.0, 1.0)
        self._regions: Regions | None = None
        self._finding: Finding | None = None
        self._posteriors: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
        self._note = ""
        self._pools: Any = None  # where numpy's own threads are counted

    def answer(self, wish: Wish, context: Context) -> FieldAnswer:
        """The field for a wish.

        Raises
        ------
        Cancelled
            The wish was dropped, or the model let go.
        """
        from threadpoolctl import ThreadpoolController

        wish.progress(0.0)
        if self._pools is None:
            self._pools = ThreadpoolController()
        # Numpy's products take as many threads as there are cores, and wait for each other where something else wants a core:
        # beside a training run that took twice the time.
        with self._pools.limit(limits=shared_threads(), user_api="blas"):
            return self._answer(wish)

    def _answer(self, wish: Wish) -> FieldAnswer:
        begun = time.thread_time()  # where others have the processor, waiting costs nothing
        content = wish.content
        if not content.same_as(self._content):
            self._content = None
            self._look(wish)
            self._content = content
        elif not wish.draft and self._finding is not None and self._finding.posterior.draft:
            self._find(wish)
        known = time.perf_counter()
        field = self._field(wish)
        pace = time.perf_counter() - known
        if field is not None:
            field = with_contours(field, wish.cells)
            field.words(wish.dark)
        return FieldAnswer(wish, field, time.thread_time() - begun, pace, self._finding)

    # What does not depend on the window

    def _look(self, wish: Wish) -> None:
        content, kind = wish.content, split_name(wish.content.name)[0]
        frame, codes = content.slot.frame, content.codes
        line = frame.latent_dim == 1
        self._points = self._regions = self._posteriors = self._finding = None
        self._note = ""
        if kind == POSTERIOR:
            self._find(wish)
        elif kind == "prior":
            high = 1.0 if frame.display == "phi" else LINE_PEAK if line else PRIOR_PEAK
            self._limits = Range(0.0, high)
            self._note = "The standard normal N(0, I)" + (", of these two coordinates." if frame.latent_dim > 2 else ".")
        elif kind in ("sensitivity", "information"):
            self._adjust(wish)
        elif codes is not None:
            self._points = _Points(codes, frame, _rows(content, codes))
            if kind in ("density", CLASS):
                self._weigh(self._points, line=line)
            elif kind == "holes":
                self._gather(self._points, codes, wish)
            else:
                places, rows = self._points.some(MOST_VOTERS)
                labels = codes.labels[rows]
                if frame.kind == "torus":
                    places, labels = _joined(places, labels)
                self._regions = Regions(places, labels)
                self._points = self._points if self._regions.count else None
                self._note = f"The class of most of the {min(NEAREST, self._regions.count)} nearest codes; the fainter, the fewer they are."

    def _find(self, wish: Wish) -> None:
        """The posterior: for a draft of the field, which is to follow a hand, a draft of its own."""
        subject, slot = wish.content.subject, wish.content.slot
        if subject is not None and slot.handle is not None:
            side = SIDE_TRAINING if slot.in_training else NODES
            self._finding = find(subject, slot.handle, side, wish.progress, draft=wish.draft)

    def _weigh(self, points: _Points, *, line: bool) -> None:
        sample, _ = points.some(SAMPLE)
        self._bandwidth = x, y = bandwidth_of(sample, points.all, line=line)
        highest = peak(points.pieces, sample, points.count, self._bandwidth)
        if highest == 0:
            self._points = None  # no code has a finite place
            return
        self._limits = Range(0.0, highest)
        wide = f"{x:.2g}" if line or f"{x:.2g}" == f"{y:.2g}" else f"{x:.2g} × {y:.2g}"
        of_all = "" if points.count == points.all else f" of {points.all:,}"
        self._note = f"{points.count:,}{of_all} codes, each a Gaussian with a standard deviation of {wide}; it integrates to 1."

    def _gather(self, points: _Points, codes: Codes, wish: Wish) -> None:
        frame = wish.content.slot.frame
        flat = frame.shown_as("identity")
        _, rows = points.some(MOST_POSTERIORS)
        rows = rows[np.isfinite(codes.z[rows]).all(axis=1)]
        if not len(rows):
            self._points = None
            return
        mean = flat.to_plane(codes.z[rows])
        if "cov" in codes.columns:
            variance = covariance_on_plane(flat, codes.columns["cov"][rows])
            kind = "posteriors of"
        elif "log_var" in codes.columns:
            variance = variance_on_plane(flat, codes.columns["log_var"][rows])
            kind = "posteriors of"
        else:
            x, y = bandwidth_of(mean, points.all, line=frame.latent_dim == 1)
            variance = np.broadcast_to(np.square([x, x if np.isinf(y) else y]), mean.shape)
            kind = f"Gaussians with a standard deviation of {x:.2g} at"
        self._posteriors = mean, variance
        mass = hole_mass(mean, variance, wish.progress, line=frame.latent_dim == 1)
        self._note = (
            f"Mean of the {kind} {len(rows):,} codes, by the prior. Holes, below 0.1, have {mass:.1%} of the prior's mass."
            " Beyond 99% of that mass the colours fade."
        )

    def _adjust(self, wish: Wish) -> None:
        """Colours go from the first to the last hundredth of places where the prior expects codes."""
        side = np.linspace(-SIGHT, SIGHT, SIDE)
        flat = wish.content.slot.frame.shown_as("identity")
        places = np.stack([np.tile(side, SIDE), np.repeat(side, SIDE)], axis=1)
        found = self._magnify(wish, flat.to_z(places))
        found = found[np.isfinite(found)]
        low, high = np.quantile(found, (0.01, 0.99)).tolist() if len(found) else (0.0, 0.0)
        self._limits = Range(low, high) if high - low > 0.01 else Range(low - 0.5, high + 0.5)
        metric = "J′ diag(p(1 − p)) J, J of the logits" if split_name(wish.content.name)[0] == "information" else "J′J"
        self._note = f"½ log det G, G = {metric}: by how much a small area of the plane grows when it is decoded."

    # What does

    def _field(self, wish: Wish) -> PlaneField | None:
        content, cells = wish.content, wish.cells
        kind, label = split_name(content.name)
        frame, points = content.slot.frame, self._points
        line = frame.latent_dim == 1
        if kind == POSTERIOR:
            finding = self._finding
            return None if finding is None else field_of(finding, frame, wish.cells, wish.progress, draft=wish.draft)
        if kind == "prior":
            return density_field(kind, prior_density(frame, cells), cells, self._limits.high, line=line, note=self._note)
        if kind in ("sensitivity", "information"):
            values = self._magnify(wish, frame.to_z(cells.centres()))
            values[~frame.contains(cells.centres())] = np.nan
            return sensitivity_field(kind, values.reshape(cells.rows, cells.columns), cells, self._limits, self._note)
        if points is None or not points.count:
            return None
        if kind == "holes":
            assert self._posteriors is not None
            ratio = aggregate_ratio(*self._posteriors, frame, cells, wish.progress)
            return holes_field(ratio, cells, self._note, prior_strength(frame, cells))
        if kind == "regions":
            assert self._regions is not None
            centres = cells.centres() % 1.0 if frame.kind == "torus" else cells.centres()
            return regions_field(*self._regions.at(centres, wish.progress), cells, self._note, self._regions.least)
        density = kernel_density(points.tiled(cells), points.count, cells, self._bandwidth, wish.progress)
        name = content.slot.class_name(label)
        return density_field(kind, density, cells, self._limits.high, line=line, name=name, note=self._note)

    def _magnify(self, wish: Wish, z: NDArray[np.float64]) -> NDArray[np.float32]:
        from latent_explorer.core.nn.geometry import log_magnification
        from latent_explorer.core.nn.handles import has

        slot = wish.content.slot
        if slot.handle is None or not has(slot.handle):
            raise Cancelled
        information = split_name(wish.content.name)[0] == "information"
        along, told = slot.frame.directions, slot.condition
        return log_magnification(slot.handle, z, along, information=information, condition=told, progress=wish.progress)


def _joined(places: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Places on a torus and their labels, with those near its ends again beyond the opposite ones."""
    found = [(places, labels)]
    for x, y in itertools.product((-1.0, 0.0, 1.0), repeat=2):
        moved = places + np.array([x, y])
        near = ((moved > -BORDER) & (moved < 1 + BORDER)).all(axis=1)
        if x or y:
            found.append((moved[near], labels[near]))
    return np.concatenate([part for part, _ in found]), np.concatenate([part for _, part in found])


def _rows(content: Content, codes: Codes) -> NDArray[np.int64] | None:
    """The codes that count: those that are drawn; of one class, also where it is hidden. None for all."""
    _, label = split_name(content.name)
    mask = visible_mask(codes.labels, content.hidden if label < 0 else frozenset(), content.shown, content.concealed)
    if label >= 0:
        mask = codes.labels == label if mask is None else mask & (codes.labels == label)
    return None if mask is None else np.flatnonzero(mask)
