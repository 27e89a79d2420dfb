"""Densities on the plane: of codes, of the prior, and of all posteriors together.

All are probability densities, so each integrates to one over the plane, per square of a plane unit (on the line of a model
of one dimension: per unit). They are evaluated on cells by products of matrices: a Gaussian kernel whose axes
are the plane's is a product of one in x and one in y.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.cells import Cells, cells_between
from latent_explorer.core.plane.frame import PlaneFrame

Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]

PART_OF_SCOTT = 0.5  # codes lie in clusters, and Scott's rule, made for one normal cloud, would melt them together
USUAL = 0.1  # bandwidth where all points are equal, plane units
REACH = 5.0  # standard deviations; a kernel's part beyond them is 6e-7
LEAST = 0.7  # of a cell: a narrower kernel would fall between the centres of the cells
KNOTS = 4  # in one standard deviation of a kernel
CHUNK = 1024  # posteriors that are added at once
UNCHANGING = math.inf  # bandwidth of a direction in which nothing changes

Progress = Callable[[float], None]  # with the part that is done; may raise Cancelled


def no_progress(part: float) -> None:
    """Nobody asks."""


def bandwidth_of(points: NDArray[np.floating], count: int, *, line: bool = False) -> tuple[float, float]:
    """Standard deviations of the kernel along x and y, plane units.

    Half of Scott's rule (Scott 1992, section 6.3), ``0.5 * s * n^(-1 / (d + 4))``, with s the smaller of the standard
    deviation and of the interquartile range / 1.349, so that a few codes far away do not widen it.

    Parameters
    ----------
    points : array, shape (m, 2)
        A sample of them.
    count : int
        How many there are.
    line : bool
        They lie on a line along x, and nothing changes along y.
    """
    near = points[(np.abs(points) <= FARTHEST).all(axis=1)].astype(np.float64)
    power = -1 / (5 if line else 6)
    spread = [0.0, 0.0]
    if len(near) > 1:
        quarter, three = np.quantile(near, (0.25, 0.75), axis=0)
        for axis, (deviation, width) in enumerate(zip(near.std(axis=0), (three - quarter) / 1.349, strict=True)):
            spread[axis] = float(min(deviation, width) if width > 0 else deviation)
    if line:
        spread[1] = spread[0]
    larger = max(spread)
    tiny = 1e-9 * max(1.0, float(np.abs(near).max(initial=0.0)))  # of equal numbers, by rounding
    widths = [s if s > tiny else larger for s in spread]
    x, y = (PART_OF_SCOTT * s * max(1, count) ** power if s > tiny else USUAL for s in widths)
    return x, UNCHANGING if line else y


def kernel_density(
    pieces: Iterable[NDArray[np.floating]], count: int, cells: Cells, bandwidth: tuple[float, float], progress: Progress = no_progress
) -> Floats:
    """Density of points at the centres of cells, (rows, columns), each point a Gaussian of this bandwidth.

    The points are counted at knots a quarter of the bandwidth apart, or a cell where that is larger: each is shared by the
    four around it. A Gaussian is laid over the knots, with a variance that is smaller by what the sharing adds. Where a cell
    is larger than the bandwidth, the Gaussian is as wide as the cell, so that nothing falls in between.

    Parameters
    ----------
    pieces : of arrays (n, 2), plane coordinates
        Those that are not finite, or far away, add nothing.
    count : int
        Of all points, to tell the progress.
    """
    x, y = cells.x, cells.y
    across = _Knots(x, cells.step_x, bandwidth[0])
    up = _Knots(y[::-1], cells.step_y, bandwidth[1])
    sums = np.zeros(up.count * across.count)
    done = counted = 0
    for piece in pieces:
        near = (np.abs(piece) <= FARTHEST).all(axis=1)
        counted += int(near.sum())
        near &= across.near(piece[:, 0]) & up.near(piece[:, 1])
        x_knot, x_part = across.of(piece[near, 0])
        y_knot, y_part = up.of(piece[near, 1])
        for row, share in ((0, 1 - y_part), (1, y_part)):
            first = (y_knot + row) * across.count + x_knot
            sums += np.bincount(first, share * (1 - x_part), minlength=len(sums))
            sums += np.bincount(first + 1, share * x_part, minlength=len(sums))
        done += len(piece)
        progress(done / max(1, count))
    table = sums.reshape(up.count, across.count).astype(np.float32)
    found: Floats = up.kernel(y) @ (table @ across.kernel(x).T)
    found /= np.float32(max(1, counted))
    return found


class _Knots:
    """Knots along one axis, as far as they reach cells at `centres` (ascending)."""

    def __init__(self, centres: Numbers, step: float, width: float) -> None:
        self._unchanging = math.isinf(width)
        if self._unchanging:
            self.count, self._low, self._step, self._width = 2, 0.0, 1.0, 1.0
            return
        wide = max(width, LEAST * step)
        self._step = max(wide / KNOTS, min(step, wide))
        self._low = float(centres[0]) - REACH * wide
        self.count = 2 + math.floor((float(centres[-1]) + REACH * wide - self._low) / self._step)
        self._width = math.sqrt(wide**2 - self._step**2 / 6)

    def near(self, numbers: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which numbers lie between knots."""
        if self._unchanging:
            return np.ones(len(numbers), np.bool_)
        return (numbers >= self._low) & (numbers < self._low + (self.count - 1) * self._step)

    def of(self, numbers: NDArray[np.floating]) -> tuple[NDArray[np.int64], Numbers]:
        """The knot below each number, and how far on the way to the next one it lies, in 0..1."""
        if self._unchanging:
            return np.zeros(len(numbers), np.int64), np.zeros(len(numbers))
        place = (numbers.astype(np.float64) - self._low) / self._step
        knot = np.clip(place.astype(np.int64), 0, self.count - 2)
        return knot, place - knot

    def kernel(self, centres: Numbers) -> Floats:
        """What a point at each knot adds at each centre, (cells, knots)."""
        if self._unchanging:
            return np.ones((len(centres), self.count), np.float32)
        return gaussian(centres[:, None] - (self._low + np.arange(self.count) * self._step), self._width)


