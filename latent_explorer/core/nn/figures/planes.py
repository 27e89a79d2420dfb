"""Figures of a plane as the encoder fills it and the decoder bends it: holes, leak, and the magnification."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.nn.exact.grids import LOG_2_PI
from latent_explorer.core.nn.figures.exact import LEAKED
from latent_explorer.core.nn.figures.form import Figures, absent, figure
from latent_explorer.core.nn.geometry import log_magnification
from latent_explorer.core.plane.fields import EDGE, HOLE, hole_mass
from latent_explorer.core.types import ModelHandle

DRAWS = 16  # of each image's q, for the leak
SEED = 20250105
SIDE = 64  # of the places at which the magnification is looked at


def plane_figures(handle: ModelHandle, mu: NDArray[np.float32], log_var: NDArray[np.float32]) -> Figures:
    """Hole mass and leak of the encoder's aggregate posterior, from its means and log variances (N, d)."""
    config = handle.architecture
    facts = config.facts
    if facts.space != "plane" or config.latent_dim > 2 or not facts.prior:
        reason = facts.lacks or "It is defined for a plane with a normal prior."
        return absent(reason, "hole_mass", "leak", unit="probability")
    mean, variance = mu.astype(np.float64), np.exp(log_var.astype(np.float64))
    line = config.latent_dim == 1
    wide, spread = (np.pad(part, ((0, 0), (0, 1))) if line else part for part in (mean, variance))
    words = "posteriors of the encoder, grey images"
    eps = np.random.Generator(np.random.PCG64(SEED)).standard_normal((DRAWS, *mean.shape))
    far = np.linalg.norm(mean + np.sqrt(variance) * eps, axis=2) > LEAKED
    hole = f"prior mass where the aggregate posterior has less than {HOLE} of the prior's density, 128 x 128 cells on [-{EDGE}, {EDGE}]^2"
    leak = f"aggregate posterior's mass at |z| > {LEAKED}, {DRAWS} draws for each image, {words}"
    return {
        "hole_mass": figure(hole_mass(wide, spread, line=line), n=len(mu), protocol=f"{hole}, {words}", unit="probability"),
        "leak": figure(float(far.mean()), n=len(mu), protocol=leak, unit="probability", seed=SEED),
    }


def magnification_figure(handle: ModelHandle) -> Figures:
    """The 99th percentile of ``sqrt(det J'J)`` under the prior: how sharply the decoder's picture changes where it changes most."""
    config, key = handle.architecture, "magnification_p99"
    if config.facts.space != "plane" or config.latent_dim != 2 or config.facts.levels or config.facts.conditional:
        return absent("It is defined for one picture at each place of a plane.", key, unit="squared image distance per unit^2")
    h = 2 * EDGE / SIDE
    along = -EDGE + h * (np.arange(SIDE) + 0.5)
    z = np.stack([np.tile(along, SIDE), np.repeat(along, SIDE)], axis=1)
    try:
        logs = log_magnification(handle, z.astype(np.float32), np.eye(2, dtype=np.float32)).astype(np.float64)
    except (TypeError, NotImplementedError):
        return absent("No derivative is written for its decoder.", key, unit="squared image distance per unit^2")
    mass = np.exp(-0.5 * (z * z).sum(1) - LOG_2_PI + 2 * math.log(h))
    order = np.argsort(logs)
    place = int(np.searchsorted(np.cumsum(mass[order]) / mass.sum(), 0.99))
    protocol = f"99th percentile under the prior of sqrt(det J'J), J of the expected pixels in 0..1, {SIDE} x {SIDE} midpoints"
    value = float(np.exp(logs[order[min(place, len(order) - 1)]]))
    return {key: figure(value, n=len(z), protocol=protocol, unit="squared image distance per unit^2")}
