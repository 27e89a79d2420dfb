"""What lies over the field of an exact posterior: where its crosses, the encoder's ellipses and its ring are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.posterior_field import ellipses
from latent_explorer.core.plane.posterior_places import peaks
from latent_explorer.core.plane.tiling import copy_near
from latent_explorer.core.posterior import Posterior
from latent_explorer.core.scene import Camera
from latent_explorer.workers.posterior import Comparison, Finding

Spot = tuple[float, float]


class Marks(NamedTuple):
    """Plane coordinates: the mode, the encoder's place, the peaks of other parts; of a torus the copies nearest to the camera."""

    mode: Spot | None
    place: Spot | None
    others: tuple[Spot, ...]


def marks_of(found: Posterior, parts: Posterior | None, compared: Comparison | None, frame: PlaneFrame, camera: Camera) -> Marks:
    """Where they are. The others are of ``parts``, which may be an earlier answer on the same image; none where that is None."""
    middle = (camera.x, camera.y) if frame.kind == "torus" else None
    place = None if compared is None or compared.place is None else frame.to_plane(compared.place.astype(np.float64))
    others = () if parts is None else peaks(parts, frame)[1:]
    spots = [_seen(spot, middle) for spot in others]
    mode, ring = _seen(frame.to_plane(found.mode), middle), None if place is None else _seen(place, middle)
    return Marks(mode, ring, tuple(spot for spot in spots if spot is not None))


def lines_of(finding: Finding, compared: Comparison | None, frame: PlaneFrame) -> tuple[NDArray[np.float64], ...]:
    """The encoder's ellipses, closed lines (n, 2); none while pixels are hidden, since its q is of the whole image."""
    if finding.mask is not None or compared is None or compared.mean is None or compared.covariance is None:
        return ()
    return ellipses(frame, compared.mean, compared.covariance)


def nearest_copy(window: Camera, camera: Camera) -> Camera:
    """Of all the copies of a window on a torus the one that lies nearest to what the camera shows."""
    x, y = copy_near(np.array([window.x, window.y]), (camera.x, camera.y))
    return Camera(x, y, window.span)


def _seen(place: NDArray[np.float64], middle: Spot | None) -> Spot | None:
    """A place on the plane; None for one behind a globe."""
    if not np.isfinite(place).all():
        return None
    return (float(place[0]), float(place[1])) if middle is None else copy_near(place, middle)
