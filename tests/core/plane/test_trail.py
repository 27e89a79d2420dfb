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
