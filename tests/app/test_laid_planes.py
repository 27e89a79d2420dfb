"""Planes along no axes through five dimensions: that of PCA, and through three pins or three selected points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QToolTip

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.place import PlaceText, all_words
from tests.app.conftest import Desk, make_model
from tests.views.hand import Key, settle


@pytest.fixture(scope="module")
def deep_model(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    path = tmp_path_factory.mktemp("laid") / "five.safetensors"
    make_model(path, digits, latent_dim=5, epochs=6, hidden=(24,), lr=4e-3)
    return path


@pytest.fixture
def five(desk: Desk, deep_model: Path) -> Desk:
    desk.open(deep_model)
    desk.window.raise_panel("slice")
    desk.away()
    settle()
    return desk


def press(desk: Desk, name: str) -> None:
    button = desk.window.slice.findChild(QPushButton, f"slice_{name}")
    assert button is not None
    desk.hand.click(button)
    desk.rest()


def box(desk: Desk, name: str) -> QComboBox:
    found = desk.window.slice.findChild(QComboBox, f"slice_{name}")
    assert found is not None
    return found


def lonely_rows(desk: Desk) -> list[int]:
    """Points in view that no other one is near to."""
    found = desk.slot.frame.to_plane(desk.slot.codes["mean"].z)
    left, bottom, width, height = desk.window.plane.window_rectangle()
    inner = ((found > (left + 0.2 * width, bottom + 0.2 * height)) & (found < (left + 0.75 * width, bottom + 0.75 * height))).all(axis=1)
    away = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    order = np.argsort(-away.min(axis=1))
    return [int(row) for row in order if inner[row]]


def click_point(desk: Desk, row: int) -> None:
    x, y = desk.slot.frame.to_plane(desk.slot.codes["mean"].z[row]).tolist()
    desk.hand.click(desk.plane, desk.window.plane.plane_to_pixel(x, y).toPoint())
    desk.rest()


def test_the_next_three_clicks_are_the_points_of_a_plane(five: Desk) -> None:
    five.session.set_scene(layers=replace(five.session.scene.layers, thumbnails=False))
    five.wait(lambda: five.program.index.shown is not None)
    rows, probe = lonely_rows(five)[:3], five.session.scene.probe
    press(five, "points")
    assert "Click three points" in five.notice and five.says("Click three points")
    button = five.window.slice.findChild(QPushButton, "slice_points")
    assert button is not None and button.isChecked()
    for row, words in zip(rows, ("click two more", "click one more", ""), strict=True):
        click_point(five, row)
        assert words in five.notice if words else not five.notice
    assert five.session.scene.selection is not None
    assert five.session.scene.selection.rows.tolist() == sorted(rows)
    z = five.slot.codes["mean"].z[rows].astype(np.float64)
    np.testing.assert_allclose(five.slot.frame.foot(z), z, atol=1e-6)
    assert not button.isChecked() and not five.says("Esc leaves")
    assert five.session.scene.probe == probe  # the clicks held none


@pytest.mark.parametrize("how", ["escape", "button"])
def test_clicking_points_for_a_plane_can_be_left(five: Desk, how: str) -> None:
    five.wait(lambda: five.program.index.shown is not None)
    frame = five.slot.frame
    press(five, "points")
    click_point(five, lonely_rows(five)[0])
    assert "1 point of 3" in five.notice
    if how == "escape":
        five.hand.key(Key.Key_Escape)
    else:
        press(five, "points")
    assert not five.notice and not five.says("Esc leaves")
    assert five.slot.frame.same_as(frame)
    place = five.pixel(0.3, 0.3)
    five.hand.click(five.plane, place)  # holds the probe again
    assert five.session.scene.probe is not None
    assert five.session.scene.selection is not None and len(five.session.scene.selection.rows) == 1


def test_the_plane_of_pca_shows_more_of_the_codes_than_any_two_axes(five: Desk) -> None:
    codes = five.slot.codes["mean"].z.astype(np.float64)
    press(five, "principal")
    frame = five.slot.frame
    assert frame.pair is None
    shown = frame.to_plane(codes).var(axis=0).sum()
    values = np.linalg.eigvalsh(np.cov(codes.T, bias=True))
    np.testing.assert_allclose(shown, values[-2:].sum(), rtol=1e-6)
    assert shown >= np.sort(codes.var(axis=0))[-2:].sum() - 1e-9
    z = five.program.probe.where()
    assert z is not None and five.shows(z)
    shares = [f"PC {k} ({value / values.sum():.0%})" for k, value in ((1, values[-1]), (2, values[-2]))]
    assert [five.window.plane.getPlotItem().getAxis(side).labelText for side in ("bottom", "left")] == shares
    assert [box(five, name).placeholderText() for name in "xy"] == shares
    assert five.says("two directions in which they vary most")
    five.wish("undo")
    five.rest()
    assert five.slot.frame.pair is not None


def test_picking_an_axis_leaves_it_again(five: Desk) -> None:
    press(five, "principal")
    box = five.window.slice.findChild(QComboBox, "slice_x")
    assert box is not None and box.currentIndex() == -1
    box.setCurrentIndex(2)
    axis = int(box.currentData())
    box.activated.emit(2)
    five.rest()
    assert five.slot.frame.pair is not None and five.slot.frame.pair[0] == axis


def test_a_plane_goes_through_three_pins(five: Desk) -> None:
    places = np.random.Generator(np.random.PCG64(5)).normal(size=(3, 5))
    for place in places:
        five.program.probe.put(tuple(place.tolist()))
        five.program.pins.add()
    press(five, "points")
    frame = five.slot.frame
    np.testing.assert_allclose(frame.foot(places), places, atol=1e-6)
    flat = PlaneFrame.through(places)
    np.testing.assert_allclose(frame.directions, flat.directions, atol=1e-9)
    assert "points 1 and 2" in five.window.plane.getPlotItem().getAxis("bottom").labelText
    assert (box(five, "x").placeholderText(), box(five, "y").placeholderText()) == ("points 1,2", "point 3")
    # Walking to another place takes the plane there, parallel to itself.
    elsewhere = np.zeros(5) + 0.3
    five.program.probe.put(tuple(elsewhere.tolist()))
    five.rest()
    np.testing.assert_allclose(five.slot.frame.foot(elsewhere), elsewhere, atol=1e-6)
    np.testing.assert_allclose(five.slot.frame.directions, flat.directions, atol=1e-9)
    assert five.shows(tuple(elsewhere.tolist()))


def test_a_plane_goes_through_three_selected_points(five: Desk) -> None:
    rows = np.array([3, 50, 200])
    five.session.set_scene(selection=Rows(rows))
    press(five, "points")
    z = five.slot.codes["mean"].z[rows].astype(np.float64)
    np.testing.assert_allclose(five.slot.frame.foot(z), z, atol=1e-6)


def test_the_same_plane_asked_for_again_begins_anew(five: Desk) -> None:
    five.wait(lambda: five.program.index.shown is not None)
    five.session.set_scene(selection=Rows(np.array([3, 50, 200])), layers=replace(five.session.scene.layers, thumbnails=False))
    press(five, "points")
    frame = five.slot.frame
    assert five.says("All other points are projected")
    press(five, "points")
    assert "these three already" in five.notice and five.session.scene.selection is None
    for row in lonely_rows(five)[:3]:
        click_point(five, row)
    assert not five.notice and not five.slot.frame.same_as(frame)


def test_a_click_that_adds_no_point_is_answered(five: Desk) -> None:
    five.session.set_scene(layers=replace(five.session.scene.layers, thumbnails=False))
    five.wait(lambda: five.program.index.shown is not None)
    row, other = lonely_rows(five)[:2]
    press(five, "points")
    click_point(five, row)
    assert five.notice.startswith("1 point of 3")
    click_point(five, row)
    assert five.notice == "There is no other point. 1 point of 3: click two more; Esc leaves."
    click_point(five, other)
    assert five.notice.startswith("2 points of 3")
    left, bottom, width, height = five.window.plane.window_rectangle()
    five.hand.click(five.plane, five.window.plane.plane_to_pixel(left + 0.02 * width, bottom + 0.02 * height).toPoint())
    five.rest()
    assert five.notice == "There is no other point. 2 points of 3: click one more; Esc leaves."
    five.hand.key(Key.Key_Escape)
    assert not five.notice


def test_all_of_z_stands_in_the_place_s_tooltip_on_a_plane_along_no_axes(five: Desk) -> None:
    press(five, "principal")
    z = five.program.probe.where()
    assert z is not None
    for place in five.window.findChildren(PlaceText):
        event = QHelpEvent(QEvent.Type.ToolTip, QPoint(4, 4), place.mapToGlobal(QPoint(4, 4)))
        QApplication.sendEvent(place, event)
        assert QToolTip.text().endswith(all_words(z))
    QToolTip.hideText()


def test_three_places_on_a_line_are_refused(five: Desk) -> None:
    for step in (0.0, 1.0, 2.0):
        five.program.probe.put((step, step, 0.0, 0.0, 0.0))
        five.program.pins.add()
    before = five.slot.frame
    press(five, "points")
    assert "line" in five.notice
    assert five.slot.frame.directions.tolist() == before.directions.tolist()
