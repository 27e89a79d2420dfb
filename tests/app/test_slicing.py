"""Models of more than two latent dimensions in the real window: the plane on two axes, the rest on sliders."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from latent_explorer.app.features import export as export_feature
from latent_explorer.app.features import mosaic as mosaic_feature
from latent_explorer.app.features.slicing import put_sliced
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.neighbours import Neighbours
from latent_explorer.core.plane.slices import Slice
from latent_explorer.core.types import DecodeRequest, DecodeResult, ImageDataset
from latent_explorer.views.axis_slider import AxisSlider
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.workers import decoding
from tests.app.conftest import WATCHDOG, Desk, make_model
from tests.app.sheets import Gate, check_mosaic, sheets
from tests.views.hand import Ear, Key, settle


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> dict[str, Path]:
    """Models of the digits with other latent sizes than 2, trained until their units differ."""
    folder = tmp_path_factory.mktemp("deep")
    trained = {"hidden": (48,), "lr": 4e-3}
    make_model(folder / "five.safetensors", digits, latent_dim=5, epochs=25, **trained)
    make_model(folder / "going.safetensors", digits, latent_dim=5, epochs=200, stop_after=180, schedule="constant", **trained)
    make_model(folder / "wide.safetensors", digits, latent_dim=40, epochs=3)
    make_model(folder / "line.safetensors", digits, latent_dim=1, epochs=3)
    return {path.stem: path for path in folder.iterdir()}


@pytest.fixture
def five(desk: Desk, deep: dict[str, Path]) -> Desk:
    """The program, showing a model of five dimensions, its panel in front."""
    desk.open(deep["five"])
    desk.window.raise_panel("slice")
    settle()
    return desk


def codes(desk: Desk) -> np.ndarray:
    return desk.slot.codes["mean"].z.astype(np.float64)


def pair(desk: Desk) -> tuple[int, int]:
    found = desk.slot.frame.pair
    assert found is not None
    return found


def others(desk: Desk) -> list[int]:
    """The axes that are not on the plane, the one that varies most first."""
    return [int(axis) for axis in np.argsort(-codes(desk).var(axis=0)) if axis not in pair(desk)]


def slider(desk: Desk, axis: int) -> AxisSlider:
    found = desk.window.slice.findChild(AxisSlider, f"slice_slider_{axis}")
    assert found is not None and found.isVisible()
    return found


def button(desk: Desk, name: str) -> QPushButton:
    found = desk.window.slice.findChild(QPushButton, f"slice_{name}")
    assert found is not None
    return found


def axis_labels(desk: Desk) -> tuple[str, str]:
    item = desk.window.plane.getPlotItem()
    return item.getAxis("bottom").labelText, item.getAxis("left").labelText


def counted(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Writes down every scatter that is drawn anew."""
    found: list[np.ndarray] = []
    told = PlaneView.set_codes

    def note(view: PlaneView, points: np.ndarray, *rest: object) -> None:
        found.append(points)
        told(view, points, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PlaneView, "set_codes", note)
    return found


# --- opening -----------------------------------------------------------------------------------------------------------------


def test_a_model_of_five_dimensions_opens_on_its_two_liveliest_axes(five: Desk) -> None:
    z = codes(five)
    first, second = np.argsort(-z.var(axis=0))[:2]
    assert pair(five) == (first, second)
    assert axis_labels(five) == (f"z[{first}]", f"z[{second}]")
    mean = z.mean(axis=0)
    mean[[first, second]] = 0
    assert five.slot.frame.origin == pytest.approx(mean, abs=1e-6)
    assert five.shows(mean)
    active = int((z.var(axis=0) > 0.01).sum())
    assert five.says(f"{active} of 5 units are active; these two vary most.")
    assert five.says("projected")
    assert five.says(f"z[{first}] 0.000, z[{second}] 0.000")
    assert five.says("3 others")
    assert not button(five, "mean").isEnabled()
    points = five.slot.frame.to_plane(five.slot.codes["mean"].z)
    left, bottom, width, height = five.window.plane.window_rectangle()
    assert ((points >= (left, bottom)) & (points <= (left + width, bottom + height))).all(axis=1).mean() > 0.95


