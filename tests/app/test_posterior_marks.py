"""Where the crosses of a posterior stand, and which window shows it, on a torus without an end."""

from __future__ import annotations

import pytest

from latent_explorer.app.features.posterior_marks import marks_of, nearest_copy
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Camera
from tests.core.plane.test_posterior_places import posterior


def test_on_a_torus_the_copies_nearest_to_the_camera_are_marked() -> None:
    found = posterior("torus", (0.6, (0.1, 0.5)), (0.4, (0.8, 0.5)))
    frame = PlaneFrame.torus()
    far = marks_of(found, found, None, frame, Camera(7.2, -2.6, 1.0))
    assert far.mode == pytest.approx((7.1, -2.5)) and far.others == (pytest.approx((6.8, -2.5)),)
    first = marks_of(found, found, None, frame, Camera(0.5, 0.5, 1.0))
    assert first.mode == pytest.approx((0.1, 0.5)) and first.others == (pytest.approx((0.8, 0.5)),)


def test_elsewhere_they_stand_where_they_are_and_without_parts_alone() -> None:
    found = posterior("plane", (0.6, (0.1, 0.5)), (0.4, (0.8, 0.5)))
    frame, camera = PlaneFrame.identity(), Camera(7.3, -2.6, 1.0)
    assert marks_of(found, found, None, frame, camera).others == ((0.8, 0.5),)
    alone = marks_of(found, None, None, frame, camera)
    assert alone.mode == (0.1, 0.5) and alone.others == () and alone.place is None


def test_of_a_window_the_copy_in_sight_is_meant() -> None:
    near = nearest_copy(Camera(0.4, 0.8, 0.1), Camera(7.3, -2.6, 1.0))
    assert (near.x, near.y, near.span) == pytest.approx((7.4, -2.2, 0.1))
