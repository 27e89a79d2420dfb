"""How far to trust a place on the plane: counts and distances of the codes around it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.index import PlaneIndex

if TYPE_CHECKING:
    from latent_explorer.core.types import Codes, ImageDataset, Images

NEAR = 0.1  # radius, in units of z, within which codes are counted; in more than two dimensions: see `radius_for`
SAMPLE = 64  # codes whose nearest other one is looked up
NEAREST = 6  # codes that are named, nearest first
FEW = 20_000  # codes that are looked through one by one (10,000: 0.1 ms); more need an index or a tree, whose library is slow to load
MANY = 100_000  # codes of a class, about, that tell where it lies closest together
ANYWHERE, SMALLEST = 1e8, 1e-6  # units of z: a radius that holds all that an index finds, and one that holds hardly anything


@dataclass(frozen=True)
class Surroundings:
    """Counts and distances around one point; they promise nothing.

    Parameters
    ----------
    near : int
        Codes within `radius`.
    distance : float
        To the nearest code; NaN when there is none.
    label : int
        The commonest label among the near ones, or of the nearest when none is near; -1 for none.
    share : float
        Part of the near codes that carry it, 0..1.
    nearest : tuple of int
        Rows of the codes that lie nearest, nearest first, `NEAREST` at most.
    distances : tuple of float
        How far each of them lies away.
    radius : float
        Within which the near ones are counted.
    dimensions : int
        Of the latent space; distances are Euclidean in all of them.
    chord : bool
        The codes lie on a sphere, and distances go straight through it.
    """

    near: int
    distance: float
    label: int
    share: float
    nearest: tuple[int, ...] = ()
    distances: tuple[float, ...] = ()
    radius: float = NEAR
    dimensions: int = 2
    chord: bool = False


def radius_for(z: NDArray[np.floating]) -> float:
    """Within which radius to count codes, given finite ones (N, d).

    `NEAR` in up to two dimensions. In more, codes lie so far apart that nothing would ever be counted there: then the median
    distance from a code to the nearest other one, over `SAMPLE` of them, to two digits.
    """
    count, dimensions = z.shape
    if dimensions <= 2 or count < 2:
        return NEAR
    z = (z - z.mean(axis=0)).astype(np.float32)  # near 0 the formula below loses the fewest digits
    some = np.unique(np.linspace(0, count - 1, SAMPLE).astype(np.int64))
    lengths = np.einsum("nd,nd->n", z, z)
    squares = lengths[some, None] + lengths[None] - 2 * (z[some] @ z.T)
    squares[np.arange(len(some)), some] = np.inf
    radius = float(np.median(np.sqrt(np.maximum(squares.min(axis=1), 0))))
    return float(f"{radius:.2g}") or NEAR


class Neighbours:
    """Looks for the codes around a point. Any thread.

    Parameters
    ----------
    z : float array, shape (N, d)
    labels : int64 array, shape (N,), -1 for none
    index : PlaneIndex or None
        Of z, where there is one already; it is of use where there are many codes of two dimensions.
    kind : str
        Of the plane that shows them (`PlaneFrame.kind`). On a "torus" each coordinate is taken modulo 1: ways go round the ends. A
        "sphere" has two dimensions, whatever its coordinates are.
    only : int or None
        The class whose codes count alone: those of others lie on other planes.
    """

    def __init__(
        self,
        z: NDArray[np.floating],
        labels: NDArray[np.int64],
        index: PlaneIndex | None = None,
        *,
        kind: str = "affine",
        only: int | None = None,
    ) -> None:
        count, dimensions = z.shape
        torus, self._chord = kind == "torus", kind == "sphere"
        self._torus = torus
        self._tree: Any = None
        self._index: PlaneIndex | None = None
        self._rows: NDArray[np.int64] | None = None  # of the codes, where some are left out
        if dimensions == 2 and count > FEW and not torus and only is None:
            self._index = PlaneIndex(z.copy() if z.flags.writeable else z) if index is None else index
            self._labels, self.radius = labels.copy() if labels.flags.writeable else labels, NEAR
            self._count = len(self._index)
            return
        finite = np.isfinite(z).all(axis=1)
        if only is not None:
            finite &= labels == only
        rows = self._rows = np.flatnonzero(finite)
        self._count = len(rows)
        self._labels = labels[finite]
        self.radius = NEAR if kind == "sphere" else radius_for(z[finite])
        self._columns = np.asarray(z[finite].T, np.float64, order="C")  # (d, N)
        if len(rows) > FEW:
            from scipy.spatial import cKDTree

            self._tree = cKDTree(self._columns.T % 1.0, boxsize=1.0) if torus else cKDTree(self._columns.T)

    def _search(self, point: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
        """Distances of the nearest codes and which they are, nearest first; and those within the radius."""
        count = min(NEAREST, self._count)
        if self._index is not None:
            return *self._nearest(self._index, point, count), self._within(self._index, point, self.radius)[1]
        if self._tree is not None:
            distances, leaves = self._tree.query(point, count)
            return distances, leaves, np.array(self._tree.query_ball_point(point, self.radius), np.int64)
        squares = np.zeros(self._count)
        for column, coordinate in zip(self._columns, point, strict=True):
            way = column - coordinate
            squares += np.square(way - np.rint(way) if self._torus else way)
        leaves = np.argpartition(squares, count - 1)[:count]
        leaves = leaves[np.argsort(squares[leaves])]
        return np.sqrt(squares[leaves]), leaves, np.flatnonzero(squares <= self.radius * self.radius)

    @staticmethod
    def _within(index: PlaneIndex, point: NDArray[np.float64], radius: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Squares of the distances of the codes within a radius, and their rows."""
        x, y = point.tolist()
        rows = index.in_rectangle((x - radius, y - radius, x + radius, y + radius))
        squares = np.square(index.points[rows] - point).sum(axis=1)
        near = squares <= radius * radius
        return squares[near], rows[near]

    def _nearest(self, index: PlaneIndex, point: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distances and rows of the nearest codes: in circles that grow, from the one through the very nearest on."""
        x, y = point.tolist()
        first = index.nearest(x, y, ANYWHERE)
        assert first is not None
        radius = max(SMALLEST, 2 * float(np.linalg.norm(index.points[first] - point)))
        while True:
            squares, rows = self._within(index, point, radius)
            if len(rows) >= count or radius > ANYWHERE:
                order = np.argsort(squares, kind="stable")[:count]
                return np.sqrt(squares[order]), rows[order]
            radius *= 3

    def around(self, z: NDArray[np.floating]) -> Surroundings:
        """What lies around the latent point z, shape (d,)."""
        point = np.asarray(z, np.float64)
        space = self.radius, len(point), self._chord
        if not self._count:
            return Surroundings(0, math.nan, -1, 0.0)
        found, leaves, near = self._search(point)
        rows = leaves if self._rows is None else self._rows[leaves]
        distances, nearest = tuple(found.tolist()), tuple(rows.tolist())
        if not len(near):
            return Surroundings(0, distances[0], int(self._labels[leaves[0]]), 0.0, nearest, distances, *space)
        counts = np.bincount(self._labels[near] + 1)
        best = int(counts.argmax())
        share = float(counts[best] / len(near))
        return Surroundings(len(near), distances[0], best - 1, share, nearest, distances, *space)


def neighbours_of(codes: Codes, *, kind: str = "affine", only: int | None = None) -> Neighbours:
    """Looks for these codes, or for `only` those of a class; the index of many of them is made once, whoever asks for it."""
    many_on_a_plane = codes.z.shape[1] == 2 and len(codes.z) > FEW and kind != "torus" and only is None
    return Neighbours(codes.z, codes.labels, codes.finder if many_on_a_plane else None, kind=kind, only=only)


def images_of(codes: Codes, rows: tuple[int, ...], dataset: ImageDataset) -> Images | None:
    """The images (n, H, W, C) that some rows of the codes come from; None where a row lies outside the data set."""
    index = codes.index[list(rows)]
    if not len(index) or index.min() < 0 or index.max() >= len(dataset.images):
        return None
    return dataset.images[index]


def densest_place(z: NDArray[np.floating], cells: int = 24) -> NDArray[np.float64]:
    """Where points (N, d) lie closest together: the mean of those in the fullest cell of a coarse grid over them.

    A class may lie in several places, and then its mean lies where other classes are. In more than two dimensions the cells
    are all but empty: then it is the mean of the twentieth part around the point that has these nearest.
    """
    if z.shape[1] > 2:
        return _closest_together(z)
    z = z[np.isfinite(z).all(axis=1)]
    if not len(z):
        return np.zeros(z.shape[1])
    low, high = z.min(axis=0), z.max(axis=0)
    cell = ((z - low) / np.maximum(high - low, 1e-12) * cells).astype(np.int64).clip(0, cells - 1)
    which = cell[:, 0] * cells + cell[:, -1]
    place: NDArray[np.float64] = z[which == np.bincount(which).argmax()].mean(axis=0, dtype=np.float64)
    return place


def _closest_together(z: NDArray[np.floating], most: int = 1000) -> NDArray[np.float64]:
    """The mean of a twentieth of the points (N, d), those around the one of `most` that has them nearest."""
    z = z[np.unique(np.linspace(0, len(z) - 1, most).astype(np.int64))].astype(np.float64)
    away = z - z.mean(axis=0)
    lengths = np.einsum("nd,nd->n", away, away)
    squares = lengths[:, None] + lengths[None] - 2 * (away @ away.T)
    count = max(1, len(z) // 20)
    reach = np.partition(squares, count - 1, axis=1)[:, count - 1]
    around = np.argpartition(squares[reach.argmin()], count - 1)[:count]
    place: NDArray[np.float64] = z[around].mean(axis=0)
    return place


def sentence(around: Surroundings, class_names: tuple[str, ...]) -> str:
    """The trust sentence: counts and distances only."""
    if math.isnan(around.distance):
        return "No codes to compare with."

    def name(label: int) -> str:
        return f"class {class_names[label]}" if 0 <= label < len(class_names) else "no label"

    how = " (chord)" if around.chord else f" in all {around.dimensions} dimensions" if around.dimensions > 2 else ""
    within = f"within {around.radius:g}{how}"
    if around.near == 0:
        return f"No code {within}; the nearest lies {around.distance:.3f} away ({name(around.label)})."
    if around.near == 1:
        codes, share = "1 code", f", {'of' if around.label < len(class_names) else 'with'} {name(around.label)}"
    else:
        codes, share = f"{around.near:,} codes", f", {around.share:.0%} of them {name(around.label)}"
    share = share if around.label >= 0 else ""
    return f"{codes} {within}{share}; the nearest {around.distance:.3f} away."
