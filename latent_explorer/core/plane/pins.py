"""Pins: the places that a person keeps, and what can be done with them. A tuple goes in, another comes out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Pin

MOST = 99  # markers have room for two digits
NEAR = 1e-9  # closer than this, two places are one
ON_PLANE = 1e-6  # of a point's own size: nearer to the plane than this, it lies on it

Pins = tuple[Pin, ...]


def added(pins: Pins, z: Sequence[float], condition: int | None = None) -> Pins:
    """With a pin at z, which gets the lowest number above all others, or the lowest free one when 99 is taken.

    ``condition`` is the class that a conditional model is told there.
    """
    taken = {pin.number for pin in pins}
    number = max(taken, default=0) + 1
    if number > MOST:
        number = next(free for free in range(1, len(taken) + 2) if free not in taken)
    return (*pins, Pin(tuple(float(value) for value in z), number, condition=condition))


def without(pins: Pins, numbers: Collection[int]) -> Pins:
    """All but those with these numbers."""
    return tuple(pin for pin in pins if pin.number not in numbers)


def renamed(pins: Pins, number: int, name: str) -> Pins:
    """With another name for one of them; spaces around it and line ends are left out."""
    plain = " ".join(name.split())
    return tuple(replace(pin, name=plain) if pin.number == number else pin for pin in pins)


def ordered(pins: Pins, numbers: Sequence[int]) -> Pins:
    """With those of these numbers in this order; all others stay at their places."""
    by_number = {pin.number: pin for pin in pins}
    order = iter([by_number[number] for number in numbers if number in by_number])
    return tuple(next(order) if pin.number in numbers else pin for pin in pins)


def shown(pins: Pins, latent_dim: int) -> Pins:
    """Those that a model of this latent size can decode."""
    return tuple(pin for pin in pins if len(pin.z) == latent_dim)


def pin_at(pins: Pins, z: Sequence[float] | None) -> Pin | None:
    """The pin at just this place."""
    if z is None:
        return None
    return next((pin for pin in pins if len(pin.z) == len(z) and all(abs(a - b) < NEAR for a, b in zip(pin.z, z, strict=True))), None)


def beside(pins: Pins, current: Pin | None, by: int) -> Pin | None:
    """The next (by = 1) or previous (by = -1) pin, round and round; without a current one the first or the last."""
    if not pins:
        return None
    if current is None or current not in pins:
        return pins[0 if by > 0 else -1]
    return pins[(pins.index(current) + by) % len(pins)]


def off_plane(frame: PlaneFrame, z: Sequence[float]) -> float:
    """How far z lies from the plane, in units of z; 0.0 for what lies on it but for rounding."""
    point = np.array(z, dtype=np.float64)
    distance = float(np.linalg.norm(point - frame.foot(point)))
    return distance if distance > ON_PLANE * (1.0 + float(np.abs(point).max(initial=0.0))) else 0.0
