"""Display maps: what lies between the coordinates of a plane in latent space and those that are drawn, axis by axis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

DISPLAYS = ("identity", "phi")
EDGE = 2.0**-53  # Phi is 0 and 1 for no number; this near, float64 cannot tell any more
MOST = 9.0  # beyond this, Phi is 0 or 1
STEPS = (1.0, 0.5, 0.1)  # between ticks, times a power of ten: each one's are among the next one's

Floats = NDArray[np.float64]


def phi(values: Floats) -> Floats:
    """The standard normal distribution function: what part of the prior lies below, 0..1."""
    from scipy.special import ndtr  # slow to load, and few ask for it

    found: Floats = ndtr(values)
    return found


def phi_inverse(parts: Floats) -> Floats:
    """Where `phi` is so large; as far out as numbers go, 8.2, where the part is not between 0 and 1."""
    from scipy.special import ndtri

    found: Floats = ndtri(np.clip(parts, EDGE, 1 - EDGE))
    return found


def phi_ticks(low: float, high: float, spacing: float) -> list[tuple[float, str]]:
    """Round values of z to mark on an axis that runs in Phi(z) from low to high: where, and how they are written.

    No two lie nearer than `spacing`, and rounder values come first; so there are few where Phi is steep, and many in between.
    """
    first, last = phi_inverse(np.array([low, high])).tolist()
    found: dict[float, float] = {}  # where they lie, by value
    power = 0
    while 10.0 ** (power + 1) < last - first:
        power += 1
    digits = 0
    for exponent in range(power, power - 6, -1):
        for step in STEPS[:2]:
            size = step * 10.0**exponent
            values = np.arange(math.ceil(first / size), math.floor(last / size) + 1) * size
            if len(values) > 400:
                return _written(found, digits)
            before = len(found)
            for value, place in zip(values.tolist(), phi(values).tolist(), strict=True):
                if low <= place <= high and all(abs(place - other) >= spacing for other in found.values()):
                    found[value] = place
            if len(found) > before:
                digits = max(digits, -exponent + (step < 1))
    return _written(found, digits)


def _written(found: dict[float, float], digits: int) -> list[tuple[float, str]]:
    return [(place, f"{value:.{max(0, digits)}f}") for value, place in sorted(found.items())]
