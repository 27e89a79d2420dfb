"""The nodes at which a decoder is asked when the integral over z is done exactly, for every kind of latent space.

On the plane: midpoints of even cells on [-4.5, 4.5]^2, each weighed by ``N(z; 0, I) h^2``. Nodes at prior quantiles would need
fewer, but err by nats where |z| > 2.5, and the modes of posteriors line up on their outermost rows. On the torus [0, 1)^2 and
on the sphere the prior is even, and so are the weights; the sphere's nodes are a Fibonacci lattice (Gonzalez 2010).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.core.types import freeze

RADIUS = 4.5  # of the square; outside the disc of this radius N(0, I_2) has 4e-5 of its mass
SIDES = (128, 256, 512)  # of the grids that figures are quoted on
BLOCK = 9.0 / 64  # width of a block of neighbouring nodes on the plane, for the bounds of `sums`
GROUP_SIDE = 16  # nodes along each side of a larger square of blocks
BLOCK_NODES = 16  # in a block on the sphere, or a little more
LINE = 16  # times as many nodes on a line as along one side of a plane: there they cost little
LOG_2_PI = math.log(2 * math.pi)
GOLDEN = (1 + math.sqrt(5)) / 2


@dataclass(frozen=True, eq=False)
class Nodes:
    """Places and weights of a sum over latent space.

    Parameters
    ----------
    kind : str
        "plane", "line" (a model of one dimension), "torus" or "sphere".
    side : int
        Nodes along each axis of a plane or torus; on the sphere there are ``side ** 2``, on a line `LINE` times `side`.
    z : float32 array, shape (G, d)
        On a plane and a torus row by row: z[1] grows slowly, z[0] fast, so ``reshape(side, side)`` is [row of z1, column of z0].
    log_weight : float64 array, shape (G,)
        Logarithm of the prior's mass of each cell; the masses sum to 1, on the plane but for the 1e-5 outside.
    log_cell : float
        Logarithm of a cell's size (area, length; on the sphere of radius 1), for densities and entropies.
    h : float
        Distance between neighbours.
    blocks : int64 array, shape (n, size)
        All nodes once, in groups of near ones; groups that follow each other are mostly near, too.
    """

    kind: str
    side: int
    z: NDArray[np.float32]
    log_weight: NDArray[np.float64]
    log_cell: float
    h: float
    blocks: NDArray[np.int64]

    def __post_init__(self) -> None:
        for array in (self.z, self.log_weight, self.blocks):
            freeze(array)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an array with one number for each node."""
        return (self.side, self.side) if self.kind in ("plane", "torus") else (len(self.z),)

    @property
    def axis(self) -> NDArray[np.float64]:
        """Coordinates along each axis, ascending (side,); of a line all of them."""
        low, width = (0.0, 1.0) if self.kind == "torus" else (-RADIUS, 2 * RADIUS)
        count = self.side if self.kind in ("plane", "torus") else len(self.z)
        return low + width / count * (np.arange(count, dtype=np.float64) + 0.5)


def space_of(config: ModelConfig) -> str:
    """Which kind of nodes a model needs.

    Raises
    ------
    SettingError
        Its integral cannot be done exactly: one sentence says why.
    """
    facts = config.facts
    if not facts.prior or "adversarial" in facts.objectives:
        raise SettingError(f"There is no exact inference for {facts.title}. {facts.lacks}")
    if facts.levels:
        raise SettingError(
            f"There is no exact inference for {facts.title}: a second level of latent variables lies below the plane, and a grid"
            " of the plane does not sum over it."
        )
    if facts.space != "plane":
        return facts.space
    if config.latent_dim > 2:
        raise SettingError(
            f"Exact inference sums over a grid of one or two latent dimensions, and this model has {config.latent_dim};"
            " choose a model with --latent-dim 2."
        )
    return "line" if config.latent_dim == 1 else "plane"


def why_not(config: ModelConfig) -> str:
    """The sentence why there is no exact inference for a model; "" where there is."""
    try:
        space_of(config)
    except SettingError as reason:
        return str(reason)
    return ""


def nodes_for(config: ModelConfig, side: int) -> Nodes:
    """The nodes for an architecture, `side` along each axis.

    Raises
    ------
    SettingError
        As `space_of`; or `side` is no multiple of 4 from 16 to 2048.
    """
    if side % 4 or not 16 <= side <= 2048:
        raise SettingError(f"resolution is {side}; it must be a multiple of 4 from 16 to 2048, such as 128 or 256.")
    return _nodes(space_of(config), side)


@lru_cache(maxsize=4)
def _nodes(kind: str, side: int) -> Nodes:
    if kind == "sphere":
        return _sphere(side)
    torus, line = kind == "torus", kind == "line"
    count = LINE * side if line else side
    h = (1.0 if torus else 2 * RADIUS) / count
    along = (0.0 if torus else -RADIUS) + h * (np.arange(count) + 0.5)
    z = along[:, None] if line else np.stack([np.tile(along, count), np.repeat(along, count)], axis=1)
    d = z.shape[1]
    log_weight = np.full(len(z), d * math.log(h)) if torus else d * (math.log(h) - 0.5 * LOG_2_PI) - 0.5 * (z * z).sum(1)
    rows = np.arange(len(z))
    blocks = rows.reshape(-1, LINE) if line else _squares(rows, side)
    return Nodes(kind, side, z.astype(np.float32), log_weight, d * math.log(h), h, blocks)


def _squares(rows: NDArray[np.int64], side: int) -> NDArray[np.int64]:
    """The nodes of a grid in square blocks as wide as `BLOCK` is on the plane, and these in the order of larger squares."""
    size = math.gcd(side, max(2, 2 ** round(math.log2(BLOCK / (9.0 / side)))))
    across = side // size
    large = math.gcd(across, max(1, GROUP_SIDE // size))
    blocks = rows.reshape(across, size, across, size).transpose(0, 2, 1, 3).reshape(across, across, size * size)
    ordered = blocks.reshape(across // large, large, across // large, large, -1).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(ordered.reshape(-1, size * size))


def _sphere(side: int) -> Nodes:
    """Points of a golden spiral, each for an equal part of the sphere: 2 k + 1 - n over n high, k / golden turns around."""
    count = side * side
    k = np.arange(count)
    height = (2 * k + 1 - count) / count
    ring, turn = np.sqrt(1 - height * height), 2 * math.pi * ((k / GOLDEN) % 1)
    z = np.stack([ring * np.cos(turn), ring * np.sin(turn), height], axis=1)
    cell = 4 * math.pi / count
    size = count
    while size % 2 == 0 and size > BLOCK_NODES:
        size //= 2
    blocks = _halved(z, k, size)
    return Nodes("sphere", side, z.astype(np.float32), np.full(count, -math.log(count)), math.log(cell), math.sqrt(cell), blocks)


def _halved(z: NDArray[np.float64], rows: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Rows in groups of `size` near ones: cut in two across the widest axis, again and again."""
    if len(rows) <= size:
        return rows[None]
    axis = int(np.ptp(z[rows], axis=0).argmax())
    middle = len(rows) // 2
    order = rows[np.argpartition(z[rows, axis], middle)]
    return np.concatenate([_halved(z, order[:middle], size), _halved(z, order[middle:], size)])
