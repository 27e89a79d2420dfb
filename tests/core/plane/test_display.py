"""The plane in the coordinates Phi(z): the prior becomes uniform, and everything finds its place again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from latent_explorer.core.plane.display import phi_ticks
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.pins import off_plane

FRAMES = [PlaneFrame.identity(), PlaneFrame.axes(3, 1, [9.0, 9.0, 0.5, 9.0, -2.0])]
IDS = ["2-D", "slice"]


@pytest.mark.parametrize("frame", FRAMES, ids=IDS)
def test_points_of_a_standard_normal_become_uniform(frame: PlaneFrame) -> None:
    z = np.random.default_rng(0).standard_normal((20_000, frame.latent_dim))
    points = frame.shown_as("phi").to_plane(z)
    assert points.shape == (20_000, 2)
    for axis in (0, 1):
        assert stats.kstest(points[:, axis], "uniform").pvalue > 0.01
        assert stats.kstest(frame.to_plane(z)[:, axis], "uniform").pvalue < 1e-9
    assert abs(np.corrcoef(points.T)[0, 1]) < 0.03


@pytest.mark.parametrize("frame", FRAMES, ids=IDS)
def test_to_the_plane_and_back_is_the_same_z(frame: PlaneFrame) -> None:
    shown = frame.shown_as("phi")
    plane = np.random.default_rng(1).uniform(1e-6, 1 - 1e-6, (500, 2))
    z = shown.to_z(plane)
    np.testing.assert_allclose(shown.to_plane(z), plane, atol=1e-12)
    np.testing.assert_allclose(z, frame.to_z(stats.norm.ppf(plane)), atol=1e-9)
    np.testing.assert_allclose(frame.to_z(frame.to_plane(z)), z)  # on the same plane


def test_beyond_the_unit_square_there_is_no_z_and_its_edge_is_far_out() -> None:
    frame = PlaneFrame.identity().shown_as("phi")
    places = np.array([[0.5, 0.5], [0.0, 0.5], [1.0, 0.5], [0.5, -3.0], [2.0, 0.99]])
    assert frame.contains(places).tolist() == [True, False, False, False, False]
    z = frame.to_z(places)
    assert np.isfinite(z).all()
    assert z[3].tolist() == pytest.approx([0.0, -8.2], abs=0.1)
    assert z[4, 0] == pytest.approx(8.2, abs=0.1)
    assert PlaneFrame.identity().contains(places).all()


def test_another_display_is_another_plane_to_all_who_compare() -> None:
    for frame in FRAMES:
        shown = frame.shown_as("phi")
        assert not shown.same_as(frame) and not shown.parallel_to(frame) and shown.key != frame.key
        assert shown.same_as(frame.shown_as("phi")) and shown.key == frame.shown_as("phi").key
        assert shown.shown_as("identity").same_as(frame) and shown.shown_as("identity").key == frame.key
        assert frame.shown_as("identity") is frame
    one, other = (PlaneFrame.axes(0, 1, [0, 0, third]).shown_as("phi") for third in (1.0, 2.0))
    assert one.parallel_to(other) and one.key != other.key
    with pytest.raises(ValueError, match="display"):
        PlaneFrame(np.zeros(2), np.eye(2), display="log")


def test_what_lies_on_the_plane_is_known_far_out_too() -> None:
    """There Phi has lost its digits, but the plane has not moved."""
    frame = PlaneFrame.axes(0, 2, [0.0, 0.25, 0.0]).shown_as("phi")
    assert off_plane(frame, (7.5, 0.25, -12.0)) == 0.0
    assert off_plane(frame, (7.5, 1.25, -12.0)) == pytest.approx(1.0)


@pytest.mark.parametrize(("low", "high"), [(-0.04, 1.04), (0.3, 0.31), (0.95, 1.2), (0.4999, 0.5001), (0.0, 1e-3)])
def test_ticks_are_round_values_of_z_where_phi_puts_them_and_apart(low: float, high: float) -> None:
    spacing = (high - low) / 15
    ticks = phi_ticks(low, high, spacing)
    assert 2 <= len(ticks) <= 16
    places = np.array([place for place, _ in ticks])
    assert (np.diff(places) >= spacing).all()
    assert low <= places[0] and places[-1] <= high
    np.testing.assert_allclose(stats.norm.cdf([float(text) for _, text in ticks]), places, atol=1e-12)
    assert len({text for _, text in ticks}) == len(ticks)


def test_the_whole_axis_has_its_middle_and_the_common_values() -> None:
    texts = [text for _, text in phi_ticks(0.0, 1.0, 0.05)]
    assert {"0", "-1", "1", "-2", "2"} <= set(texts)
    assert phi_ticks(2.0, 3.0, 0.1) == []  # beyond all z
