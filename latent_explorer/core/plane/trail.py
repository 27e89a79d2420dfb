"""Where the probe has been: the last places of a gesture, few enough to draw them at every move."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.frame import PlaneFrame

MOST = 48  # places; older ones are forgotten


class Trail:
    """Places in latent space, oldest first. It is kept as z, so it stays right when the plane is laid anew."""

    def __init__(self) -> None:
        self._places: deque[NDArray[np.float64]] = deque(maxlen=MOST)

    def __len__(self) -> int:
        return len(self._places)

    def begin(self, z: NDArray[np.floating]) -> None:
        """Forget what was before, and start here."""
        self._places.clear()
        self._places.append(np.array(z, dtype=np.float64))

    def add(self, z: NDArray[np.floating], frame: PlaneFrame, spacing: float) -> bool:
        """One more place, if it is `spacing` (plane units) or more away from the last one; whether it was taken."""
        point = np.array(z, dtype=np.float64)
        if self._places and self._places[-1].size != point.size:
            self.clear()  # it is of a model of another latent size
        if self._places:
            step = _shortest(frame.to_plane(point) - frame.to_plane(self._places[-1]), frame)
            if float(np.hypot(*step)) < spacing:
                return False
        self._places.append(point)
        return True

    def clear(self) -> None:
        """Forget all."""
        self._places.clear()

    def on(self, frame: PlaneFrame, end: NDArray[np.floating] | None = None) -> NDArray[np.float64]:
        """Plane coordinates (n, 2), oldest first; none when there is only the start, or when z has another size.

        On a torus the way runs on from square to square, to the copy of its last place that lies nearest to ``end``, (2,).
        """
        if len(self._places) < 2 or self._places[-1].size != frame.latent_dim:
            return np.zeros((0, 2))
        places = frame.to_plane(np.array(self._places))
        if frame.kind == "torus":
            last = places[-1] if end is None else places[-1] + np.rint(end - places[-1])
            back = np.cumsum(_shortest(np.diff(places, axis=0), frame)[::-1], axis=0)[::-1]
            places = np.concatenate([last - back, last[None]])
        return places


def _shortest(steps: NDArray[np.float64], frame: PlaneFrame) -> NDArray[np.float64]:
    """Steps (..., 2) on the plane; on a torus the shorter way around."""
    return steps - np.rint(steps) if frame.kind == "torus" else steps
