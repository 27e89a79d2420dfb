"""How the plane on the screen lies in latent space."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from latent_explorer.core.once import once
from latent_explorer.core.plane.display import DISPLAYS, phi, phi_inverse

FLAT = 1e-9  # of a triangle's side: less height, and its three corners count as one line


KINDS = ("affine", "torus", "sphere")


def _read_only(values: ArrayLike) -> NDArray[np.float64]:
    copy = np.array(values, dtype=np.float64)
    copy.setflags(write=False)
    return copy


@dataclass(frozen=True, eq=False)
class PlaneFrame:
    """An affine plane in latent space: ``z = origin + u * directions[0] + v * directions[1]``.

    Everything on the screen is in plane coordinates; the probe is stored as z. They are (u, v), or where the display is "phi",
    (Phi(u), Phi(v)) with the standard normal distribution function: there the prior is uniform, and the plane a unit square.

    Parameters
    ----------
    origin : float64 array, shape (d,)
    directions : float64 array, shape (2, d)
        Linearly independent rows. For d = 1, where there is no second direction, the second row is 0: see `line`.
    kind : str
        "affine"; "torus", where z is taken modulo 1, so that the same square comes again on all sides; or "sphere", where the
        plane is the globe {z : |z| = 1} seen from far away: ``origin`` is the point that faces the viewer, and the place
        (u, v) in the unit disc means the point of the nearer half that lies behind it (an orthographic map).
    display : str
        "identity" or "phi".

    Attributes
    ----------
    pair : (int, int) or None
        The latent axes that run to the right and up, when the plane is spanned by two of them and ``origin`` is 0 there:
        u and v then are entries of z, to the last bit.
    """

    origin: NDArray[np.float64]
    directions: NDArray[np.float64]
    kind: str = "affine"
    display: str = "identity"
    pair: tuple[int, int] | None = field(init=False, repr=False)
    _inverse: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        origin, directions = _read_only(self.origin), _read_only(self.directions)
        if origin.ndim != 1 or directions.shape != (2, origin.size):
            raise ValueError(f"a plane needs an origin (d,) and two directions (2, d), not {origin.shape} and {directions.shape}")
        if self.display not in DISPLAYS:
            raise ValueError(f"the display is one of {', '.join(DISPLAYS)}, not {self.display!r}")
        object.__setattr__(self, "origin", origin)
        object.__setattr__(self, "directions", directions)
        if self.kind not in KINDS:
            raise ValueError(f"the kind is one of {', '.join(KINDS)}, not {self.kind!r}")
        pair = _pair(origin, directions) if self.kind != "sphere" else None
        object.__setattr__(self, "pair", pair)
        # The same for axes, but a thousand times a second in the hand of somebody who moves a slice.
        object.__setattr__(self, "_inverse", _read_only(np.linalg.pinv(directions) if pair is None else directions.T))

    @classmethod
    def identity(cls) -> Self:
        """The plane of a 2-D model: plane coordinates are z."""
        return cls(np.zeros(2), np.eye(2))

    @classmethod
    def line(cls) -> Self:
        """The plane of a 1-D model: z[0] runs to the right, and nothing changes upwards; codes lie on the line v = 0."""
        return cls(np.zeros(1), np.array([[1.0], [0.0]]))

    @classmethod
    def torus(cls) -> Self:
        """The plane of a torus [0, 1)^2: plane coordinates are z, and beyond the square it begins anew."""
        return cls(np.zeros(2), np.eye(2), kind="torus")

    @classmethod
    def globe(cls, longitude: float = 0.0, latitude: float = 0.0) -> Self:
        """The globe |z| = 1 in three dimensions with this point, degrees, in its middle and the pole z[2] = 1 up."""
        east, north = math.radians(longitude), math.radians(latitude)
        front = (math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north))
        right = (-math.sin(east), math.cos(east), 0.0)
        up = (-math.sin(north) * math.cos(east), -math.sin(north) * math.sin(east), math.cos(north))
        return cls(np.array(front), np.array([right, up]), kind="sphere")

    @classmethod
    def axes(cls, a: int, b: int, origin: ArrayLike) -> Self:
        """The plane spanned by latent axes `a` (to the right) and `b` (up) that goes through `origin`, shape (d,), d at least 2.

        The frame's own origin is 0 on both axes, so that plane coordinates are z[a] and z[b].

        Raises
        ------
        ValueError
            The axes are equal, or there are none of these numbers.
        """
        through = np.array(origin, dtype=np.float64)
        if through.ndim != 1 or a == b or not (0 <= a < through.size and 0 <= b < through.size):
            raise ValueError(f"two different axes of 0 to {through.size - 1} span a plane, not {a} and {b}")
        through[[a, b]] = 0.0
        directions = np.zeros((2, through.size))
        directions[(0, 1), (a, b)] = 1.0
        return cls(through, directions)

    @classmethod
    def through(cls, points: ArrayLike) -> Self:
        """The plane through three points (3, d), d at least 2: the second lies to the right of the first, the third above both.

        Its directions are at right angles and of length 1, so distances on the screen are those in latent space; u = v = 0 is
        the mean of the three.

        Raises
        ------
        ValueError
            They lie on one line, so many planes go through them.
        """
        first, second, third = np.array(points, dtype=np.float64)
        right, up = second - first, third - first
        length = np.linalg.norm(right)
        right = right / length if length else right
        up = up - (up @ right) * right
        height = np.linalg.norm(up)
        if not length or not height > FLAT * np.linalg.norm(third - first):
            raise ValueError("the three points lie on one line; choose a third one beside it")
        return cls(np.mean([first, second, third], axis=0), np.array([right, up / height]))

    @classmethod
    def principal(cls, codes: NDArray[np.floating]) -> Self:
        """The plane through the mean of codes (N, d), d at least 2, along the two directions in which they vary most.

        Those are the eigenvectors of their covariance with the largest eigenvalues (Pearson 1901), each turned so that its
        largest entry is positive. Codes that are not finite are left out; without any it is the plane of the first two axes.
        """
        finite = codes[np.isfinite(codes).all(axis=1)].astype(np.float64)
        if not len(finite):
            return cls.axes(0, 1, np.zeros(codes.shape[1]))
        mean = finite.mean(axis=0)
        away = finite - mean
        _, vectors = np.linalg.eigh(away.T @ away)
        return cls(mean, upright(vectors[:, [-1, -2]].T))

    @property
    def latent_dim(self) -> int:
        """Number of latent dimensions, d."""
        return int(self.origin.size)

    @property
    def shows_z(self) -> bool:
        """Whether plane coordinates are z itself, whatever z is; on a torus they are z modulo 1."""
        return self.pair == (0, 1) and self.latent_dim == 2 and self.display == "identity" and self.kind != "torus"

    @property
    def sliced(self) -> bool:
        """Whether it is one of many planes through a space of more dimensions."""
        return self.kind == "affine" and self.latent_dim > 2

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]] | None:
        """Lower left and upper right corner of all that there is to see; None where the plane has no end."""
        if self.kind == "sphere":
            return (-1.0, -1.0), (1.0, 1.0)
        return ((0.0, 0.0), (1.0, 1.0)) if self.display == "phi" or self.kind == "torus" else None

    @property
    def centre(self) -> tuple[float, float]:
        """Plane coordinates of the middle: where the probe is before anybody has placed it."""
        return (0.5, 0.5) if self.display == "phi" or self.kind == "torus" else (0.0, 0.0)

    def to_z(self, plane: NDArray[np.floating]) -> NDArray[np.float64]:
        """Plane coordinates (..., 2) to latent points (..., d); beside the globe to the nearest point of its rim."""
        place = np.asarray(plane, dtype=np.float64)
        if self.kind == "sphere":
            squares = np.square(place).sum(axis=-1, keepdims=True)
            place = place / np.sqrt(np.maximum(squares, 1.0))
            found: NDArray[np.float64] = place @ self.directions + np.sqrt(np.maximum(1.0 - squares, 0.0)) * self.origin
            return found
        if self.kind == "torus":
            place = _folded(place)
        if self.display == "phi":
            place = phi_inverse(place)
        if self.pair is None:
            return self.origin + place @ self.directions
        z = np.empty((*plane.shape[:-1], self.latent_dim))
        z[...] = self.origin
        z[..., self.pair] = place
        return z

    def to_plane(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Latent points (..., d) to plane coordinates (..., 2), by orthogonal projection.

        NaN for what lies behind the globe; in the first square of a torus.
        """
        plane = self._project(np.asarray(z))
        if self.kind == "torus":
            plane = _folded(plane)
        if self.kind == "sphere":
            plane[np.asarray(z) @ self.origin < 0] = np.nan
        return phi(plane) if self.display == "phi" else plane

    def _project(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Latent points (..., d) to (u, v)."""
        if self.pair is not None:
            return z[..., self.pair].astype(np.float64)
        if self.kind == "sphere":
            return np.array(z.astype(np.float64) @ self.directions.T)
        return (z.astype(np.float64) - self.origin) @ self._inverse

    def foot(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """The points of the plane (..., d) that lie nearest to latent points (..., d); on a torus or a globe those themselves."""
        if self.kind != "affine":
            return self.settled(z)
        flat = self.shown_as("identity")  # the way through another display costs digits
        return flat.to_z(flat.to_plane(z))

    def settled(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Where points (..., d) near the latent space, as means of codes are, belong in it."""
        point = np.asarray(z, np.float64)
        if self.kind == "sphere":
            length = np.linalg.norm(point, axis=-1, keepdims=True)
            return np.where(length > 0, point / np.where(length > 0, length, 1.0), self.origin)
        return _folded(point) if self.kind == "torus" else point

    def contains(self, plane: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Which plane coordinates (..., 2) belong to a latent point."""
        if self.kind == "sphere":
            return np.asarray(np.square(plane).sum(axis=-1) < 1)
        if self.display == "phi":
            return np.asarray(((plane > 0) & (plane < 1)).all(axis=-1))
        return np.ones(plane.shape[:-1], np.bool_)

    def shown_as(self, display: str) -> Self:
        """The same plane in another display."""
        return self if display == self.display else replace(self, display=display)

    @once
    def key(self) -> str:
        """The same text for frames that are the `same_as` each other, and for no others."""
        digest = hashlib.sha256(f"{self.kind} {self.display} {self.latent_dim}".encode())
        for array in (self.origin, self.directions):
            digest.update((array + 0.0).tobytes())  # -0.0 is 0.0
        return digest.hexdigest()

    def same_as(self, other: PlaneFrame) -> bool:
        """Whether both lie in the same place, in the same way."""
        return self._alike(other) and np.array_equal(self.origin, other.origin)

    def parallel_to(self, other: PlaneFrame) -> bool:
        """Whether both project all latent points alike: one is the other, moved at a right angle to itself."""
        if self.kind == "sphere":
            return self.same_as(other)
        return self._alike(other) and not self._project(other.origin).any() and not other._project(self.origin).any()

    def continues(self, other: PlaneFrame) -> bool:
        """Whether one comes of the other by a movement: of a slice, or of a globe that is turned."""
        return self.parallel_to(other) or self.kind == other.kind == "sphere"

    def _alike(self, other: PlaneFrame) -> bool:
        """Whether they differ in nothing but their origins."""
        same = (self.kind, self.display) == (other.kind, other.display)
        return same and np.array_equal(self.directions, other.directions)


def _folded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values modulo 1, in [0, 1): what lies just below a whole number rounds to it, and that is the next square's beginning."""
    with np.errstate(invalid="ignore"):  # infinity has no place in a square
        rest = values % 1.0
    return np.where(rest == 1.0, 0.0, rest)


def upright(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions (k, d), each turned so that its entry of the largest size is positive: a decomposition leaves their signs open."""
    largest = np.abs(rows).argmax(axis=1)
    signs = np.where(np.take_along_axis(rows, largest[:, None], axis=1) < 0, -1.0, 1.0)
    turned: NDArray[np.float64] = rows * signs
    return turned


def _pair(origin: NDArray[np.float64], directions: NDArray[np.float64]) -> tuple[int, int] | None:
    """The two axes that span a plane, if it is spanned by axes and goes through 0 along them."""
    if np.count_nonzero(directions) != 2:
        return None
    a, b = (int(row.argmax()) for row in directions)
    alone = directions[0, a] == 1.0 == directions[1, b] and a != b
    return (a, b) if alone and origin[a] == 0.0 == origin[b] else None
