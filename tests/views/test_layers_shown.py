"""Layers with nothing to show are hidden, and are there again as soon as they have something and are wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from latent_explorer.core.plane.cells import cells_between
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.scene import Layers
from latent_explorer.views.plane.field import FieldLayer
from latent_explorer.views.plane.layer import Layer
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.plane.selection import SelectionLayer
from latent_explorer.views.plane.thumbnails import Thumbnail, ThumbnailsLayer
from latent_explorer.views.style import Theme
from tests.views.hand import look, settle
from tests.views.planes import bare_plane

BARE = Layers(points=True, mosaic=False, field="density", field_opacity=1.0, contours=False)
PLACE = 0.5, 0.25


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> Iterator[PlaneView]:
    yield bare_plane(qtbot, theme, BARE)


def layer(plane: PlaneView, kind: type[Layer]) -> Layer:
    [found] = [item for item in plane.scene().items() if isinstance(item, kind)]
    return found


def around(plane: PlaneView) -> np.ndarray:
    """The pixels near the place."""
    settle()
    at = plane.viewport().mapTo(
        plane, plane.viewportTransform().map(plane.getPlotItem().getViewBox().mapViewToScene(QPointF(*PLACE))).toPoint()
    )
    return look(plane)[at.y() - 12 : at.y() + 13, at.x() - 12 : at.x() + 13].copy()


@pytest.mark.parametrize("wanted_first", [True, False])
def test_a_layer_is_visible_only_when_it_is_wanted_and_filled(qtbot: QtBot, wanted_first: bool) -> None:
    one = Layer()
    assert one.isVisible()
    one.set_filled(False)
    for wanted, filled, visible in (
        (False, False, False),
        (False, True, False),
        (True, True, True),
        (True, False, False),
        (True, True, True),
    ):
        steps = [lambda w=wanted: one.set_wanted(w), lambda f=filled: one.set_filled(f)]
        for step in steps if wanted_first else steps[::-1]:
            step()
        assert one.isVisible() == visible
    one.set_wanted(False)
    for filled in (False, True, True):
        one.set_filled(filled)
        assert not one.isVisible()
    one.set_wanted(True)
    assert one.isVisible()


def test_a_selection_is_hidden_while_it_is_empty_and_comes_back(plane: PlaneView) -> None:
    nothing = around(plane)
    assert not layer(plane, SelectionLayer).isVisible()
    for _ in range(2):
        plane.set_selection(np.array([PLACE]))
        assert layer(plane, SelectionLayer).isVisible() and (around(plane) != nothing).any()
        plane.set_selection(np.zeros((0, 2)))
        assert not layer(plane, SelectionLayer).isVisible() and np.array_equal(around(plane), nothing)


def test_a_selection_that_is_made_while_points_are_off_is_there_when_they_are_on(plane: PlaneView) -> None:
    nothing = around(plane)
    plane.set_layers(replace(BARE, points=False))
    plane.set_selection(np.array([PLACE]))
    assert not layer(plane, SelectionLayer).isVisible() and np.array_equal(around(plane), nothing)
    plane.set_layers(BARE)
    assert layer(plane, SelectionLayer).isVisible() and (around(plane) != nothing).any()
    plane.set_layers(replace(BARE, points=False))
    plane.set_selection(np.zeros((0, 2)))
    plane.set_layers(BARE)
    assert not layer(plane, SelectionLayer).isVisible() and np.array_equal(around(plane), nothing)


def test_images_over_points_are_hidden_while_there_are_none_and_come_back(plane: PlaneView) -> None:
    nothing = around(plane)
    assert not layer(plane, ThumbnailsLayer).isVisible()
    picture = QImage(8, 8, QImage.Format.Format_RGB888)
    picture.fill(0xFF3060)
    for _ in range(2):
        plane.set_thumbnails([Thumbnail(*PLACE, picture, "#00ff00")])
        assert layer(plane, ThumbnailsLayer).isVisible() and (around(plane) != nothing).any()
        plane.set_thumbnails([])
        assert not layer(plane, ThumbnailsLayer).isVisible() and np.array_equal(around(plane), nothing)


def test_a_field_is_hidden_while_there_is_none_and_comes_back(plane: PlaneView) -> None:
    nothing = around(plane)
    assert not layer(plane, FieldLayer).isVisible()
    cells = cells_between(np.array([-2.0, -2.0]), np.array([2.0, 2.0]), 4, 4)
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    for _ in range(2):
        plane.set_fields([PlaneField("density", "Amount", "per thing", values, cells.rectangle, "depth", 0.0, 1.0)])
        assert layer(plane, FieldLayer).isVisible() and (around(plane) != nothing).any()
        plane.set_fields([])
        assert not layer(plane, FieldLayer).isVisible() and np.array_equal(around(plane), nothing)
