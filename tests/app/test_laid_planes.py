"""Planes along no axes through five dimensions: that of PCA, and through three pins or three selected points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QPushButton

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import ImageDataset
from tests.app.conftest import Desk, make_model
from tests.views.hand import settle


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
    assert [five.window.plane.getPlotItem().getAxis(side).labelText for side in ("bottom", "left")] == ["PC 1", "PC 2"]
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
    press(five, "points")
    assert "select three, or pin three" in five.notice
    places = np.random.Generator(np.random.PCG64(5)).normal(size=(3, 5))
    for place in places:
        five.program.probe.put(tuple(place.tolist()))
        five.program.pins.add()
    press(five, "points")
    frame = five.slot.frame
    np.testing.assert_allclose(frame.foot(places), places, atol=1e-6)
    flat = PlaneFrame.through(places)
    np.testing.assert_allclose(frame.directions, flat.directions, atol=1e-9)
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


def test_three_places_on_a_line_are_refused(five: Desk) -> None:
    for step in (0.0, 1.0, 2.0):
        five.program.probe.put((step, step, 0.0, 0.0, 0.0))
        five.program.pins.add()
    before = five.slot.frame
    press(five, "points")
    assert "line" in five.notice
    assert five.slot.frame.directions.tolist() == before.directions.tolist()