def gaussian(distance: Numbers, width: float | Numbers) -> Floats:
    """The normal density, of distances in units of the plane."""
    found = (distance / width).astype(np.float32)
    np.square(found, out=found)
    found *= np.float32(-0.5)
    np.exp(found, out=found)
    found *= (1 / (np.asarray(width) * math.sqrt(2 * math.pi))).astype(np.float32)
    return found


def peak(
    pieces: Callable[[], Iterable[NDArray[np.floating]]], sample: NDArray[np.floating], count: int, bandwidth: tuple[float, float]
) -> float:
    """The highest density anywhere, so that a colour means the same wherever one looks; 0 without points.

    Looked for on 256 x 256 cells where the inner 99 % of a sample lie.
    """
    near = sample[(np.abs(sample) <= FARTHEST).all(axis=1)]
    if not len(near):
        return 0.0
    low, high = np.quantile(near.astype(np.float64), (0.005, 0.995), axis=0)
    widths = [USUAL if math.isinf(width) else width for width in bandwidth]
    return float(kernel_density(pieces(), count, cells_between(low - widths, high + widths, 256, 256), bandwidth).max())


def prior_density(frame: PlaneFrame, cells: Cells) -> Floats:
    """Density of N(0, I) on the plane, at the centres of cells (rows, columns); where the plane is shown as Phi(z) it is 1.

    In more than two dimensions: of the plane's two coordinates given all others, which for a plane along two latent axes is
    N(0, I) of those two. In general, with rows D of directions and origin o, it is normal with precision ``D D'`` and mean
    ``-(D D')^-1 D o``.
    """
    if frame.display == "phi":
        return np.where(frame.contains(cells.centres()), np.float32(1), np.float32(np.nan)).reshape(cells.rows, cells.columns)
    x, y = cells.x, cells.y
    if frame.latent_dim == 1:
        return np.repeat(gaussian(x[None], 1.0), len(y), axis=0)
    directions = frame.directions
    precision = directions @ directions.T
    mean = -np.linalg.solve(precision, directions @ frame.origin)
    u, v = (x - mean[0])[None], (y - mean[1])[:, None]
    square = precision[0, 0] * u**2 + 2 * precision[0, 1] * u * v + precision[1, 1] * v**2
    found: Floats = (math.sqrt(np.linalg.det(precision)) / (2 * math.pi) * np.exp(-0.5 * square)).astype(np.float32)
    return found


