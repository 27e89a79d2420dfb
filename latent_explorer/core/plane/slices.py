"""Planes through latent spaces of more than two dimensions: which two axes, and where the plane lies in the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.once import once
from latent_explorer.core.plane.frame import PlaneFrame

ACTIVE_VARIANCE = 0.01  # of the posterior mean over images: more, and the unit is active (Burda et al. 2016, section 5.3)


@dataclass(frozen=True, eq=False)
class Spread:
    """How codes lie along each latent axis: float64 arrays, shape (d,), over the images; zeros where there are no codes."""

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @once
    def order(self) -> NDArray[np.int64]:
        """All axes, the one that varies most first; equal ones by their number."""
        return np.argsort(-self.variance, kind="stable").astype(np.int64)

    @once
    def active(self) -> NDArray[np.bool_]:
        """Which units the encoder uses: those whose posterior mean varies over images by more than `ACTIVE_VARIANCE`."""
        return self.variance > ACTIVE_VARIANCE


def spread_of(z: NDArray[np.floating]) -> Spread:
    """The spread of codes (N, d); those that are not finite are left out."""
    finite = np.isfinite(z).all(axis=1)
    if not finite.all():
        z = z[finite]
    if not len(z):
        zeros = np.zeros(z.shape[1])
        return Spread(zeros, zeros, zeros, zeros)
    mean, variance = z.mean(axis=0, dtype=np.float64), z.var(axis=0, dtype=np.float64)
    return Spread(mean, variance, z.min(axis=0).astype(np.float64), z.max(axis=0).astype(np.float64))


def variance_shares(z: NDArray[np.floating], directions: NDArray[np.float64]) -> tuple[float, float]:
    """Of the whole variance of codes (N, d), the shares along two directions (2, d) of length 1; 0 where nothing varies."""
    finite = z[np.isfinite(z).all(axis=1)].astype(np.float64)
    whole = float(finite.var(axis=0).sum()) if len(finite) else 0.0
    along = (finite @ directions.T).var(axis=0).tolist() if whole else [0.0, 0.0]
    return (along[0] / whole, along[1] / whole) if whole else (0.0, 0.0)


@dataclass(frozen=True)
class Laid:
    """A plane that lies along no axes: a name, its origin (d,) and two directions (d,) of length 1 at right angles to each other."""

    name: str  # "principal" or "points"
    origin: tuple[float, ...]
    right: tuple[float, ...]
    up: tuple[float, ...]

    @property
    def frame(self) -> PlaneFrame:
        """The plane."""
        return PlaneFrame(np.array(self.origin), np.array([self.right, self.up]))


def laid(name: str, frame: PlaneFrame) -> Laid:
    """A plane with directions of length 1 at right angles, its origin moved to the point that lies nearest to z = 0.

    There N(0, I) is, along the plane, N(0, I) of two dimensions, as it is on a plane along two axes.
    """
    origin = frame.origin - (frame.origin @ frame.directions.T) @ frame.directions
    right, up = frame.directions.tolist()
    return Laid(name, tuple(origin.tolist()), tuple(right), tuple(up))


@dataclass(frozen=True)
class Slice:
    """How a person laid the plane.

    Parameters
    ----------
    axes : (int, int) or None
        The latent axes that run to the right and up; None leaves the choice to `frame_of`.
    held : tuple of (axis, value)
        Coordinates that the person has moved; all others lie at the codes' mean, and follow it while a model trains.
    laid : Laid or None
        A plane along no axes; then there are none, and nothing is held.
    """

    axes: tuple[int, int] | None = None
    held: tuple[tuple[int, float], ...] = ()
    laid: Laid | None = None

    def suits(self, latent_dim: int) -> bool:
        """Whether a latent space of so many dimensions has all that is named here."""
        if self.laid is not None and len(self.laid.origin) != latent_dim:
            return False
        named = (*(self.axes or ()), *(axis for axis, _ in self.held))
        return latent_dim > 2 and all(axis < latent_dim for axis in named)

    def on(self, a: int, b: int) -> Slice:
        """On other axes. What comes off the plane lies at the codes' mean again."""
        return Slice((a, b), tuple(pair for pair in self.held if pair[0] not in (a, b)))

    def hold(self, axis: int, value: float) -> Slice:
        """With one more coordinate at a value of its own."""
        others = tuple(pair for pair in self.held if pair[0] != axis)
        return Slice(self.axes, tuple(sorted((*others, (axis, float(value))))))

    def release(self, axis: int) -> Slice:
        """With this coordinate back at the codes' mean."""
        return Slice(self.axes, tuple(pair for pair in self.held if pair[0] != axis))

    def through(self, frame: PlaneFrame, z: NDArray[np.floating]) -> Slice:
        """On the axes of a frame, or parallel to a laid one, through the point z (d,) in all other coordinates."""
        if self.laid is not None:
            return Slice(laid=replace(self.laid, origin=tuple((frame.origin + z - frame.foot(z)).tolist())))
        assert frame.pair is not None
        return Slice(self.axes, tuple((k, float(value)) for k, value in enumerate(z) if k not in frame.pair))


def frame_of(
    latent_dim: int,
    spread: Spread | None,
    chosen: Slice | None = None,
    before: PlaneFrame | None = None,
    space: str = "plane",
) -> PlaneFrame:
    """The plane for a model: the identity for d = 2, `PlaneFrame.line` for d = 1, else a slice; on torus and sphere their own.

    Parameters
    ----------
    latent_dim : int
    spread : Spread or None
        Of the codes; None (no codes) counts as a spread around 0.
    chosen : Slice or None
        What the person chose. Axes that nobody chose are the two that vary most.
    before : PlaneFrame or None
        The frame until now, whose axes stay while nobody has chosen: a plane that changes by itself is hard to read. Only
        an axis that has become inactive gives way, to the one that varies most of those that are not shown.
    space : str
        Where z lies, as of `core.families.Family`.
    """
    if space != "plane":
        return PlaneFrame.torus() if space == "torus" else PlaneFrame.globe()
    if latent_dim == 1:
        return PlaneFrame.line()
    if latent_dim == 2:
        return PlaneFrame.identity()
    if spread is None:
        spread = spread_of(np.zeros((0, latent_dim)))
    chosen = chosen or Slice()
    if chosen.laid is not None:
        return chosen.laid.frame
    origin = spread.mean.copy()
    for axis, value in chosen.held:
        origin[axis] = value
    axes = chosen.axes
    if axes is None and before is not None and before.pair is not None:
        axes = _living(before.pair, spread)
    if axes is None:
        axes = int(spread.order[0]), int(spread.order[1])
    return PlaneFrame.axes(*axes, origin)


def _living(pair: tuple[int, int], spread: Spread) -> tuple[int, int]:
    """The same axes, but for inactive ones while there are active ones to show."""
    active = spread.active
    if active[pair[0]] and active[pair[1]]:
        return pair
    others = (int(axis) for axis in spread.order if axis not in pair and active[axis])
    a, b = (axis if active[axis] else next(others, axis) for axis in pair)
    return a, b
