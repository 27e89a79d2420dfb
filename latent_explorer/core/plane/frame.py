"""How the plane on the screen lies in latent space."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray


def _read_only(values: NDArray[np.floating]) -> NDArray[np.float64]:
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """An affine plane in latent space: ``z = origin + u * directions[0] + v * directions[1]``.

    Everything on the screen is in plane coordinates (u, v); the probe is stored as z.

    Parameters
    ----------
    origin : float64 array, shape (d,)
    directions : float64 array, shape (2, d), linearly independent rows
    kind : str
        "affine"; later pieces add "torus" and "sphere".
    """

    origin: NDArray[np.float64]
    directions: NDArray[np.float64]
    kind: str = "affine"
    _inverse: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        origin, directions = _read_only(self.origin), _read_only(self.directions)
        if origin.ndim != 1 or directions.shape != (2, origin.size):
            raise ValueError(f"a plane needs an origin (d,) and two directions (2, d), not {origin.shape} and {directions.shape}")
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "directions", directions)
        object.__setattr__(self, "_inverse", _read_only(np.linalg.pinv(directions)))

    @classmethod
    def identity(cls) -> Self:
        """The plane of a 2-D model: plane coordinates are z."""
        return cls(np.zeros(2), np.eye(2))

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions, d."""
        return int(self.origin.size)

    def to_z(self, plane: NDArray[np.floating]) -> NDArray[np.float64]:
        """Plane coordinates (..., 2) to latent points (..., d)."""
        return self.origin + np.asarray(plane, dtype=np.float64) @ self.directions

    def to_plane(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Latent points (..., d) to plane coordinates (..., 2), by orthogonal projection."""
        return (np.asarray(z, dtype=np.float64) - self.origin) @ self._inverse
