"""A globe in the window: drags turn it, points behind it are gone, and a class on the far side comes to the front."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from latent_explorer.core.plane.field import kinds_for
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.plane.globe import DegreesLayer
from latent_explorer.views.plane.layer import Window
from tests.app.conftest import Desk, make_model
from tests.views.hand import Key, Modifier


@pytest.fixture(scope="session")
def globe_model(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    path = tmp_path_factory.mktemp("globe") / "globe.safetensors"
    make_model(path, digits, family="hyperspherical-vae", latent_dim=3, epochs=6)
    return path


@pytest.fixture(scope="session")
def torus_model(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    path = tmp_path_factory.mktemp("torus") / "torus.safetensors"
    make_model(path, digits, family="qlvm-torus", epochs=2, nodes=(8,))
    return path


def test_a_drag_turns_the_globe_and_the_picture_under_the_pointer_follows(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    assert desk.slot.frame.kind == "sphere"
    camera = desk.session.scene.camera
    before = desk.slot.frame
    desk.hand.drag(desk.plane, [desk.pixel(0.5, 0.4), desk.pixel(0.55, 0.45), desk.pixel(0.6, 0.5)], Qt.MouseButton.RightButton)
    desk.rest()
    after = desk.slot.frame
    assert not after.same_as(before) and after.continues(before)
    assert desk.session.scene.camera == camera  # the globe has turned; the window has not moved
    z = desk.program.probe.where()
    assert z is not None and abs(float(np.linalg.norm(z)) - 1) < 1e-6
    assert desk.shows(z)
    # East and north of the middle came nearer: the hand went right and down or up with the surface.
    moved = after.to_plane(before.origin)
    assert moved[0] > 0.02
    desk.wish("undo")
    desk.rest()
    assert desk.slot.frame.same_as(before)


def test_keys_turn_it_too_and_points_behind_are_not_pointed_at(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    desk.away()
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_Right, Modifier.ControlModifier | Modifier.ShiftModifier)
    desk.rest()
    assert desk.session.scene.globe != (0.0, 0.0)
    codes, shown = desk.slot.points, desk.program.index.shown
    assert codes is not None and shown is not None
    behind = codes.z @ desk.slot.frame.origin.astype(np.float32) < 0
    assert 0 < behind.sum() < len(codes.z)
    assert np.isnan(shown.index.points[behind]).all()
    assert kinds_for(desk.slot) == ()  # a globe shows areas foreshortened


def test_zooming_keeps_the_globe_where_it_is(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    before = desk.window.plane.plane_to_pixel(0.0, 0.0)
    desk.hand.wheel(desk.plane, desk.pixel(0.7, 0.7), 3)
    desk.rest()
    after = desk.window.plane.plane_to_pixel(0.0, 0.0)
    assert (after - before).manhattanLength() <= 3


def test_a_class_behind_the_globe_is_brought_to_the_front(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    desk.away()
    desk.window.plane.setFocus()
    for key in (Key.Key_0, Key.Key_4, Key.Key_7):
        desk.hand.key(key)
        desk.rest()
        probe = desk.session.scene.probe
        assert probe is not None
        assert abs(float(np.linalg.norm(probe)) - 1) < 1e-6
        assert float(desk.slot.frame.origin @ np.array(probe)) >= 0
        assert desk.shows(probe)


def test_a_torus_goes_on_beyond_its_ends(desk: Desk, torus_model: Path) -> None:
    desk.open(torus_model)
    assert desk.slot.frame.kind == "torus"
    left, bottom, width, height = desk.window.plane.window_rectangle()
    assert left <= 0 and bottom <= 0 and left + width >= 1 and bottom + height >= 1  # one cell at the start
    assert desk.window.plane._square.isVisible()
    desk.hand.move(desk.plane, desk.window.plane.plane_to_pixel(0.25, 0.5).toPoint())
    desk.rest()
    inside = desk.image()
    x = left + 0.99 * width
    desk.hand.move(desk.plane, desk.window.plane.plane_to_pixel(x, 0.5).toPoint())
    desk.rest()
    z = desk.program.probe.where()
    assert inside is not None and z is not None
    assert all(0 <= value < 1 for value in z)
    assert desk.shows(z)


def test_a_probe_held_beyond_the_first_cell_of_a_torus_stays_there(desk: Desk, torus_model: Path) -> None:
    desk.open(torus_model)
    left, _, width, _ = desk.window.plane.window_rectangle()
    x = left + 0.995 * width
    assert x > 1
    place = desk.window.plane.plane_to_pixel(x, 0.5).toPoint()
    desk.hand.click(desk.plane, place)
    desk.away()
    desk.rest()
    cursor = desk.window.plane._cursor
    assert cursor.isVisible()
    held = desk.window.plane.plane_to_pixel(cursor.pos().x(), cursor.pos().y()).toPoint()
    assert (held - place).manhattanLength() <= 1
    z = desk.session.scene.probe
    assert z is not None and all(0 <= value < 1 for value in z)
    assert desk.shows(z)
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_Left)
    assert 0 < x - cursor.pos().x() < 0.02  # and the keys go on from there


def test_the_degrees_of_a_globe_turn_with_it(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    degrees = desk.window.plane._globe.degrees
    assert degrees.isVisible()
    at = {words: (x, y) for x, y, words in degrees.marks}
    assert at["30° E"] == pytest.approx((0.5, 0.0), abs=1e-6) and at["30° N"][1] == pytest.approx(0.5, abs=1e-6)
    desk.program.session.set_scene(globe=(30.0, 0.0))
    desk.rest()
    assert {words: (x, y) for x, y, words in degrees.marks}["30° E"] == pytest.approx((0.0, 0.0), abs=1e-6)


def test_a_globe_has_no_room_for_axes_and_its_degrees_are_whole(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    plot = desk.window.plane.getPlotItem()
    assert not any(plot.getAxis(side).isVisible() for side in ("bottom", "left"))
    layer, words = DegreesLayer(), "150° W"
    layer.set_look("#ffffff", "#000000", desk.window.font())

    def painted(x: float, y: float) -> np.ndarray:
        """Where something is drawn (H, W) in a window of 300 by 200 pixels, with one mark at a pixel."""
        layer.set_marks([((x - 150) / 200, (100 - y) / 200, words)])
        picture = layer.draw(Window((200.0, -200.0), (150.0, 100.0), (0, 0), 300, 200, 1.0))
        assert picture is not None
        return np.frombuffer(picture.constBits(), np.uint8).reshape(200, 300, 4)[..., 3] > 0

    middle = painted(120.0, 100.0)
    rows, columns = np.nonzero(middle)
    assert columns.min() > 120 + 10 and rows.max() < 100  # a ring at the crossing covers none of it
    for x, y in ((299.0, 100.0), (120.0, 2.0)):
        assert np.ptp(np.nonzero(painted(x, y)), axis=1) == pytest.approx(np.ptp((rows, columns), axis=1), abs=1)  # whole at the edges
    assert not painted(310.0, 100.0).any()


def test_the_place_is_told_in_degrees_that_agree_with_the_lines(desk: Desk, globe_model: Path) -> None:
    desk.open(globe_model)
    desk.session.set_scene(globe=(30.0, 0.0))
    desk.rest()
    for x, y, words in ((0.0, 0.5, "30.0° N, 30.0° E"), (-0.5, 0.0, "0.0°, 0.0°"), (0.0, -np.sqrt(3) / 2, "60.0° S, 30.0° E")):
        z = desk.slot.frame.to_z(np.array([x, y]))
        desk.program.probe.put(tuple(z.tolist()))
        desk.rest()
        assert sum(words in text for text in desk.texts()) == 2  # the status line, and beside the decoded image
    mark = {words: (x, y) for x, y, words in desk.window.plane._globe.degrees.marks}["60° E"]
    desk.hand.move(desk.plane, desk.window.plane.plane_to_pixel(*mark).toPoint())
    desk.rest()
    z = np.array(desk.program.probe.where())
    longitude = np.degrees(np.arctan2(z[1], z[0]))
    assert longitude == pytest.approx(60.0, abs=0.5)
    assert desk.says(f", {longitude:.1f}° E")