def test_the_sentence_counts_in_all_dimensions(five: Desk) -> None:
    z = five.slot.frame.origin
    distances = np.sqrt(((codes(five) - z) ** 2).sum(axis=1))
    radius = Neighbours(five.slot.codes["mean"].z, five.slot.codes["mean"].labels).radius
    near = int((distances <= radius).sum())
    start = "No code" if near == 0 else "1 code" if near == 1 else f"{near:,} codes"
    assert five.says(f"{start} within {radius:g} in all 5 dimensions")
    assert five.says(f"{distances.min():.3f} away")
    log_prior = -0.5 * float(z @ z) - 2.5 * np.log(2 * np.pi)
    assert any(text.replace("−", "-").startswith(f"{log_prior:.2f} per") for text in five.texts())


def test_the_panel_is_there_only_where_there_is_something_to_choose(opened: Desk, deep: dict[str, Path]) -> None:
    def offered() -> bool:
        return any(action.text() == "Slice" and action.isVisible() for action in opened.window._slice_dock.actions()) or (
            opened.window._slice_dock.toggleViewAction().isVisible()
        )

    dock = opened.window._slice_dock
    assert dock.isHidden() and not offered()
    assert axis_labels(opened) == ("z[0]", "z[1]")
    opened.program.opening.open(deep["five"])
    opened.wait(lambda: opened.slot.name == "five")
    opened.rest()
    assert not dock.isHidden() and offered()
    opened.wish("reset_layout")
    assert not dock.isHidden()
    dock.close()  # by the person: it stays away until there is a reason
    opened.program.opening.open(deep["wide"])
    opened.wait(lambda: opened.slot.name == "wide")
    opened.rest()
    assert dock.isHidden() and offered()
    opened.program.opening.open(deep["line"])
    opened.wait(lambda: opened.slot.name == "line")
    opened.rest()
    opened.wish("reset_layout")
    assert dock.isHidden() and not offered()


def test_full_screen_keeps_sliders_away_and_brings_them_back(five: Desk) -> None:
    five.window.plane.setFocus()
    five.hand.key(Key.Key_F11)
    assert five.window._slice_dock.isHidden()
    five.hand.key(Key.Key_F11)
    assert not five.window._slice_dock.isHidden()


def test_a_line_shows_one_dimension_and_nothing_upwards(desk: Desk, deep: dict[str, Path]) -> None:
    desk.open(deep["line"])
    assert axis_labels(desk) == ("z[0]", "")
    ear = Ear(desk.window.plane, "planePointPicked")
    for place in ((0.3, 0.2), (0.3, 0.8), (0.7, 0.5)):
        desk.hand.move(desk.plane, desk.pixel(*place))
        _, x, _ = ear.of("planePointPicked")[-1]
        desk.wait(lambda x=x: desk.shows([x]))  # type: ignore[misc]
    desk.hand.click(desk.plane, desk.pixel(0.6, 0.9))
    assert desk.session.scene.probe is not None and len(desk.session.scene.probe) == 1
    desk.away()
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_3)
    desk.rest()
    assert desk.shows(desk.session.scene.probe)


# --- sliders -----------------------------------------------------------------------------------------------------------------


