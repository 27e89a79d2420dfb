"""The exact posterior of one image as a field: its density, its regions of highest density, and the encoder's ellipses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.cells import Cells
from latent_explorer.core.plane.field import POSTERIOR, PlaneField
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.posterior import Posterior
from latent_explorer.core.prior import density_unit

Doubles = NDArray[np.float64]

TITLE = "Exact posterior"
REGIONS = (0.95, 0.68)  # shares of the posterior inside the contours, and of the encoder's q inside its ellipses
DECADES = 3.0  # of the colours, below the highest density
FADING = 1.0  # decades at the lower end in which the field fades away, so that what lies around stays to be seen
LEAST = 1e-38  # mass of a cell, so that it has a logarithm
SEEN = DECADES * math.log(10)  # nats below the highest density, beyond which nothing is drawn
DIRECTIONS = 96  # corners of an ellipse
PIECE = 1 << 22  # products at once, where places are looked for on the sphere


def log_density(found: Posterior, z: Doubles) -> Doubles:
    """Logarithm of p(z|x) at places (n, d), from the grid alone: (n,), nats.

    Between the centres of cells the logarithm is interpolated, on the sphere it is that of the nearest cell; -inf off the grid.
    """
    logs = np.log(np.maximum(found.probability, LEAST).astype(np.float64)) - log_cell(found)
    if found.space == "sphere":
        return logs[_nearest(found.z, z)]
    if found.space == "line":
        return _between(logs[None], found, np.stack([z[:, 0], np.zeros(len(z))], axis=1))
    return _between(logs, found, z)


def log_cell(found: Posterior) -> float:
    """Logarithm of the size of one cell of the grid."""
    return float(np.log(found.h)) * (1 if found.space == "line" else 2)


def _between(logs: Doubles, found: Posterior, z: Doubles) -> Doubles:
    """Bilinear; around the torus, and level beyond the outermost centres."""
    place = (z - found.axis[0]) / found.h
    inside = np.ones(len(z), np.bool_)
    if found.space == "torus":
        logs = np.pad(logs, ((0, 1), (0, 1)), mode="wrap")
        place = place % found.side
    else:
        inside = ((place >= -0.5) & (place <= np.array(logs.shape[::-1]) - 0.5)).all(axis=1)
    most = np.array(logs.shape[::-1]) - 1
    place = np.clip(place, 0, most)
    corner = np.minimum(place.astype(np.int64), np.maximum(most - 1, 0))
    (u, v), (column, row) = (place - corner).T, corner.T
    right, below = np.minimum(column + 1, most[0]), np.minimum(row + 1, most[1])
    upper = (1 - u) * logs[row, column] + u * logs[row, right]
    lower = (1 - u) * logs[below, column] + u * logs[below, right]
    return np.where(inside, (1 - v) * upper + v * lower, -np.inf)


def _nearest(nodes: NDArray[np.float32], z: Doubles) -> NDArray[np.int64]:
    """Of unit vectors (n, d) the node that each lies nearest to."""
    count = max(1, PIECE // len(nodes))
    parts = [np.argmax(z[k : k + count].astype(np.float32) @ nodes.T, axis=1) for k in range(0, len(z), count)]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def region_levels(mass: Doubles, density: Doubles) -> tuple[float, ...]:
    """The densities at the edges of the smallest regions that hold `REGIONS` of the posterior, in that order.

    Parameters
    ----------
    mass, density : float64 arrays, shape (n,)
        Of all cells that count: what each holds (about 1 together), and the logarithm of the density in it.
    """
    order = np.argsort(-density, kind="stable")
    held = np.cumsum(mass[order]) / mass.sum()
    rows = np.minimum(np.searchsorted(held, REGIONS), len(order) - 1)
    return tuple(float(value) for value in density[order[rows]])


def posterior_field(
    logs: Doubles, cells: Cells, highest: float, levels: tuple[float, ...], note: str, *, space: str = "plane"
) -> PlaneField:
    """The field from logarithms of the density at the centres of cells, nats (rows * columns,); -inf where there is none.

    Parameters
    ----------
    highest : float
        The logarithm of the density at the mode.
    levels : tuple of float
        Of `region_levels`, natural logarithms; none where they are not known yet.
    space : str
        As of `Posterior`.
    """
    decimal = np.full(len(logs), np.nan)
    there = np.isfinite(logs)
    decimal[there] = logs[there] / math.log(10)
    high = highest / math.log(10)
    low = high - DECADES
    values = decimal.reshape(cells.rows, cells.columns).astype(np.float32)
    strength = np.clip((values - np.float32(low)) / np.float32(FADING), 0, 1)
    return PlaneField(
        POSTERIOR,
        TITLE,
        density_unit(space),
        np.nan_to_num(values, nan=low - 1.0),  # so that contours can be drawn at the edge
        cells.rectangle,
        "depth",
        low,
        high,
        log=True,
        levels=tuple(level / math.log(10) for level in levels),
        names=tuple(f"{share:.0%}" for share in REGIONS[: len(levels)]),
        strength=np.nan_to_num(strength, nan=0.0),
        note=note,
    )


def ellipses(frame: PlaneFrame, mean: NDArray[np.floating], covariance: NDArray[np.floating]) -> tuple[Doubles, ...]:
    """The ellipses that hold `REGIONS` of N(mean, covariance), closed lines (n, 2) in plane coordinates.

    ``r^2 = -2 log(1 - share)``, the quantile of chi squared with two degrees of freedom. Nothing for other than two dimensions.
    """
    if mean.shape != (2,) or frame.kind == "sphere":
        return ()
    angles = np.linspace(0, 2 * np.pi, DIRECTIONS + 1)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    values, axes = np.linalg.eigh(covariance.astype(np.float64))
    around = circle * np.sqrt(np.maximum(values, 0)) @ axes.T
    lines = (mean + math.sqrt(-2 * math.log(1 - share)) * around for share in REGIONS)
    # An endless tiling of the torus is drawn as one line, which to_plane would cut at the ends of a cell.
    return tuple(line if frame.kind == "torus" else frame.to_plane(line) for line in lines)
