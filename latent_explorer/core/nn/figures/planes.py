"""Figures of a plane as the encoder fills it and the decoder bends it: holes, leak, and the magnification."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.grids import LOG_2_PI
from latent_explorer.core.nn.figures.exact import LEAKED
from latent_explorer.core.nn.figures.form import Figures, absent, figure
from latent_explorer.core.nn.geometry import log_magnification
from latent_explorer.core.plane.density import bandwidth_of, drawn
from latent_explorer.core.plane.fields import EDGE, HOLE, hole_mass
from latent_explorer.core.types import ModelHandle

WIDEST = 1.0  # kernel of points
DRAWS = 16  # of each image's q, for the leak
SEED = 20250105
HOLE_WORDS = f"prior mass where the aggregate posterior has less than {HOLE} of the prior's density, 128 x 128 cells on [-{EDGE}, {EDGE}]^2"
AREA = "squared image distance per unit^2"
SIDE = 64  # of the places at which the magnification is looked at


def plane_figures(
    handle: ModelHandle, mu: NDArray[np.float32], log_var: NDArray[np.float32] | None, covariance: NDArray[np.float32] | None = None
) -> Figures:
    """Hole mass and leak of the encoder's aggregate posterior, from its means and log variances (N, d).

    Parameters
    ----------
    log_var : float32 array, or None where the encoder gives points
        For the holes, points are as wide as the kernel by which the doctor and the plane look at them.
    covariance : float32 array, shape (N, d, d), or None
        In the place of `log_var`, of posteriors that may be tilted.
    """
    config = handle.architecture
    facts = config.facts
    if facts.space != "plane" or config.latent_dim > 2 or not facts.prior:
        reason = facts.lacks or "It is defined for a plane with a normal prior."
        return absent(reason, "hole_mass", "leak", unit="probability")
    mean, line = mu.astype(np.float64), config.latent_dim == 1
    wide = np.pad(mean, ((0, 0), (0, 1))) if line else mean
    if log_var is None or not facts.spread:
        return _of_points(mean, wide, line=line)
    variance = np.exp(log_var.astype(np.float64)) if covariance is None else covariance.astype(np.float64)
    spread = np.pad(variance, ((0, 0), *[(0, 1)] * (variance.ndim - 1))) if line else variance
    words = f"posteriors of the encoder, {'their whole covariances, ' if variance.ndim == 3 else ''}grey images"
    eps = np.random.Generator(np.random.PCG64(SEED)).standard_normal((DRAWS, *mean.shape))
    far = np.linalg.norm(drawn(mean, variance, eps), axis=2) > LEAKED
    leak = f"aggregate posterior's mass at |z| > {LEAKED}, {DRAWS} draws for each image, {words}"
    return {
        "hole_mass": figure(hole_mass(wide, spread, line=line), n=len(mu), protocol=f"{HOLE_WORDS}, {words}", unit="probability"),
        "leak": figure(float(far.mean()), n=len(mu), protocol=leak, unit="probability", seed=SEED),
    }


def _of_points(mean: NDArray[np.float64], places: NDArray[np.float64], *, line: bool) -> Figures:
    """Of an encoder that gives points (N, d), and on the plane (N, 2)."""
    x, y = np.minimum(bandwidth_of(places, len(places), line=line), WIDEST).tolist()
    widths = np.broadcast_to(np.square([x, y]), places.shape)
    kernel = f"{x:.2g}" if line else f"{x:.2g} and {y:.2g} along the axes"
    hole = f"{HOLE_WORDS}, each code of the encoder a Gaussian with a standard deviation of {kernel}, grey images"
    leak = f"share of codes at |z| > {LEAKED}, codes of the encoder, grey images"
    far = np.linalg.norm(mean, axis=1) > LEAKED
    return {
        "hole_mass": figure(hole_mass(places, widths, line=line), n=len(mean), protocol=hole, unit="probability"),
        "leak": figure(float(far.mean()), n=len(mean), protocol=leak, unit="probability"),
    }


def magnification_figure(handle: ModelHandle) -> Figures:
    """The 99th percentile of ``sqrt(det J'J)`` under the prior: how sharply the decoder's picture changes where it changes most."""
    config, key = handle.architecture, "magnification_p99"
    torus = config.facts.space == "torus"
    if config.facts.levels or config.facts.conditional:
        return absent("It is defined where each place has one picture.", key, unit=AREA)
    if not torus and (config.facts.space != "plane" or config.latent_dim != 2):
        return absent("It is worked out on a plane of two latent dimensions or a torus.", key, unit=AREA)
    low, h = (0.0, 1 / SIDE) if torus else (-EDGE, 2 * EDGE / SIDE)
    along = low + h * (np.arange(SIDE) + 0.5)
    z = np.stack([np.tile(along, SIDE), np.repeat(along, SIDE)], axis=1)
    try:
        logs = log_magnification(handle, z.astype(np.float32), np.eye(2, dtype=np.float32)).astype(np.float64)
    except (TypeError, NotImplementedError):  # how `core.nn.geometry` says that a layer or a likelihood has no derivative yet
        return absent("No derivative is written for its decoder.", key, unit=AREA)
    mass = np.full(len(z), h * h) if torus else np.exp(-0.5 * (z * z).sum(1) - LOG_2_PI + 2 * math.log(h))  # torus: all places alike
    order = np.argsort(logs)
    place = int(np.searchsorted(np.cumsum(mass[order]) / mass.sum(), 0.99))
    protocol = f"99th percentile under the prior of sqrt(det J'J), J of the expected pixels in 0..1, {SIDE} x {SIDE} midpoints"
    value = float(np.exp(logs[order[min(place, len(order) - 1)]]))
    return {key: figure(value, n=len(z), protocol=protocol, unit=AREA)}
