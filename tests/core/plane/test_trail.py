"""The trail: bounded, spaced, and right on every plane."""

from __future__ import annotations

import numpy as np

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.trail import MOST, Trail

FLAT = PlaneFrame.identity()


def test_places_that_lie_close_are_left_out() -> None:
    trail = Trail()
    trail.begin(np.zeros(2))
    taken = [trail.add(np.array([x, 0.0]), FLAT, 0.5) for x in (0.2, 0.4, 0.6, 0.9, 1.2)]
    assert taken == [False, False, True, False, True]
    np.testing.assert_array_equal(trail.on(FLAT), [(0, 0), (0.6, 0), (1.2, 0)])


def test_the_start_alone_is_no_trail() -> None:
    trail = Trail()
    assert trail.on(FLAT).shape == (0, 2)
    trail.begin(np.ones(2))
    assert trail.on(FLAT).shape == (0, 2)


def test_it_forgets_the_oldest_and_all_at_a_new_beginning() -> None:
    trail = Trail()
    trail.begin(np.zeros(2))
    for x in range(1, 500):
        trail.add(np.array([x, 0.0]), FLAT, 0.5)
    np.testing.assert_array_equal(trail.on(FLAT)[:, 0], np.arange(500 - MOST, 500))
    trail.begin(np.array([7.0, 7.0]))
    assert len(trail) == 1
    trail.clear()
    assert len(trail) == 0


def test_it_is_kept_in_latent_space() -> None:
    """Another plane through the same space shows it where it lies there; one of another space does not show it."""
    trail = Trail()
    low = PlaneFrame(np.zeros(3), np.eye(3)[:2])
    trail.begin(low.to_z(np.array([1.0, 2.0])))
    trail.add(low.to_z(np.array([3.0, 5.0])), low, 0.1)
    other = PlaneFrame(np.array([0.0, 0.0, 9.0]), np.eye(3)[[1, 2]])
    np.testing.assert_allclose(trail.on(other), [(2.0, -9.0), (5.0, -9.0)], atol=1e-12)
    assert trail.on(FLAT).shape == (0, 2)


def test_on_a_torus_it_runs_on_from_square_to_square() -> None:
    trail, torus = Trail(), PlaneFrame.torus()
    walked = np.array([(-0.3, 0.9), (-0.1, 1.1), (0.2, 1.3), (0.5, 1.35)])
    trail.begin(torus.to_z(walked[0]))
    for place in walked[1:]:
        assert trail.add(torus.to_z(place), torus, 0.1)
    assert not trail.add(torus.to_z(np.array([0.55, 0.35])), torus, 0.1)
    np.testing.assert_allclose(trail.on(torus, walked[-1]), walked)
    np.testing.assert_allclose(trail.on(torus, np.array([7.45, -2.6])), walked + np.array([7, -4]))
    np.testing.assert_allclose(trail.on(torus), walked + np.array([0, -1]))


def test_a_step_over_the_end_of_a_torus_is_as_short_as_it_is() -> None:
    trail, torus = Trail(), PlaneFrame.torus()
    trail.begin(np.array([0.99, 0.5]))
    assert not trail.add(np.array([0.01, 0.5]), torus, 0.1)
    assert trail.add(np.array([0.2, 0.5]), torus, 0.1)