def aggregate_density(
    mean: Numbers, variance: Numbers, x: Numbers, y: Numbers, progress: Progress = no_progress, *, line: bool = False
) -> Floats:
    """Density of the aggregate posterior, the mean over images of N(mean, variance), at places x by y: (len(y), len(x)).

    Parameters
    ----------
    mean : float64 array, shape (n, 2)
        Of each image's posterior along two latent axes. What is not finite adds nothing.
    variance : float64 array, shape (n, 2), or (n, 2, 2)
        Along these axes; or whole covariances, of posteriors that may be tilted.
    x, y : float64 arrays
        Along these axes, ascending or descending; a posterior that is narrower than they lie apart is widened to that.
    line : bool
        Nothing changes along y.
    """
    numbers = variance.reshape(len(variance), math.prod(variance.shape[1:]))
    known = np.isfinite(np.concatenate([mean, numbers], axis=1)).all(axis=1) & (np.abs(mean) <= FARTHEST).all(axis=1)
    if variance.ndim == 3:
        if not line:
            return _tilted_density(mean[known], variance[known], x, y, progress)
        variance = np.diagonal(variance, axis1=1, axis2=2)
    mean, width = mean[known], np.sqrt(np.maximum(variance[known], 0.0))
    found = np.zeros((len(y), len(x)), np.float32)
    least_x, least_y = _least(x), _least(y)
    for start in range(0, len(mean), CHUNK):
        part = slice(start, start + CHUNK)
        across = gaussian(x - mean[part, :1], np.maximum(width[part, :1], least_x))
        if line:
            found += across.sum(axis=0)
        else:
            found += gaussian(y - mean[part, 1:], np.maximum(width[part, 1:], least_y)).T @ across
        progress(min(1.0, (start + CHUNK) / len(mean)))
    found /= np.float32(max(1, len(mean)))
    return found


def _least(axis: Numbers) -> Numbers:
    """The narrowest kernel at each place of an axis: what is narrower would fall in between."""
    return LEAST * np.abs(np.gradient(axis)) if len(axis) > 1 else np.array([1e-9])


def _tilted_density(mean: Numbers, covariance: Numbers, x: Numbers, y: Numbers, progress: Progress) -> Floats:
    """As `aggregate_density`, of N(mean, covariance) as N(x) N(y | x), each where it reaches.

    Given x, y has the mean ``mu_y + b (x - mu_x)`` with ``b = cov(x, y) / var x``, and the variance ``var y - b cov(x, y)``.
    """
    found = np.zeros((len(y), len(x)))
    least_x, least_y = _least(x), _least(y)
    for k, ((mu_x, mu_y), table) in enumerate(zip(mean, covariance, strict=True)):
        width = np.maximum(math.sqrt(max(table[0, 0], 0.0)), least_x)
        across = np.flatnonzero(np.abs(x - mu_x) <= REACH * width)
        up = np.flatnonzero(np.abs(y - mu_y) <= REACH * (math.sqrt(max(table[1, 1], 0.0)) + least_y))
        if len(across) and len(up):
            columns, rows = slice(across[0], across[-1] + 1), slice(up[0], up[-1] + 1)
            away, wide = x[columns] - mu_x, width[columns]
            slope = table[0, 1] / wide**2
            left = np.sqrt(np.maximum(table[1, 1] - slope * table[0, 1], 0.0))
            given = gaussian((y[rows] - mu_y)[:, None] - slope * away, np.maximum(left, least_y[rows, None]))
            found[rows, columns] += given * gaussian(away, wide)
        if k % CHUNK == CHUNK - 1:
            progress((k + 1) / len(mean))
    progress(1.0)
    return (found / max(1, len(mean))).astype(np.float32)


def drawn(mean: Numbers, variance: Numbers, eps: Numbers) -> Numbers:
    """Draws of posteriors by standard normal numbers eps (..., n, d): ``mean + S^(1/2) eps``.

    Parameters
    ----------
    mean : float64 array, shape (n, d)
    variance : float64 array, shape (n, d), or (n, d, d)
        As of `aggregate_density`.
    """
    if variance.ndim == 2:
        return mean + np.sqrt(variance) * eps
    known = np.isfinite(variance).all(axis=(1, 2), keepdims=True)
    values, vectors = np.linalg.eigh(np.where(known, variance, 0.0))
    roots = np.where(known, vectors * np.sqrt(np.maximum(values, 0.0))[:, None], np.nan)
    found: Numbers = mean + np.einsum("nij,...nj->...ni", roots, eps)
    return found
