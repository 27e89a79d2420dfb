"""Regions of a posterior's grid: mixtures of known shares, and what is joined with what."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.posterior_parts import joined, regions


def nodes(family: str, side: int, latent_dim: int = 2) -> Nodes:
    return nodes_for(ModelConfig((4, 5, 1), family=family, hidden=(8,), latent_dim=latent_dim), side)


def found_in(places: Nodes, mass: np.ndarray) -> np.ndarray:
    return regions(places.kind, places.z, (mass / mass.sum()).astype(np.float32).reshape(places.shape), places.h)


def shares_of(region: np.ndarray, mass: np.ndarray) -> np.ndarray:
    return np.asarray(np.bincount(region[region >= 0], mass[region >= 0]) / mass.sum())


def normal(z: np.ndarray, mean: tuple[float, ...], spread: float) -> np.ndarray:
    return np.asarray(np.exp(-0.5 * ((z - mean) ** 2).sum(1) / spread**2) / spread ** z.shape[1])


def test_each_normal_of_a_mixture_is_a_region_with_its_weight_however_wide() -> None:
    """The sharp one has nearly all of its mass in the set that holds 95 %, the broad one much less."""
    grid = nodes("vae", 128)
    z = grid.z.astype(float)
    broad, sharp = 0.6 * normal(z, (-1.5, 0.0), 0.5), 0.4 * normal(z, (2.0, 1.0), 0.1)
    region = found_in(grid, broad + sharp)
    assert shares_of(region, broad + sharp) == pytest.approx([0.6, 0.4], abs=0.005)
    assert region[((z - (-1.5, 0.0)) ** 2).sum(1).argmin()] == 0 and region[((z - (2.0, 1.0)) ** 2).sum(1).argmin()] == 1


@pytest.mark.parametrize("share", [0.03, 1e-4])
def test_a_little_that_lies_apart_is_a_region_of_its_own(share: float) -> None:
    """Though the set that holds 95 % has none of it."""
    grid = nodes("vae", 128)
    z = grid.z.astype(float)
    mass = (1 - share) * normal(z, (-1.5, 0.0), 0.2) + share * normal(z, (2.0, 1.0), 0.1)
    assert shares_of(found_in(grid, mass), mass) == pytest.approx([1 - share, share], rel=0.01)
    near = (1 - share) * normal(z, (-1.5, 0.0), 0.2) + share * normal(z, (-1.0, 0.0), 0.1)
    assert found_in(grid, near).max() == 0  # no gap between


def test_one_normal_and_the_prior_are_one_region() -> None:
    grid = nodes("vae", 64)
    for mass in (normal(grid.z.astype(float), (0.5, -1.0), 0.2), np.exp(grid.log_weight)):
        region = found_in(grid, mass)
        assert region.max() == 0
        assert mass[region < 0].sum() < 1e-3 * mass.sum()


def test_a_narrow_diagonal_hangs_together_and_a_gap_parts_it() -> None:
    grid = nodes("vae", 64)
    mass = np.zeros(grid.shape)
    for k in range(10, 40):
        mass[k, 60 - k] = 1.0  # a ridge far narrower than a cell has corners in common only
    assert found_in(grid, mass.ravel()).max() == 0
    mass[20, 40] = 0.0
    assert shares_of(found_in(grid, mass.ravel()), mass.ravel()) == pytest.approx([19 / 29, 10 / 29])


def test_a_torus_is_joined_across_its_edges_and_a_plane_is_not() -> None:
    """A peak in the corner of the square: one region on the torus, four on a plane."""
    torus, plane = nodes("qlvm-torus", 32), nodes("vae", 32)
    around = np.exp(20 * np.cos(2 * math.pi * torus.z.astype(float)).sum(1))
    assert found_in(torus, around).max() == 0
    assert shares_of(found_in(plane, around), around) == pytest.approx([0.25] * 4, abs=1e-3)
    second = np.roll(around.reshape(torus.shape), (16, 16), axis=(0, 1)).ravel()
    mixed = shares_of(found_in(torus, 3 * around + second), 3 * around + second)
    assert mixed == pytest.approx([0.75, 0.25], abs=1e-3)


def test_on_a_line_and_on_the_sphere() -> None:
    line = nodes("vae", 32, 1)
    mass = 0.2 * normal(line.z.astype(float), (-1.0,), 0.05) + 0.8 * normal(line.z.astype(float), (1.0,), 0.1)
    assert shares_of(found_in(line, mass), mass) == pytest.approx([0.8, 0.2], abs=1e-3)
    sphere = nodes("hyperspherical-vae", 64, 3)
    z = sphere.z.astype(float)
    caps = [share * np.exp(60 * (z @ to - 1)) for share, to in ((0.7, (0, 0, 1.0)), (0.3, (0, 1.0, 0)))]
    assert shares_of(found_in(sphere, sum(caps)), sum(caps)) == pytest.approx([0.7, 0.3], abs=0.005)
    assert found_in(sphere, np.ones(len(z))).max() == 0  # also at the poles all nodes have neighbours


@pytest.mark.parametrize("seed", range(3))
def test_what_hangs_together_is_what_scipy_says(seed: int) -> None:
    random = np.random.default_rng(seed)
    edges = random.integers(0, 400, (300, 2))
    ones = np.ones(len(edges))
    _, known = connected_components(coo_array((ones, (edges[:, 0], edges[:, 1])), shape=(400, 400)), directed=False)
    number = joined(400, edges)
    assert len(np.unique(number)) == known.max() + 1
    assert len(np.unique(np.stack([number, known], axis=1), axis=0)) == known.max() + 1


def test_a_long_chain_in_any_order_is_one() -> None:
    order = np.random.default_rng(3).permutation(3000)
    edges = np.stack([order[:-1], order[1:]], axis=1)
    assert (joined(3000, edges) == 0).all()
    assert (joined(3, np.zeros((0, 2), np.int64)) == np.arange(3)).all()
