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
from latent_explorer.core.plane.density import Floats, Numbers, Progress, aggregate_density, no_progress, prior_density
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.frame import PlaneFrame

HOLE = 0.1  # a hole is where the aggregate posterior has less than this part of the prior's density (docs/science.md)
HOLE_LEVEL = math.log10(HOLE)
RATIO_ENDS = (-2.0, 2.0)  # decimal logarithms
LEAST_RATIO = 1e-6  # so that contours can be drawn next to nothing
INNER = 0.999  # of the prior's mass; farther out nobody expects codes, so that their lack is no hole
TICKS = 6

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "density": "Density of codes",
        "class_density": "Density of {name}",
        "prior": "Prior density",
        "holes": "Codes / prior",
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

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round numbers in between."""
        return nice_ticks(self.low, self.high, TICKS)


def amount_field(
    kind: str, values: Floats, cells: Cells, limits: Range, *, line: bool = False, name: str = "", note: str = ""
) -> PlaneField:
    """A density, or another amount whose map begins at `limits.low`. `name` is the class's, where it is of one."""
    unit = "log magnification" if kind in ("sensitivity", "information") else "per unit" if line else "per unit²"
    levels = tuple(tick for tick in limits.ticks if limits.low < tick < limits.high)
    title = TITLES[kind].format(name=name)
    return PlaneField(kind, title, unit, values, cells.rectangle, "depth", limits.low, limits.high, levels=levels, note=note)


def holes_field(ratio: Floats, cells: Cells, note: str = "") -> PlaneField:
    """log10 of aggregate posterior / prior, with one contour around the holes, where it is below -1."""
    logs = np.log10(np.maximum(ratio, np.float32(LEAST_RATIO)))
    return PlaneField(
        "holes", TITLES["holes"], "ratio", logs, cells.rectangle, "balance", *RATIO_ENDS, log=True, levels=(HOLE_LEVEL,), note=note
    )


def regions_field(labels: NDArray[np.int64], share: Floats, cells: Cells, note: str = "") -> PlaneField:
    """Labels as colours, shares as opacity; -1 is not drawn."""
    values = labels.reshape(cells.rows, cells.columns).astype(np.float32)
    strength = share.reshape(values.shape)
    return PlaneField(
        "regions",
        TITLES["regions"],
        "share of the nearest codes",
        values,
        cells.rectangle,
        "classes",
        0.0,
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
    mean, variance : float64 arrays, shape (n, 2)
        Of each image's posterior, along the plane's axes.
    """
    line = frame.latent_dim == 1
    prior = prior_density(_through_origin(frame), cells)
    # Where the prior's density is no more a float32 number, the codes are what counts.
    codes = aggregate_density(mean, variance, cells, progress, line=line)
    ratio = np.asarray(codes / np.maximum(prior, np.float32(1e-30)), np.float32)
    x, y = cells.x, cells.y
    square = np.broadcast_to(x**2, (len(y), len(x))) if line else x**2 + (y**2)[:, None]
    reach = 3.2905**2 if line else -2 * math.log(1 - INNER)  # quantiles of chi squared with 1 and 2 degrees of freedom
    ratio[(square > reach) & (ratio < 1)] = np.float32(np.nan)
    return ratio


def hole_mass(mean: Numbers, variance: Numbers, frame: PlaneFrame) -> float:
    """The prior's probability of the holes, P_p{ z : q_agg(z) / p(z) < 0.1 }, by midpoints on 128 x 128 cells of [-4.5, 4.5]^2."""
    edge = np.full(2, 4.5)
    cells = cells_between(-edge, edge, 128, 128)
    prior = prior_density(_through_origin(frame), cells).astype(np.float64)
    codes = aggregate_density(mean, variance, cells, line=frame.latent_dim == 1)
    return float(prior[codes < HOLE * prior].sum() / prior.sum())


def _through_origin(frame: PlaneFrame) -> PlaneFrame:
    """The parallel plane on which the prior of the two coordinates alone is that of the two given the others."""
    return PlaneFrame(np.zeros(frame.latent_dim), frame.directions)


def variance_on_plane(frame: PlaneFrame, log_var: NDArray[np.floating]) -> Numbers:
    """Variances (n, 2) along the plane's axes of posteriors with these log variances (n, d) of z."""
    variance = np.exp(np.asarray(log_var, np.float64))
    if frame.pair is not None:
        return variance[:, frame.pair]
    inverse = np.linalg.pinv(frame.directions)
    found: Numbers = variance @ inverse**2
    return found
