"""The fields of the plane, each with its numbers, its colours and its words. Numpy only; what needs the decoder gets its numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.colour_maps import nice_ticks
from latent_explorer.core.plane.cells import Cells, cells_between
from latent_explorer.core.plane.contours import contours_of
from latent_explorer.core.plane.density import Floats, Numbers, Progress, aggregate_density, no_progress
from latent_explorer.core.plane.display import phi_inverse
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.frame import PlaneFrame

HOLE = 0.1  # a hole is where the aggregate posterior has less than this part of the prior's density (docs/science.md)
HOLE_LEVEL = math.log10(HOLE)
DECADES = 2.0  # of a density's colours
LEAST_DENSITY = 1e-30  # so that it has a logarithm
RATIO_ENDS = (-2.0, 2.0)  # decimal logarithms
LEAST_RATIO = 1e-6  # so that contours can be drawn next to nothing
LEAST_PRIOR = 1e-30  # where it is smaller, the codes are what counts
EDGE = 4.5
INNER = 0.999  # of the prior's mass; farther out nobody expects codes, so that their lack is no hole
LINE_REACH = 3.2905**2  # the quantile of that of chi squared with one degree of freedom
FADING = 0.99  # of the prior's mass; farther out the colours of the ratio fade
LINE_FADING = 2.5758**2  # as `LINE_REACH`
TICKS = 6

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "density": "Density of codes",
        "class_density": "Density of class {name}",
        "prior": "Prior density",
        "holes": "Holes",
        "sensitivity": "Sensitivity",
        "information": "Sensitivity, Fisher–Rao",
        "regions": "Class regions",
    }
)


@dataclass(frozen=True)
class Range:
    """From which number to which the colours go: the same all over the plane, so that a colour means the same everywhere."""

    low: float
    high: float


def density_field(
    kind: str, density: Floats, cells: Cells, highest: float, *, line: bool = False, name: str = "", note: str = ""
) -> PlaneField:
    """A density by its decimal logarithm, two decades from the highest value down; `name` is the class's, where it is of one.

    On an even scale one narrow cluster would leave all others without colour.
    """
    high = math.log10(highest)
    limits = Range(high - DECADES, high)
    logs = np.log10(np.maximum(density, np.float32(LEAST_DENSITY)))
    title, unit = TITLES[kind].format(name=name), "per unit" if line else "per unit²"
    return PlaneField(
        kind,
        title,
        unit,
        logs,
        cells.rectangle,
        "depth",
        limits.low,
        limits.high,
        log=True,
        levels=log_ticks(limits.low, limits.high),
        note=note,
    )


def sensitivity_field(kind: str, values: Floats, cells: Cells, limits: Range, note: str = "") -> PlaneField:
    """Log magnifications."""
    levels = tuple(tick for tick in nice_ticks(limits.low, limits.high, TICKS) if limits.low < tick < limits.high)
    return PlaneField(
        kind, TITLES[kind], "log magnification", values, cells.rectangle, "depth", limits.low, limits.high, levels=levels, note=note
    )


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """Decimal logarithms of 1, 3, 10, 30 and so on, between two of them."""
    first, last = math.floor(low), math.ceil(high)
    wanted = (k + part for k in range(first, last + 1) for part in (0.0, math.log10(3)))
    return tuple(tick for tick in wanted if low < tick < high)


def holes_field(ratio: Floats, cells: Cells, note: str = "", strength: Floats | None = None) -> PlaneField:
    """log10 of aggregate posterior / prior, with one contour around the holes, where it is below -1."""
    logs = np.log10(np.maximum(ratio, np.float32(LEAST_RATIO)))
    return PlaneField(
        "holes",
        TITLES["holes"],
        "codes / prior",
        logs,
        cells.rectangle,
        "balance",
        *RATIO_ENDS,
        log=True,
        levels=(HOLE_LEVEL,),
        strength=strength,
        note=note,
    )


def regions_field(labels: NDArray[np.int64], share: Floats, cells: Cells, note: str = "", least: float = 0.0) -> PlaneField:
    """Labels as colours, shares, `least` and more, as opacity; -1 is not drawn."""
    values = labels.reshape(cells.rows, cells.columns).astype(np.float32)
    strength = share.reshape(values.shape)
    return PlaneField(
        "regions",
        TITLES["regions"],
        "share of the nearest",
        values,
        cells.rectangle,
        "classes",
        least,
        1.0,
        strength=strength,
        note=note,
    )


def with_contours(field: PlaneField, cells: Cells) -> PlaneField:
    """The same, with the lines of its levels."""
    return replace(field, contours=contours_of(field.values, cells, field.levels))


def aggregate_ratio(
    mean: Numbers, variance: Numbers, frame: PlaneFrame, cells: Cells, progress: Progress = no_progress
) -> NDArray[np.float32]:
    """Density of the aggregate posterior by that of the prior, (rows, columns), on a plane along two latent axes.

    Both are of the plane's two axes alone, whatever the others are, as are the points that are drawn. NaN where the prior
    has all but a thousandth of its mass farther inside and there are fewer codes than it expects: no hole, but the outside.

    Parameters
    ----------
    mean : float64 array, shape (n, 2)
        Of each image's posterior, along the plane's axes.
    variance : float64 array, shape (n, 2), or (n, 2, 2)
        As of `aggregate_density`.
    """
    line, (x, y) = frame.latent_dim == 1, latent_axes(frame, cells)
    square = np.broadcast_to(x**2, (len(y), len(x))) if line else x**2 + (y**2)[:, None]
    prior = np.exp(-0.5 * square) / math.sqrt(2 * math.pi) ** (1 if line else 2)
    codes = aggregate_density(mean, variance, x, y, progress, line=line)
    ratio = (codes / np.maximum(prior, LEAST_PRIOR)).astype(np.float32)
    outside = (square > (LINE_REACH if line else -2 * math.log(1 - INNER))) & (ratio < 1)
    ratio[outside | ~frame.contains(cells.centres()).reshape(ratio.shape)] = np.float32(np.nan)
    return ratio


def prior_strength(frame: PlaneFrame, cells: Cells) -> NDArray[np.float32]:
    """How strongly the ratio is to be drawn, (rows, columns): fully where the prior has 99 % of its mass, and farther out as its density.

    Out there the ratio is large wherever a single code lies, and says little.
    """
    line, (x, y) = frame.latent_dim == 1, latent_axes(frame, cells)
    square = np.broadcast_to(x**2, (len(y), len(x))) if line else x**2 + (y**2)[:, None]
    reach = LINE_FADING if line else -2 * math.log(1 - FADING)
    found: NDArray[np.float32] = np.exp(-0.5 * np.maximum(square - reach, 0.0)).astype(np.float32)
    return found


def hole_mass(mean: Numbers, variance: Numbers, progress: Progress = no_progress, *, line: bool = False) -> float:
    """The prior's probability of the holes, P_p{ z : q_agg(z) / p(z) < 0.1 }, by midpoints of 128 x 128 cells on [-4.5, 4.5]^2.

    Mean (n, 2) and variance (n, 2), or (n, 2, 2), are those of `aggregate_density`.
    """
    edge = np.full(2, EDGE)
    x = cells_between(-edge, edge, 128, 128).x
    single = np.exp(-0.5 * x**2) / math.sqrt(2 * math.pi)
    prior = np.broadcast_to(single, (128, 128)) if line else single * single[:, None]
    codes = aggregate_density(mean, variance, x, x, progress, line=line)
    return float(prior[codes < HOLE * prior].sum() / prior.sum())


def latent_axes(frame: PlaneFrame, cells: Cells) -> tuple[Numbers, Numbers]:
    """The latent coordinates of columns and rows: those of the plane, or where it is shown as Phi(z), what lies behind them."""
    return (phi_inverse(cells.x), phi_inverse(cells.y)) if frame.display == "phi" else (cells.x, cells.y)


def variance_on_plane(frame: PlaneFrame, log_var: NDArray[np.floating]) -> Numbers:
    """Variances (n, 2) along the plane's axes of posteriors with these log variances (n, d) of z."""
    variance = np.exp(np.asarray(log_var, np.float64))
    if frame.pair is not None:
        return variance[:, frame.pair]
    inverse = np.linalg.pinv(frame.directions)
    found: Numbers = variance @ inverse**2
    return found


def covariance_on_plane(frame: PlaneFrame, covariance: NDArray[np.floating]) -> Numbers:
    """Covariances (n, 2, 2) along the plane's axes of posteriors with these of z (n, d, d)."""
    inverse = np.linalg.pinv(frame.directions)
    found: Numbers = inverse.T @ np.asarray(covariance, np.float64) @ inverse
    return found
