"""The plane in the coordinates in which the prior is uniform, switched on and off in the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox
from scipy import stats

from latent_explorer.core.types import ImageDataset
from tests.app.conftest import Desk, make_model
from tests.app.sheets import sheets
from tests.views.hand import Ear, settle


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("deep")
    make_model(folder / "line.safetensors", digits, latent_dim=1, epochs=1)
    make_model(folder / "five.safetensors", digits, latent_dim=5, epochs=2)
    return {path.stem: path for path in folder.iterdir()}


def box(desk: Desk) -> QCheckBox:
    found = desk.window.layers.findChild(QCheckBox, "uniform")
    assert found is not None
    return found


def switch(desk: Desk) -> None:
    desk.window.raise_panel("layers")
    settle()
    box(desk).click()
    desk.rest()


def test_all_that_is_on_the_plane_follows_and_the_probe_stays_on_its_z(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, plane = sheets(monkeypatch), opened.window.plane
    ear = Ear(plane, "planePointPicked", "planePointHeld")
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.45))
    opened.window.plane.pinRequested.emit()
    opened.away()
    opened.rest()
    held, image, before = opened.session.scene.probe, opened.image(), opened.session.scene.camera
    assert held is not None and image is not None
    switch(opened)
    assert opened.slot.frame.display == "phi"
    assert opened.session.scene.probe == held
    assert (opened.image() == image).all()
    assert opened.shows(held)
    # The camera shows the whole unit square, and the cursor, points and pins are where Phi puts them.
    left, bottom, width, height = plane.window_rectangle()
    assert left < 0 and left + width > 1 and bottom < 0 and bottom + height > 1 and min(width, height) < 1.3
    assert plane._cursor.pos().toTuple() == pytest.approx(tuple(stats.norm.cdf(held)), abs=1e-6)
    # What is under the pointer is what the axis says.
    opened.hand.move(opened.plane, plane.plane_to_pixel(0.25, 0.75).toPoint())
    _, x, y = ear.of("planePointPicked")[-1]
    opened.wait(lambda: opened.shows(stats.norm.ppf([x, y])))
    opened.away()
    opened.rest()
    # Mosaic: its cells are decodes at Phi^-1 of their centres; none outside.
    sheet = shown[-1]
    rows, columns = (side // 10 for side in sheet.words.shape)
    left, bottom, width, height = sheet.rectangle
    inside = 0
    for row in range(rows):
        for column in range(columns):
            place = np.array([left + (column + 0.5) * width / columns, bottom + height - (row + 0.5) * height / rows])
            cell = sheet.words[row * 10 + 1 : row * 10 + 9, column * 10 + 1 : column * 10 + 9] & 0xFF
            if (place <= 0).any() or (place >= 1).any():
                assert not cell.any()
            elif (row + column) % 7 == 0:
                inside += 1
                assert np.abs(cell.astype(int) - opened.decoded(stats.norm.ppf(place))[..., 0]).max() <= 1
    assert inside > 5
    switch(opened)
    assert opened.slot.frame.display == "identity"
    assert opened.session.scene.probe == held
    assert opened.shows(held)
    camera = opened.session.scene.camera
    assert (camera.x, camera.y, camera.span) == pytest.approx((before.x, before.y, before.span))


def test_a_probe_that_nobody_has_placed_stays_at_the_prior_s_mean(opened: Desk) -> None:
    opened.away()
    opened.rest()
    assert opened.session.scene.probe is None
    before = opened.image()
    assert before is not None and opened.shows((0.0, 0.0))
    switch(opened)
    assert opened.shows((0.0, 0.0))
    assert (opened.image() == before).all()
    assert opened.window.plane._cursor.pos().toTuple() == pytest.approx((0.5, 0.5))


def test_the_numbers_at_the_axes_are_z_at_uneven_places(opened: Desk) -> None:
    axis = opened.window.plane.getPlotItem().getAxis("bottom")
    switch(opened)
    marks, _ = axis.marks(-0.04, 1.04, 900.0)
    places, values = np.array([place for place, _ in marks]), [float(text) for _, text in marks]
    np.testing.assert_allclose(stats.norm.cdf(values), places, atol=1e-9)
    assert 0.0 in values and len(values) >= 5
    assert np.diff(places).std() > 0.005
    switch(opened)
    assert all(float(text) == pytest.approx(place) for place, text in axis.marks(-3.0, 3.0, 900.0)[0])


def test_it_is_offered_where_the_prior_lies_along_the_axes(desk: Desk, deep: dict[str, Path], models: dict[str, Path]) -> None:
    assert not box(desk).isEnabled()
    desk.open(models["small"])
    assert box(desk).isEnabled()
    switch(desk)
    for name, offered in (("line", False), ("five", True)):  # what was chosen stays chosen
        desk.program.opening.open(deep[name])
        desk.wait(lambda name=name: desk.slot.name == name)  # type: ignore[misc]
        desk.rest()
        assert box(desk).isEnabled() == offered
        assert desk.slot.frame.display == ("phi" if offered else "identity")


def test_a_slice_moves_and_keeps_its_display(desk: Desk, deep: dict[str, Path]) -> None:
    desk.open(deep["five"])
    switch(desk)
    z = (0.3, -0.4, 0.9, 1.1, -0.2)
    desk.program.probe.put(z)  # the plane goes through it
    desk.rest()
    assert desk.slot.frame.display == "phi"
    assert desk.session.scene.probe == pytest.approx(z, abs=1e-6)
    assert desk.shows(z)
    switch(desk)
    assert desk.session.scene.probe == pytest.approx(z, abs=1e-6)
