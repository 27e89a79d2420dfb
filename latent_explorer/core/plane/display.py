"""Display maps: what lies between the coordinates of a plane in latent space and those that are drawn, axis by axis."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

DISPLAYS = ("identity", "phi")
EDGE = 2.0**-53  # Phi is 0 and 1 for no number; this near, float64 cannot tell any more
STEPS = tuple((part / 10**digits, digits) for digits in range(7) for part in ((1,) if digits == 0 else (5, 1)))  # and digits to write
MANY = 400  # values that are so fine that most of them lie too near to each other

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

    No two lie nearer than `spacing`; rounder values come first, and of equally round ones those that lie nearer to 0.
    """
    first, last = phi_inverse(np.array([low, high])).tolist()
    found: dict[float, str] = {}  # by where they lie
    for step, digits in STEPS:
        values = np.arange(math.ceil(first / step), math.floor(last / step) + 1) * step
        if len(values) > MANY:
            break
        values = values[np.argsort(np.abs(values), kind="stable")]
        for value, place in zip(values.tolist(), phi(values).tolist(), strict=True):
            if low <= place <= high and all(abs(place - other) >= spacing for other in found):
                found[place] = f"{value:.{digits}f}"
    return sorted(found.items())
