"""Cameras and codes that are absurdly far away do not break the plane."""

from __future__ import annotations

import math

import pytest
from pytestqt.qtbot import QtBot

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.scene import Camera
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.plot import SPAN_LIMITS
from tests.views.hand import Hand


@pytest.mark.parametrize(
    "camera",
    [Camera(5e20, 0.0, 7.0), Camera(0.0, -1e308, 0.0), Camera(math.nan, 0.0, math.nan), Camera(0.0, 0.0, math.inf), Camera(0.0, 0.0, -1.0)],
    ids=str,
)
def test_the_plane_survives_any_camera(qtbot: QtBot, camera: Camera) -> None:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(500, 400)
    Hand(plane)
    plane.set_camera(camera)
    shown = plane.camera()
    assert all(math.isfinite(number) for number in (shown.x, shown.y, shown.span))
    assert max(abs(shown.x), abs(shown.y)) <= 2 * FARTHEST
    assert shown.span >= SPAN_LIMITS[0] / 2
    plane.set_camera(Camera(0.5, -0.5, 6.0))
    shown = plane.camera()
    assert (shown.x, shown.y, shown.span) == pytest.approx((0.5, -0.5, 6.0))
