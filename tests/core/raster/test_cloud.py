"""Places in an order that keeps neighbours together: nothing is lost, nothing is added, and any part of it is even."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.raster.cloud import BLOCK, STRATA, Cloud


@given(st.integers(0, 5000), st.integers(0, 2**32 - 1), st.sampled_from(["normal", "heavy", "line", "equal", "holes"]))
def test_every_point_that_has_a_place_is_there_once(count: int, seed: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    places = generator.standard_t(1, (count, 2)) if kind == "heavy" else generator.normal(size=(count, 2))
    if kind == "line":
        places[:, 1] = 0.25
    if kind == "equal":
        places[:] = 3.0
    if kind == "holes":
        places[generator.random(count) < 0.3, 1] = generator.choice([np.nan, np.inf, -np.inf, 1e308, -1.01 * FARTHEST])
    cloud = Cloud(places)
    assert not cloud.ready
    found = cloud.sorted
    assert cloud.ready
    wanted = np.flatnonzero((np.abs(places) <= FARTHEST).all(axis=1))
    np.testing.assert_array_equal(np.sort(found.rows), wanted)
    np.testing.assert_array_equal(found.places.T, places[found.rows])
    for block in range(found.low.shape[1]):
        part = found.places[:, block * BLOCK : (block + 1) * BLOCK]
        np.testing.assert_array_equal(found.low[:, block], part.min(axis=1))
        np.testing.assert_array_equal(found.high[:, block], part.max(axis=1))


def test_codes_take_half_the_memory_and_nothing_is_lost() -> None:
    short = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    assert Cloud(short.astype(np.float64)).sorted.places.dtype == np.float32
    assert Cloud(short / np.float64(3)).sorted.places.dtype == np.float64


def test_a_block_is_a_small_part_of_the_plane_in_spite_of_stragglers() -> None:
    places = np.random.default_rng(1).normal(size=(200_000, 2))
    places[:20] *= 1e5
    found = Cloud(places).sorted
    extents = np.median(found.high - found.low, axis=1)
    assert (extents < 0.6).all()


def test_the_first_part_of_each_block_is_spread_over_it() -> None:
    """Also where classes came one after the other."""
    generator = np.random.default_rng(2)
    places = generator.random((BLOCK * 40, 2))
    labels = np.arange(len(places)) * 10 // len(places)
    found = Cloud(places).sorted
    part = BLOCK // STRATA
    for strata in (1, 2, 3):
        taken = np.concatenate([found.rows[start : start + strata * part] for start in range(0, len(places), BLOCK)])
        counts = np.bincount(labels[taken], minlength=10) / len(taken)
        np.testing.assert_allclose(counts, 0.1, atol=0.02)
        squares = np.histogram2d(*places[taken].T, bins=8, range=[[0, 1], [0, 1]])[0] / len(taken)
        np.testing.assert_allclose(squares, 1 / 64, rtol=0.35)


def test_the_area_is_that_which_is_covered() -> None:
    generator = np.random.default_rng(3)
    assert Cloud(generator.random((50_000, 2)) * [4, 2]).sorted.area == pytest.approx(8, rel=0.1)
    two = generator.random((50_000, 2)) + generator.choice([0, 20], (50_000, 1))  # two squares, far apart
    assert 2 * 0.9 < Cloud(two).sorted.area < 4  # of the 400 around both
    assert Cloud(np.ones((50, 2))).sorted.area == 0
