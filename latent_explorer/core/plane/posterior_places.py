"""Where an exact posterior and its parts lie on the plane: for crosses, for a window that shows them, and how wide they look."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.posterior import Posterior
from latent_explorer.core.scene import Camera

Doubles = NDArray[np.float64]

SIGHT = 4.0  # standard deviations from the middle of a posterior, or of a part, to the window's edge
LEAST_SIGHT = 1e-3  # units of the plane: half of the narrowest window
SAME = 0.01  # of a window's side: one that is so near is the same


def peaks(found: Posterior, frame: PlaneFrame) -> Doubles:
    """Plane coordinates (n, 2) of the parts' highest places, in their order; of one in one part, of its mode.

    On a torus of the copies that lie nearest to the mode; NaN for what is behind a globe.
    """
    places = np.array([part.place for part in found.parts] or [found.mode])
    if frame.kind == "torus":
        places = places - np.rint(places - found.mode)
    return _flat(frame, places)


def rectangles(found: Posterior, frame: PlaneFrame) -> Doubles:
    """What to look at, (n, 2, 2), low and high corners: all of it; where it is in several parts, then each of these, heaviest first.

    None where all of it is behind a globe.
    """
    if found.parts:
        order = sorted(range(len(found.parts)), key=lambda number: -found.parts[number].share)
        middles = peaks(found, frame)[order]
        reaches = np.array([_reach(frame, found.parts[number].place, found.parts[number].covariance) for number in order])
    else:
        middle = found.mean if found.space in ("plane", "line") else found.mode
        middles, reaches = _flat(frame, middle)[None], np.array([_reach(frame, middle, found.covariance)])
    around: Doubles = np.stack([middles - reaches[:, None], middles + reaches[:, None]], axis=1)[np.isfinite(reaches)]
    if len(around) > 1:
        around = np.concatenate([np.stack([around[:, 0].min(axis=0), around[:, 1].max(axis=0)])[None], around])
    return around


def next_window(choices: Sequence[Camera], now: Camera) -> Camera:
    """The choice that follows what is shown, all around; the first where none of them is.

    Of choices that look the same only the first counts: the window of one part may show all the others.
    """
    kept: list[Camera] = []
    for one in choices:
        if not any(_same(one, other) for other in kept):
            kept.append(one)
    there = [_same(one, now) for one in kept]
    return kept[(there.index(True) + 1) % len(kept) if any(there) else 0]


def _same(one: Camera, other: Camera) -> bool:
    return math.dist((one.x, one.y, one.span), (other.x, other.y, other.span)) < SAME * one.span


def longest(found: Posterior, frame: PlaneFrame) -> float:
    """Four standard deviations along the longest axis, plane units; of parts those of the widest. NaN behind a globe."""
    parts = [(part.place, part.covariance) for part in found.parts] or [(found.mode, found.covariance)]
    lengths = []
    for place, covariance in parts:
        variances, axes = np.linalg.eigh(covariance)
        reach = math.sqrt(max(float(variances[-1]), 0.0)) * axes[:, -1]
        ends = _flat(frame, np.stack([place - reach, place + reach]))
        lengths.append(2 * float(np.linalg.norm(ends[1] - ends[0])))
    known = [length for length in lengths if math.isfinite(length)]
    return max(known, default=math.nan)


def _reach(frame: PlaneFrame, place: Doubles, covariance: Doubles) -> float:
    """Half of the window that shows it, plane units; NaN behind a globe."""
    reach = SIGHT * math.sqrt(max(float(np.linalg.eigvalsh(covariance)[-1]), 0.0))
    one, two = _flat(frame, np.stack([place, place + reach / math.sqrt(len(place))]))
    length = float(np.hypot(*(two - one)))
    return length if math.isnan(length) else max(length, LEAST_SIGHT)


def _flat(frame: PlaneFrame, z: Doubles) -> Doubles:
    """Plane coordinates (n, 2) or (2,); on a torus beyond the first square too, where `to_plane` would go around."""
    if frame.kind == "torus":
        return z
    return frame.to_plane(z)
