"""The exact posterior of one image, as a value that may travel: numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.types import freeze

NARROW = 0.6  # times the nodes' distance: a narrower posterior may fall between nodes


def score_of(config: ModelConfig, x: NDArray[np.uint8] | NDArray[np.float32]) -> str:
    """What log p(x) is called for these pixels: see `Posterior.score`."""
    if config.likelihood == "bernoulli":
        white = 255 if x.dtype == np.uint8 else 1
        return "ll" if bool(((x == 0) | (x == white)).all()) else "grey score"
    return "ll" if config.likelihood == "discretised_logistic" else "ll density"


@dataclass(frozen=True, eq=False)
class Part:
    """One of several parts that a posterior falls into.

    Parameters
    ----------
    share : float
        Of the posterior, in 0..1.
    place : float64 array, shape (d,)
        Where it is highest.
    covariance : float64 array, shape (d, d)
        Of this part alone; on the torus and the sphere of the differences from its place.
    """

    share: float
    place: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        freeze(self.place)
        freeze(self.covariance)


@dataclass(frozen=True, eq=False)
class Posterior:
    """p(z|x) on a grid of latent space, without any encoder.

    Parameters
    ----------
    space : str
        "plane", "line", "torus" or "sphere".
    probability : float32 array, shape (side, side); on a line or the sphere (n,)
        Of each cell, 1 together. On a plane ``probability[i, j]`` belongs to z = (x[j], y[i]); z[1] grows with the rows.
    z : float32 array, shape (n, d)
        The cells' centres, in the order of ``probability.ravel()``.
    h : float
        Distance between neighbouring centres.
    log_evidence : float
        The logarithm of the sum over the grid, nats; what it is says `score`.
    score : str
        "ll": log p(x). "ll density": the logarithm of a density, which may be positive. "grey score": a Bernoulli decoder asked
        for a grey image, E[log p(b|z)] over its binary draws b in the place of log p(b|z); a lower bound of E[log p(b)].
    mode, mean : float64 array, shape (d,)
        The mode between the grid's nodes; on the torus and the sphere the mean is that of the directions.
    covariance : float64 array, shape (d, d)
    entropy : float
        Of the density over the space, nats.
    information : float
        KL(p(z|x) || p(z)), nats: what the image tells about its place.
    width : float
        Smallest standard deviation at the mode, from its curvature; NaN where it is no peak.
    refined : bool
        The cells that count were divided further, since the posterior is narrow.
    note : str
        One sentence on how it was computed, if there is something to know.
    draft : bool
        A first look: the sum over the grid alone, however narrow the posterior is, and the mode between its nodes.
    parts : tuple of Part
        Of a posterior in several parts (`core.posterior_parts`): that with the mode, then the others by falling share. Shares are
        together at most 1; what is missing is scattered. One where all others are too small to be called parts. None where nothing
        lies apart, or where that cannot be told, as in a draft.
    stray : float64 array, shape (d,), or None
        Where the heaviest piece lies of what is in none of the parts.
    """

    space: str
    probability: NDArray[np.float32]
    z: NDArray[np.float32]
    h: float
    log_evidence: float
    score: str
    mode: NDArray[np.float64]
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    entropy: float
    information: float
    width: float
    refined: bool = False
    note: str = ""
    draft: bool = False
    parts: tuple[Part, ...] = ()
    stray: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        for array in (self.probability, self.z, self.mode, self.mean, self.covariance):
            freeze(array)
        if self.stray is not None:
            freeze(self.stray)

    @property
    def spread(self) -> NDArray[np.float64]:
        """The covariance that tells its widths: of the main part, where too little for another one lies far away; else of all of it."""
        return self.parts[0].covariance if len(self.parts) == 1 else self.covariance

    @property
    def side(self) -> int:
        """Cells along each axis; of a line or the sphere all of them."""
        return len(self.probability)

    @property
    def axis(self) -> NDArray[np.float64]:
        """Centres along either axis of a plane or torus, ascending, float64 (side,); of a line all of them."""
        column = self.z[: self.side, 0]
        return column.astype(np.float64)

    @property
    def narrow(self) -> bool:
        """Whether the grid alone is too coarse: the posterior is narrower than 0.6 of a cell."""
        return bool(self.width < NARROW * self.h)
