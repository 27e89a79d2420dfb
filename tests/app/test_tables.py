"""Tables of codes in the window: opened beside models, and everything that needs a model says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QApplication, QComboBox, QSlider, QToolButton

from latent_explorer.core.data.tables import npz
from latent_explorer.core.nn.handles import has
from latent_explorer.core.scene import Rows, Scene
from latent_explorer.core.types import Slot
from latent_explorer.views.field_rows import KINDS
from tests.app.conftest import Desk, is_sentence
from tests.views.hand import Key, Modifier, settle

COUNT = 900


def write_table(path: Path, dimensions: int = 2, missing: int = 0) -> Path:
    """Three clouds of animals, with an error for each."""
    generator = np.random.default_rng(3)
    kind = generator.integers(0, 3, COUNT)
    z = generator.standard_normal((COUNT, dimensions)) + 6 * kind[:, None]
    z[:missing, 0] = np.nan
    names = "xy" if dimensions == 2 else [f"z{k}" for k in range(dimensions)]
    lines = [",".join([*names, "species", "error"])]
    lines += [
        ",".join([*map(str, point), ("<b>cat</b>", "dog", "emu")[k], f"{error:.3f}"])
        for point, k, error in zip(z, kind, z[:, 1], strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path / "animals.csv")


def at_rest(desk: Desk) -> bool:
    program = desk.program
    return program.probe.settled and program.fields.settled and not any(lane.busy for lane in program.lanes.all())


def open_table(desk: Desk, path: Path) -> None:
    desk.program.opening.open(path)
    desk.wait(lambda: desk.session.slot is not None and desk.slot.table is not None and desk.slot.table.path == path)
    desk.wait(lambda: at_rest(desk))
    settle()


def test_a_table_takes_a_models_place_and_gives_it_back(opened: Desk, table: Path, models: dict[str, Path]) -> None:
    desk, before = opened, opened.slot
    open_table(desk, table)
    codes = desk.slot.codes["mean"]
    assert desk.slot.handle is None
    assert len(codes.z) == COUNT
    assert desk.window.windowTitle() == "animals.csv · Latent Explorer"
    assert desk.box("models").currentText() == "animals.csv"
    for words in ("900 points", "900", "x, y", "error", "Nearest codes"):
        assert desk.says(words) or words == "Nearest codes", words
    assert not desk.says("8 × 8 grey")
    assert desk.window.plane.legend.isVisible()
    assert desk.slot.data is not None
    assert desk.slot.data.class_names == ("<b>cat</b>", "dog", "emu")
    left, bottom, width, height = desk.window.plane.window_rectangle()
    inside = (codes.z > (left, bottom)).all(axis=1) & (codes.z < (left + width, bottom + height)).all(axis=1)
    assert inside.mean() > 0.98
    assert desk.session.scene.probe == pytest.approx(np.median(codes.z, axis=0))
    assert desk.image() is None
    mosaic = desk.window.layers.findChild(QSlider, "slider_mosaic_opacity")
    assert mosaic is not None and not mosaic.isEnabled()
    assert not desk.box("grey_map").isEnabled()
    assert desk.box("point_colour").isEnabled()
    assert not desk.export_button.isEnabled()
    assert desk.window.plane.getPlotItem().getAxis("bottom").labelText == "x"
    assert before.handle is not None
    desk.wait(lambda: not has(before.handle))  # type: ignore[arg-type]  # its networks are let go
    desk.program.opening.open(models["small"])
    desk.wait(lambda: desk.slot.name == "small")
    desk.rest()
    assert desk.session.scene.probe is None
    assert desk.shows((0.0, 0.0))
    assert desk.says("8 × 8 grey")
    assert mosaic.isEnabled()
    assert desk.window.plane.getPlotItem().getAxis("bottom").labelText == "z[0]"


def test_the_program_starts_on_a_table(desk: Desk, table: Path) -> None:
    desk.program.start(table)
    desk.wait(lambda: desk.session.slot is not None and desk.session.dataset is not None)
    desk.wait(lambda: at_rest(desk))
    assert desk.slot.name == "animals.csv"
    assert desk.notice == ""


def test_a_table_can_be_dropped(opened: Desk, table: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(table))])
    opened.hand.drop(opened.window, data)
    opened.wait(lambda: opened.slot.table is not None)


def test_its_arrays_are_the_ones_that_were_read(opened: Desk, table: Path) -> None:
    open_table(opened, table)
    codes = opened.slot.codes["mean"]
    assert opened.program.index.shown is not None
    assert opened.program.index.shown.index.points is codes.z


@pytest.mark.parametrize("dimensions", [2, 4])
def test_everything_can_be_done_without_a_model(opened: Desk, tmp_path: Path, dimensions: int) -> None:
    """An exception in the window or in a lane would fail the test."""
    desk = opened
    open_table(desk, write_table(tmp_path / "animals.csv", dimensions, missing=5))
    for x, y in ((0.2, 0.2), (0.5, 0.5), (0.8, 0.7)):
        desk.hand.move(desk.plane, desk.pixel(x, y))
    desk.wait(lambda: at_rest(desk))
    assert desk.says("nearest") or desk.says("within")
    desk.hand.click(desk.plane, desk.pixel(0.4, 0.4))
    desk.hand.drag(desk.plane, [desk.pixel(0.2, 0.3), desk.pixel(0.5, 0.6), desk.pixel(0.6, 0.3)])
    desk.window.plane.setFocus()
    for key in (Key.Key_P, Key.Key_F, Key.Key_F, Key.Key_R, Key.Key_L, Key.Key_V, Key.Key_A, Key.Key_S, Key.Key_C, Key.Key_X, Key.Key_1,
                Key.Key_2, Key.Key_9, Key.Key_Left, Key.Key_Up, Key.Key_Return, Key.Key_BracketRight, Key.Key_BracketLeft, Key.Key_Plus,
                Key.Key_Minus, Key.Key_Delete, Key.Key_Escape, Key.Key_Escape):  # fmt: skip
        desk.hand.key(key)
    desk.hand.key(Key.Key_Right, Modifier.ShiftModifier)
    scene = desk.session.scene
    for layers in (
        *(replace(scene.layers, field=field) for field, _ in KINDS),
        *(replace(scene.layers, point_colour=colour) for colour in ("density", "error", "class", "absent")),
        replace(scene.layers, uniform=True, smooth=True),
        scene.layers,
    ):
        desk.session.set_scene(layers=layers)
        desk.wait(lambda: at_rest(desk))
    for changes in ({"selection": Rows(np.arange(7))}, {"hidden_classes": frozenset({0})}, {"concealed": Rows(np.arange(100))}):
        desk.session.set_scene(**changes)
        desk.wait(lambda: at_rest(desk))
    for wish in ("fit", "pin", "clear_pins", "undo", "larger", "normal_size", "gestures"):
        desk.window.wish.emit(wish)
        settle()
        for widget in QApplication.topLevelWidgets():
            if widget is not desk.window and widget.isWindow() and widget.isVisible():
                widget.close()
    desk.wait(lambda: at_rest(desk))
    assert desk.slot.table is not None


@pytest.mark.parametrize("wish", ["export", "copy_python", "save_as", "rename", "delete"])
def test_what_needs_a_model_says_so(opened: Desk, table: Path, wish: str) -> None:
    open_table(opened, table)
    opened.window.wish.emit(wish)
    settle()
    assert is_sentence(opened.notice)
    assert "table" in opened.notice


def test_rows_that_are_not_drawn_are_told(opened: Desk, tmp_path: Path) -> None:
    open_table(opened, write_table(tmp_path / "animals.csv", missing=7))
    assert opened.notice == "animals.csv: 7 rows have no finite place and are not drawn."


def test_a_refusal_changes_nothing(opened: Desk, table: Path) -> None:
    table.write_text("x,y\n1,2\n3\n")
    slot, scene, dataset = opened.slot, opened.session.scene, opened.session.dataset
    opened.program.opening.open(table)
    opened.wait(lambda: opened.notice)
    opened.rest()
    assert opened.notice == f"The table {table} is broken at line 3: it has 1 value instead of 2; mend that line."
    assert (opened.slot, opened.session.scene, opened.session.dataset) == (slot, scene, dataset)
    assert opened.box("models").currentText() == "small"
    assert opened.shows((0.0, 0.0))


def test_a_broken_table_on_the_command_line_leaves_the_window_as_without_one(desk: Desk, table: Path) -> None:
    table.write_text("x,y\n1,2\n3\n")
    desk.program.start(table)
    desk.wait(lambda: "line 3" in desk.notice)  # which goes by itself after some seconds
    desk.wait(lambda: desk.session.slot is not None and desk.session.slot.ready)
    desk.rest()
    assert desk.slot.handle is not None


def test_reading_says_how_far_it_is_and_can_be_cancelled(opened: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, slot, path = opened, opened.slot, tmp_path / "many.npz"
    np.savez(path, z=np.zeros((200_000, 2), np.float32))
    monkeypatch.setattr(npz, "ROWS", 2)  # which takes minutes
    cancel = next(button for button in desk.window.status.findChildren(QToolButton) if button.text() == "Cancel")
    assert not cancel.isVisible()
    desk.program.opening.open(path)
    desk.wait(cancel.isVisible)
    desk.wait(lambda: desk.says("Opening many.npz") and desk.says("rows"))
    desk.hand.click(cancel)
    desk.wait(lambda: not desk.program.lanes.jobs.busy)
    desk.rest()
    assert desk.slot is slot
    assert not cancel.isVisible()
    assert desk.notice == "Opening many.npz was cancelled; nothing has changed."
    assert desk.box("models").currentText() == "small"


def test_a_table_that_nobody_waits_for_any_more_is_not_read_to_its_end(
    opened: Desk, tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "many.npz", z=np.zeros((200_000, 2), np.float32))
    monkeypatch.setattr(npz, "ROWS", 2)
    opened.program.opening.open(tmp_path / "many.npz")
    opened.wait(lambda: opened.says("rows"))
    open_table(opened, table)
    assert opened.slot.name == "animals.csv"


def test_training_goes_on_as_with_a_model(opened: Desk, table: Path) -> None:
    open_table(opened, table)
    opened.train(epochs=1)
    opened.wait(lambda: opened.slot.handle is not None and opened.session.run_state == "idle")
    opened.rest()
    assert opened.slot.table is None
    assert opened.slot.record is not None
    assert opened.says("8 × 8 grey")


def test_another_tables_rows_are_not_selected(opened: Desk, table: Path, tmp_path: Path) -> None:
    open_table(opened, table)
    opened.session.set_scene(selection=Rows(np.arange(5)), hidden_classes=frozenset({2}))
    seen: list[tuple[Slot, Scene]] = []
    opened.session.slotChanged.connect(lambda slot: seen.append((slot, opened.session.scene)))
    (tmp_path / "plain.csv").write_text("x,y\n0.5,1.5\n1.5,2.5\n")
    open_table(opened, tmp_path / "plain.csv")
    assert opened.session.scene.selection is None
    assert not opened.session.scene.hidden_classes
    assert not opened.window.plane.legend.isVisible()


def test_its_columns_colour_the_points(opened: Desk, table: Path) -> None:
    open_table(opened, table)
    box = opened.window.findChild(QComboBox, "point_colour")
    assert box is not None
    row = box.findData("error")
    assert row > 0
    box.setCurrentIndex(row)
    box.activated.emit(row)
    assert opened.session.scene.layers.point_colour == "error"
    opened.wait(lambda: opened.window.plane.points_bar.bar is not None)
    assert opened.window.plane.points_bar.bar is not None
    assert "error" in opened.window.plane.points_bar.bar.title