def test_a_dragged_slider_moves_the_plane_and_all_that_is_decoded_on_it(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, drawn = sheets(monkeypatch), counted(monkeypatch)
    axis = others(five)[0]
    before, camera = five.slot, five.session.scene.camera
    handle = slider(five, axis)
    middle = handle.height() // 2
    generations = {before.generation}
    five.hand.press(handle, QPoint(handle.width() // 2, middle))
    for x in np.linspace(handle.width() * 0.5, handle.width() * 0.8, 25):
        five.hand.move(handle, QPoint(round(x), middle))
        generations.add(five.slot.generation)
    five.hand.release(handle, QPoint(round(handle.width() * 0.8), middle))
    five.rest()
    value = five.slot.frame.origin[axis]
    assert 1.5 < value < 4.5
    assert len(generations) > 10  # each place of the slider is a plane of its own
    wanted = before.frame.origin.copy()
    wanted[axis] = value
    np.testing.assert_array_equal(five.slot.frame.origin, wanted)
    assert five.shows(wanted)
    check_mosaic(five, shown[-1])
    assert five.session.scene.camera == camera
    assert drawn == []  # the points are projected: they do not move
    assert five.session.scene.slice.held == ((axis, pytest.approx(value)),)
    assert any(text.replace("−", "-") == f"{value:.3f}" for text in five.texts())
    button(five, "mean").click()
    five.rest()
    np.testing.assert_array_equal(five.slot.frame.origin, before.frame.origin)
    assert five.session.scene.slice == Slice()
    assert five.shows(before.frame.origin)
    check_mosaic(five, shown[-1])


def test_the_held_probe_goes_with_the_plane(five: Desk) -> None:
    five.hand.click(five.plane, five.pixel(0.7, 0.4))
    five.away()
    held = np.array(five.session.scene.probe)
    place = five.slot.frame.to_plane(held)
    axis = others(five)[1]
    slider(five, axis).setValue(150)
    held[axis] = 1.5
    assert five.session.scene.probe == pytest.approx(tuple(held))
    np.testing.assert_array_equal(five.slot.frame.to_plane(np.array(five.session.scene.probe)), place)
    five.rest()
    assert five.shows(held)
    assert five.program.probe.shown is not None
    assert five.program.probe.shown[0] == pytest.approx(tuple(held), abs=1e-6)


def test_the_keyboard_moves_a_slider_and_takes_it_back(five: Desk) -> None:
    axis = others(five)[0]
    mean = five.slot.frame.origin[axis]
    handle = slider(five, axis)
    assert handle.accessibleName() == f"z[{axis}]"
    assert "variance" in handle.toolTip() and ("active" in handle.accessibleDescription())
    button(five, "points").setFocus()
    settle()
    five.hand.key(Key.Key_Tab)  # the button after it is not enabled while there is nothing to take back
    assert handle.hasFocus()
    start = handle.value()
    five.hand.key(Key.Key_Right)
    five.hand.key(Key.Key_PageUp)
    assert handle.value() - start in (55, 56)
    assert five.slot.frame.origin[axis] == pytest.approx(handle.value() / 100)
    five.rest()
    assert five.shows(five.slot.frame.origin)
    five.hand.key(Key.Key_Delete)
    assert five.slot.frame.origin[axis] == mean
    assert five.session.scene.slice == Slice()
    assert five.slot.frame.origin[axis] == pytest.approx(mean)


def test_a_double_click_takes_one_slider_back(five: Desk) -> None:
    one, two = others(five)[:2]
    means = five.slot.frame.origin.copy()
    slider(five, one).setValue(100)
    slider(five, two).setValue(-120)
    five.hand.double_click(slider(five, two), QPoint(20, slider(five, two).height() // 2))
    means[one] = 1.0
    np.testing.assert_array_equal(five.slot.frame.origin, means)


def test_the_wheel_over_a_slider_moves_nothing(five: Desk) -> None:
    before = five.slot
    five.hand.wheel(slider(five, others(five)[0]), None, 3)
    assert five.slot is before


def test_a_click_on_a_slider_leaves_the_keyboard_to_the_plane(five: Desk) -> None:
    five.window.plane.setFocus()
    handle = slider(five, others(five)[0])
    five.hand.click(handle, QPoint(handle.width() // 4, handle.height() // 2))
    assert five.window.plane.hasFocus()


def test_a_thousand_places_of_a_slider_leave_no_backlog(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one decode is slow, a thousand planes are laid: two decodes in all, the first and the last."""
    begun, gate = threading.Event(), threading.Event()
    real = decoding.decode
    asked: list[np.ndarray] = []

    def decode(request: DecodeRequest) -> DecodeResult:
        asked.append(request.z[0])
        begun.set()
        assert gate.wait(WATCHDOG / 1000)
        return real(request)

    monkeypatch.setattr(decoding, "decode", decode)
    axis = others(five)[0]
    handle = slider(five, axis)
    handle.setValue(-200)
    assert begun.wait(WATCHDOG / 1000)
    for k in range(1000):
        handle.setValue(-200 + k % 300)
    handle.setValue(123)
    gate.set()
    five.rest()
    five.wait(lambda: five.shows(five.slot.frame.origin))
    assert [round(float(z[axis]), 3) for z in asked] == [-2.0, 1.23]


def test_while_the_slice_moves_an_older_mosaic_is_better_than_none(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were only the newest plane's mosaic shown, none would be while a slider is dragged faster than it is decoded."""
    shown, gate = sheets(monkeypatch), Gate(monkeypatch)
    axis = others(five)[0]
    slider(five, axis).setValue(-200)
    assert gate.begun.wait(WATCHDOG / 1000)
    older = five.slot
    for value in (-100, 0, 100, 250):
        slider(five, axis).setValue(value)
    assert five.slot.generation > older.generation
    assert five.slot.takes(older.generation)
    gate.allowed.release()
    five.wait(lambda: len(gate.asked) == 2)  # the newest waits for the end of the first
    first = shown[-1]
    assert not five.program.mosaic.settled  # shown, but its own is still to come
    gate.allowed.release()
    five.rest()
    assert gate.asked == [older.generation, five.slot.generation]  # those in between were never decoded
    assert first.words.shape == shown[-1].words.shape
    assert np.abs((first.words & 0xFF).astype(int) - (shown[-1].words & 0xFF)).max() > 1
    check_mosaic(five, shown[-1])


def test_a_mosaic_of_other_axes_is_never_shown(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, gate = sheets(monkeypatch), Gate(monkeypatch)
    slider(five, others(five)[0]).setValue(-200)
    assert gate.begun.wait(WATCHDOG / 1000)
    older = five.slot
    button(five, "swap").click()
    assert not five.slot.takes(older.generation)
    gate.allowed.release()
    five.wait(lambda: len(gate.asked) > 1)
    settle()
    assert shown == []
    gate.allowed.release(99)
    five.rest()
    assert gate.asked[0] == older.generation
    check_mosaic(five, shown[-1])


# --- axes --------------------------------------------------------------------------------------------------------------------


def pick(desk: Desk, name: str, axis: int) -> None:
    """Chooses an entry of a list with the keyboard."""
    box = desk.window.slice.findChild(QComboBox, f"slice_{name}")
    assert box is not None
    box.setFocus()
    settle()
    row = box.findText(f"z[{axis}]")
    while box.currentIndex() != row:
        desk.hand.key(Key.Key_Down if box.currentIndex() < row else Key.Key_Up)


def test_other_axes_turn_the_plane(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, drawn = sheets(monkeypatch), counted(monkeypatch)
    z, mean = codes(five), codes(five).mean(axis=0)
    last = others(five)[-1]
    y = pair(five)[1]
    pick(five, "x", last)
    five.rest()
    assert pair(five) == (last, y)
    assert axis_labels(five) == (f"z[{last}]", f"z[{y}]")
    np.testing.assert_allclose(drawn[-1], z[:, [last, y]], atol=1e-6)
    wanted = mean.copy()
    wanted[[last, y]] = 0
    assert five.slot.frame.origin == pytest.approx(wanted, abs=1e-6)
    assert five.shows(wanted)
    check_mosaic(five, shown[-1])
    left, bottom, width, height = five.window.plane.window_rectangle()
    inside = (z[:, [last, y]] >= (left, bottom)) & (z[:, [last, y]] <= (left + width, bottom + height))
    assert inside.all(axis=1).mean() > 0.95  # the camera fits the other points
    assert button(five, "most").isEnabled()
    button(five, "most").click()
    assert pair(five) == tuple(np.argsort(-z.var(axis=0))[:2])
    assert not button(five, "most").isEnabled()


def test_the_axes_can_be_swapped_and_never_be_the_same(five: Desk) -> None:
    x, y = pair(five)
    five.hand.click(button(five, "swap"))
    assert pair(five) == (y, x)
    five.hand.click(button(five, "swap"))
    assert pair(five) == (x, y)
    box = five.window.slice.findChild(QComboBox, "slice_x")
    assert box is not None
    seen = set()
    box.setFocus()
    for key in (*[Key.Key_Up] * 5, *[Key.Key_Down] * 5):
        five.hand.key(key)
        assert pair(five)[1] == y
        seen.add(pair(five)[0])
    assert seen == {0, 1, 2, 3, 4} - {y}
    pick(five, "x", x)
    boxes = [five.window.slice.findChild(QComboBox, f"slice_{name}") for name in "xy"]
    assert [box.currentText() for box in boxes if box is not None] == [f"z[{x}]", f"z[{y}]"]


def test_swapped_axes_keep_the_probes_code(five: Desk) -> None:
    five.hand.click(five.plane, five.pixel(0.7, 0.4))
    five.away()
    before = five.session.scene.probe
    button(five, "swap").click()
    five.rest()
    assert five.session.scene.probe == before
    assert five.shows(before)


# --- the probe takes the plane with it ---------------------------------------------------------------------------------------


def test_a_jump_to_a_class_lays_the_slice_through_it(five: Desk) -> None:
    z, labels = codes(five), five.slot.codes["mean"].labels
    five.window.plane.setFocus()
    for label, key in ((3, Key.Key_3), (6, Key.Key_6)):
        five.hand.key(key)
        five.rest()
        place = np.array(five.session.scene.probe)
        assert five.shows(place)
        np.testing.assert_allclose(five.slot.frame.to_z(five.slot.frame.to_plane(place)), place, atol=1e-12)
        nearest = labels[np.argsort(((z - place) ** 2).sum(axis=1))[:15]]
        assert (nearest == label).mean() > 0.4  # it is where this class is, in all five dimensions: by chance it were a tenth
        for axis in others(five):
            assert slider(five, axis).value() == round(100 * place[axis])
    held = five.session.scene.probe
    button(five, "mean").click()
    five.rest()
    place = np.array(five.session.scene.probe)
    np.testing.assert_array_equal(place[list(pair(five))], np.array(held)[list(pair(five))])
    np.testing.assert_allclose(place[others(five)], z.mean(axis=0)[others(five)], atol=1e-6)


def test_a_scene_that_comes_back_brings_its_plane(five: Desk) -> None:
    """As an undo will: the scene is the person's, the plane follows it."""
    before = five.session.scene
    five.window.plane.setFocus()
    five.hand.key(Key.Key_3)
    button(five, "swap").click()
    later, frame = five.session.scene, five.slot.frame
    five.session.set_scene(slice=before.slice, probe=before.probe)
    five.rest()
    assert five.slot.frame.pair == frame.pair  # nobody's choice: they stay
    assert five.slot.frame.origin == pytest.approx(PlaneFrame.axes(*pair(five), codes(five).mean(axis=0)).origin, abs=1e-6)
    five.session.set_scene(slice=later.slice, probe=later.probe)
    five.rest()
    assert five.slot.frame.same_as(frame)
    assert five.session.scene.probe == later.probe
    assert five.shows(later.probe)


def test_a_slice_of_another_latent_space_is_not_taken(five: Desk) -> None:
    five.session.set_scene(slice=Slice((0, 17), ((12, 1.0),)))
    five.rest()
    assert five.session.scene.slice == Slice()
    assert max(pair(five)) < 5


# --- other models ------------------------------------------------------------------------------------------------------------


def test_another_model_comes_on_a_plane_of_its_own(five: Desk, deep: dict[str, Path], models: dict[str, Path]) -> None:
    slider(five, others(five)[0]).setValue(200)
    five.hand.click(five.plane, five.pixel(0.6, 0.6))
    five.away()
    for name in ("wide", "small", "going"):
        five.program.opening.open({**deep, **models}[name])
        five.wait(lambda name=name: five.slot.name == name)  # type: ignore[misc]
        five.rest()
        assert five.session.scene.slice == Slice()
        assert five.session.scene.probe is None  # of another latent space
        z = codes(five)
        if z.shape[1] > 2:
            assert pair(five) == tuple(np.argsort(-z.var(axis=0), kind="stable")[:2])
            assert five.slot.frame.origin == pytest.approx(PlaneFrame.axes(*pair(five), z.mean(axis=0)).origin, abs=1e-6)
        assert five.shows(five.slot.frame.origin)
    five.hand.click(five.plane, five.pixel(0.6, 0.6))
    five.away()
    place = five.slot.frame.to_plane(np.array(five.session.scene.probe))
    five.program.opening.open(deep["five"])
    five.wait(lambda: five.slot.name == "five")
    five.rest()
    probe = np.array(five.session.scene.probe)  # as many numbers, but another space: on the plane, not where the other z was
    np.testing.assert_array_equal(five.slot.frame.to_z(five.slot.frame.to_plane(probe)), probe)
    assert five.session.scene.slice == Slice()
    assert np.isfinite(place).all()


def test_many_coordinates_are_shown_few_at_a_time(desk: Desk, deep: dict[str, Path]) -> None:
    desk.open(deep["wide"])
    desk.window.raise_panel("slice")
    settle()
    visible = [handle for handle in desk.window.slice.findChildren(AxisSlider) if handle.isVisibleTo(desk.window)]
    assert len(visible) == 24
    assert button(desk, "more").text() == "Show 14 more of 14"
    assert desk.says("38 others")
    assert any(text.startswith("z[") and text.endswith(" of 40") for text in desk.texts())
    button(desk, "more").click()
    settle()
    shown = {handle.objectName() for handle in desk.window.slice.findChildren(AxisSlider) if handle.isVisibleTo(desk.window)}
    assert shown == {f"slice_slider_{axis}" for axis in range(40) if axis not in pair(desk)}
    assert not button(desk, "more").isVisibleTo(desk.window)


def test_an_exports_name_stays_short(desk: Desk, deep: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desk.open(deep["wide"])
    proposed: list[Path] = []

    def ask(parent: QWidget, title: str, path: Path, ending: str) -> Path | None:
        proposed.append(path)
        return None

    monkeypatch.setattr(export_feature, "ask_save_path", ask)
    monkeypatch.setattr(export_feature.ExportDialog, "exec", lambda dialog: export_feature.QDialog.DialogCode.Accepted)
    desk.wish("export")
    assert len(proposed[0].name) < 60
    assert proposed[0].name.startswith("wide_")


# --- training ----------------------------------------------------------------------------------------------------------------


def steps(desk: Desk, count: int) -> None:
    for _ in range(count):
        done = len(desk.progress)
        desk.press("step")
        desk.wait(lambda done=done: len(desk.progress) > done)  # type: ignore[misc]
    settle()


def on_the_mean(desk: Desk, but: dict[int, float] | None = None) -> bool:
    wanted = codes(desk).mean(axis=0)
    wanted[list(pair(desk))] = 0
    for axis, value in (but or {}).items():
        wanted[axis] = value
    return bool(np.allclose(desk.slot.frame.origin, wanted, atol=1e-6))


def test_while_it_trains_the_plane_stays_on_its_axes_and_follows_the_mean(desk: Desk, deep: dict[str, Path]) -> None:
    desk.open(deep["going"])
    desk.window.raise_panel("slice")
    settle()
    axes, first = pair(desk), desk.slot
    steps(desk, 6)
    assert desk.slot.handle is not None and first.handle is not None
    assert desk.slot.handle.id != first.handle.id  # the continued run's own
    assert pair(desk) == axes
    assert on_the_mean(desk)
    run = desk.slot.handle.id
    axis = others(desk)[0]
    slider(desk, axis).setValue(170)
    assert desk.slot.handle.id == run
    steps(desk, 12)
    assert desk.slot.handle.id == run  # it is still the run's model, on a plane that the person moved
    assert pair(desk) == axes
    assert on_the_mean(desk, {axis: 1.7})
    desk.press("train")
    desk.wait(lambda: desk.progress[-1].step > desk.progress[0].step + 60)
    desk.press("stop")
    desk.wait(lambda: desk.session.run_state == "idle" and desk.slot.record is not None)
    desk.rest()
    assert pair(desk) == axes  # nothing jumps at the end
    assert on_the_mean(desk, {axis: 1.7})
    assert desk.session.scene.slice == Slice(held=((axis, 1.7),))
    assert desk.shows(desk.slot.frame.origin)
    slider(desk, axis).setValue(-50)
    desk.rest()
    assert desk.shows(desk.slot.frame.origin)


def test_a_new_run_of_five_dimensions_is_watched_through_its_plane(opened: Desk) -> None:
    opened.train(latent_dim=5, epochs=400)
    opened.wait(lambda: opened.slot.frame.latent_dim == 5 and opened.slot.revision > 3)
    assert not opened.window._slice_dock.isHidden()
    opened.press("stop")
    opened.wait(lambda: opened.session.run_state == "idle")
    opened.rest()
    assert on_the_mean(opened)
    assert opened.shows(opened.slot.frame.origin)
    assert opened.slot.record is not None
    assert opened.slot.record.handle.architecture.latent_dim == 5


def test_axes_can_be_chosen_while_it_trains(desk: Desk, deep: dict[str, Path]) -> None:
    desk.open(deep["going"])
    desk.window.raise_panel("slice")
    steps(desk, 2)
    chosen = tuple(others(desk)[-2:])
    pick(desk, "x", chosen[0])
    pick(desk, "y", chosen[1])
    camera = desk.session.scene.camera
    steps(desk, 8)
    assert pair(desk) == chosen
    assert desk.session.scene.slice.axes == chosen
    assert desk.session.scene.camera == camera
    desk.press("stop")
    desk.wait(lambda: desk.session.run_state == "idle" and desk.slot.record is not None)
    desk.rest()
    assert pair(desk) == chosen


def test_newer_snapshots_share_a_mosaic_and_a_slider_does_not_wait(five: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a plane that stays, although here every snapshot moves it."""
    monkeypatch.setattr(mosaic_feature, "REST", 3600.0)
    five.hand.wheel(five.plane, five.pixel(0.5, 0.5), 1)
    five.rest()
    five.session.set_run_state("running")
    shown, generation = sheets(monkeypatch), five.slot.generation

    def snapshot() -> None:
        """As from a run: newer weights, and codes that have moved."""
        before = five.slot.codes["mean"]
        moved = replace(before, z=before.z + np.float32(0.01), columns=dict(before.columns))
        put_sliced(five.session, replace(five.slot, codes={"mean": moved}, revision=five.slot.revision + 1))
        settle()

    for _ in range(3):
        snapshot()
    assert five.slot.generation >= generation + 3
    five.wait(lambda: not five.program.lanes.tiles.busy)  # the images of neighbours
    assert not shown
    assert not five.program.mosaic.settled
    slider(five, others(five)[0]).setValue(140)
    five.rest()
    assert len(shown) == 1
    check_mosaic(five, shown[-1])
    five.session.set_run_state("idle")
