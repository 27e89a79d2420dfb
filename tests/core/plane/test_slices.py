"""Planes through latent spaces of more than two dimensions, against formulas written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.slices import ACTIVE_VARIANCE, Slice, Spread, frame_of, laid, spread_of, variance_shares
from latent_explorer.core.types import Codes

MEANS = np.array([0.5, -1.0, 0.0, 2.0, 0.25])
SCALES = np.array([0.3, 0.01, 2.0, 0.05, 1.0])  # variances: axes 2, 4 and 0 are active, 3 and 1 are not


def codes(count: int = 500, means: np.ndarray = MEANS, scales: np.ndarray = SCALES, seed: int = 0) -> np.ndarray:
    z = np.random.default_rng(seed).standard_normal((count, len(means)))
    z = (z - z.mean(0)) / z.std(0)  # exactly these means and scales, so that the order is known
    return (means + scales * z).astype(np.float32)


# --- the spread of the codes -------------------------------------------------------------------------------------------------


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 1000))
def test_the_spread_is_means_variances_and_extremes(d: int, count: int, seed: int) -> None:
    z = np.random.default_rng(seed).normal(3, 5, (count, d)).astype(np.float32)
    spread = spread_of(z)
    for k in range(d):
        column = [float(row[k]) for row in z]
        mean = sum(column) / count
        assert spread.mean[k] == pytest.approx(mean, abs=1e-9)
        assert spread.variance[k] == pytest.approx(sum((value - mean) ** 2 for value in column) / count, abs=1e-9)
        assert (spread.low[k], spread.high[k]) == (min(column), max(column))
    assert sorted(spread.order.tolist()) == list(range(d))
    assert (np.diff(spread.variance[spread.order]) <= 0).all()


def test_units_are_active_by_burdas_rule() -> None:
    spread = spread_of(codes())
    assert spread.order.tolist() == [2, 4, 0, 3, 1]
    assert spread.active.tolist() == [True, False, True, False, True]
    one = np.array([ACTIVE_VARIANCE, np.nextafter(ACTIVE_VARIANCE, 1)])
    assert Spread(one, one, one, one).active.tolist() == [False, True]  # more than, not as much as


def test_codes_that_are_not_finite_are_left_out_of_the_spread() -> None:
    z = codes()
    z[3, 1], z[7, 0] = np.nan, np.inf
    rest = np.delete(z, (3, 7), axis=0)
    assert spread_of(z).mean == pytest.approx(rest.mean(0, dtype=np.float64))
    assert not spread_of(np.full((2, 3), np.nan, np.float32)).variance.any()
    assert spread_of(np.zeros((0, 4), np.float32)).mean.tolist() == [0, 0, 0, 0]


def test_codes_know_their_spread_and_compute_it_once() -> None:
    z = codes()
    values = Codes("mean", z, np.arange(len(z)), np.zeros(len(z), np.int64))
    assert values.spread.mean == pytest.approx(MEANS, abs=1e-6)
    assert values.spread is values.spread


# --- which plane -------------------------------------------------------------------------------------------------------------


def test_the_first_plane_is_that_of_the_two_axes_that_vary_most_through_the_mean() -> None:
    frame = frame_of(5, spread_of(codes()))
    assert frame.pair == (2, 4)
    z = frame.to_z(np.array([1.5, -0.5]))
    assert z == pytest.approx([0.5, -1.0, 1.5, 2.0, -0.5], abs=1e-6)


@pytest.mark.parametrize("d", [1, 2, 3, 300])
def test_without_codes_the_plane_goes_through_the_priors_mean(d: int) -> None:
    frame = frame_of(d, None)
    assert frame.latent_dim == d
    assert not frame.origin.any()
    assert frame.pair == ((0, 1) if d > 1 else None)


def test_a_model_of_two_dimensions_is_shown_as_it_is() -> None:
    spread = spread_of(codes(means=np.array([3.0, 4.0]), scales=np.array([0.5, 2.0])))
    assert frame_of(2, spread, Slice(axes=(1, 0))).same_as(PlaneFrame.identity())


def test_held_coordinates_leave_the_mean_and_come_back() -> None:
    spread = spread_of(codes())
    held = Slice().hold(0, -2.0).hold(1, 3.0).hold(0, 2.5)
    assert held.held == ((0, 2.5), (1, 3.0))
    assert frame_of(5, spread, held).origin == pytest.approx([2.5, 3.0, 0, 2.0, 0], abs=1e-6)
    assert frame_of(5, spread, held.release(0)).origin == pytest.approx([0.5, 3.0, 0, 2.0, 0], abs=1e-6)
    assert held.release(0).release(1) == Slice()


def test_a_chosen_pair_stays_and_what_comes_off_it_returns_to_the_mean() -> None:
    spread = spread_of(codes())
    chosen = Slice().hold(1, 3.0).hold(3, 1.0).on(1, 3)
    assert chosen == Slice((1, 3))
    frame = frame_of(5, spread, chosen, before=PlaneFrame.axes(0, 2, np.zeros(5)))
    assert frame.pair == (1, 3)  # although neither is active: the person chose them
    assert frame_of(5, spread, chosen.on(0, 3)).origin == pytest.approx([0, -1.0, 0, 0, 0.25], abs=1e-6)


@given(st.integers(3, 30), st.integers(0, 1000))
def test_a_slice_through_a_point_holds_it(d: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    spread = spread_of(generator.standard_normal((20, d)))
    a, b = (int(k) for k in generator.permutation(d)[:2])
    frame = frame_of(d, spread, Slice((a, b)))
    z = generator.normal(0, 10, d)
    there = frame_of(d, spread, Slice((a, b)).through(frame, z))
    assert there.pair == (a, b)
    np.testing.assert_array_equal(there.to_z(there.to_plane(z)), z)  # exactly: it lies on the plane
    assert there.parallel_to(frame)


def test_while_nobody_chooses_the_axes_stay_as_long_as_they_live() -> None:
    before = PlaneFrame.axes(0, 4, MEANS)
    frame = frame_of(5, spread_of(codes()), None, before)
    assert frame.pair == (0, 4)  # though z[2] varies more
    collapsed = SCALES.copy()
    collapsed[0] = 0.001
    assert frame_of(5, spread_of(codes(scales=collapsed)), None, before).pair == (2, 4)
    assert frame_of(5, spread_of(codes(scales=collapsed)), Slice((0, 4)), before).pair == (0, 4)
    assert frame_of(5, spread_of(codes(scales=0.001 * SCALES)), None, before).pair == (0, 4)  # there is none better
    both = np.array([0.0, 0.001, 0.5, 1.0, 0.0])
    assert frame_of(5, spread_of(codes(scales=both)), None, before).pair == (3, 2)


def test_the_rest_follows_the_mean_of_the_codes_but_for_what_is_held() -> None:
    before, held = frame_of(5, spread_of(codes())), Slice().hold(1, 9.0)
    frame = frame_of(5, spread_of(codes(means=MEANS + 1)), held, before)
    assert frame.origin == pytest.approx([1.5, 9.0, 0, 3.0, 0], abs=1e-6)
    assert frame.parallel_to(before)


def test_a_plane_along_no_axes_is_kept_as_it_was_laid() -> None:
    """Its origin is the point nearest to z = 0, so that the prior lies on it as on a plane along two axes."""
    codes = np.random.Generator(np.random.PCG64(2)).normal(1.0, 1.0, (400, 5)) * (3.0, 1.0, 0.2, 2.0, 0.1)
    principal = PlaneFrame.principal(codes)
    chosen = Slice(laid=laid("principal", principal))
    frame = frame_of(5, spread_of(codes), chosen, PlaneFrame.axes(0, 1, np.zeros(5)))
    assert frame.pair is None and frame.sliced
    np.testing.assert_allclose(frame.directions, principal.directions)
    np.testing.assert_allclose(frame.directions @ frame.origin, 0, atol=1e-12)
    np.testing.assert_allclose(principal.foot(frame.origin), frame.origin, atol=1e-9)  # it is the same plane
    assert chosen.suits(5) and not chosen.suits(4)
    assert chosen.on(0, 1).laid is None and chosen.hold(2, 1.0).laid is None
    z = np.arange(5.0)
    moved = chosen.through(frame, z)
    assert moved.laid is not None and moved.laid.name == "principal"
    np.testing.assert_allclose(moved.laid.frame.foot(z), z, atol=1e-9)
    assert moved.laid.frame.parallel_to(frame) or np.allclose(moved.laid.frame.to_plane(codes), frame.to_plane(codes))


def test_the_shares_of_variance_are_those_of_scikit_learn_s_pca() -> None:
    from sklearn.decomposition import PCA

    z = np.random.Generator(np.random.PCG64(3)).normal(size=(200, 5)) * (3.0, 0.5, 1.0, 2.0, 0.1)
    reference = PCA(2).fit(z)
    assert variance_shares(z, reference.components_) == pytest.approx(tuple(reference.explained_variance_ratio_), rel=1e-9)
    assert variance_shares(np.vstack([z, np.full((1, 5), np.nan)]), reference.components_)[0] > 0.5  # one that is not finite is left out
    assert variance_shares(np.zeros((4, 3)), np.eye(3)[:2]) == (0.0, 0.0)
    assert variance_shares(np.zeros((0, 3)), np.eye(3)[:2]) == (0.0, 0.0)
