"""Save as, rename, delete, export: what leaves the window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QSpinBox

from latent_explorer.core.checkpoint.library import my_model_path, my_models
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.export import image as image_module
from latent_explorer.core.nn.handles import forget, weights_of
from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.dialogs.export import MAX_SCALE, ExportDialog
from tests.app.conftest import Desk, is_sentence, make_model
from tests.app.test_training import MANY, idle, running
from tests.views.hand import settle, texts


def save_to(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    def choose(*arguments: Any) -> tuple[str, str]:
        return str(path), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(choose))


def type_name(monkeypatch: pytest.MonkeyPatch, name: str, accepted: bool = True) -> None:
    def ask(*arguments: Any) -> tuple[str, bool]:
        return name, accepted

    monkeypatch.setattr(QInputDialog, "getText", staticmethod(ask))


def export_at(monkeypatch: pytest.MonkeyPatch, scale: int | None) -> None:
    def execute(dialog: ExportDialog) -> QDialog.DialogCode:
        box = dialog.findChild(QSpinBox, "scale")
        assert box is not None
        if scale is None:
            return QDialog.DialogCode.Rejected
        box.setValue(scale)
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ExportDialog, "exec", execute)


@pytest.fixture
def own(desk: Desk, digits: ImageDataset) -> Desk:
    """The program, showing a model of My models."""
    path = my_model_path("mine")
    make_model(path, digits, seed=4)
    desk.open(path)
    return desk


# --- save as -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["copy.safetensors", "copy"])
def test_save_as_writes_the_shown_model_under_the_files_name(
    opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    save_to(monkeypatch, tmp_path / name)
    opened.wish("save_as")
    opened.wait(lambda: opened.notice != "")
    path = tmp_path / "copy.safetensors"
    assert str(path) in opened.notice
    record = load_model(path)
    assert record.name == "copy"
    assert opened.slot.handle is not None
    assert record.handle.content_hash == opened.slot.handle.content_hash
    for key, array in weights_of(opened.slot.handle).items():
        np.testing.assert_array_equal(array, weights_of(record.handle)[key])
    np.testing.assert_array_equal(record.codes["mean"].z, opened.slot.codes["mean"].z)
    forget(record.handle)


def test_an_unfinished_run_is_saved_with_all_it_needs_to_go_on(
    desk: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    desk.open(models["unfinished"])
    save_to(monkeypatch, tmp_path / "later.safetensors")
    desk.wish("save_as")
    desk.wait(lambda: desk.notice != "")
    assert read_record(tmp_path / "later.safetensors").resumable


def test_saving_where_nothing_can_be_written(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save_to(monkeypatch, tmp_path / "no such folder" / "a.safetensors")
    opened.wish("save_as")
    opened.wait(lambda: opened.notice != "")
    assert is_sentence(opened.notice)
    assert opened.slot.name == "small"


def test_a_cancelled_save_writes_nothing(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    save_to(monkeypatch, "")
    opened.wish("save_as")
    opened.rest()
    assert opened.notice == ""


def test_while_a_run_is_on_its_model_is_not_saved_elsewhere(opened: Desk) -> None:
    opened.train(epochs=MANY)
    running(opened)
    opened.wish("save_as")
    assert is_sentence(opened.notice)
    opened.press("stop")
    idle(opened)


# --- rename, delete ----------------------------------------------------------------------------------------------------------


def test_rename(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_name(monkeypatch, "  better  ")
    own.wish("rename")
    assert [entry.name for entry in my_models()] == ["better"]
    assert read_record(my_model_path("better")).name == "better"
    assert own.window.windowTitle() == "better · Latent Explorer"
    assert own.box("models").currentText() == "better"
    assert own.notice == ""
    own.rest()
    assert own.shows((0.0, 0.0))
    type_name(monkeypatch, "best")  # once more
    own.wish("rename")
    assert [entry.name for entry in my_models()] == ["best"]


@pytest.mark.parametrize("name", ["", "   ", "a/b", "con", ".hidden", "x" * 200, "taken"])
def test_names_that_cannot_be(own: Desk, digits: ImageDataset, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    my_model_path("taken").write_bytes(models["other"].read_bytes())
    type_name(monkeypatch, name)
    own.wish("rename")
    assert is_sentence(own.notice)
    assert sorted(entry.name for entry in my_models()) == ["mine", "taken"]
    assert own.slot.name == "mine"


def test_a_cancelled_renaming(own: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_name(monkeypatch, "other", accepted=False)
    own.wish("rename")
    assert [entry.name for entry in my_models()] == ["mine"]


def test_delete_asks_and_the_plane_keeps_the_model(own: Desk, answer: Any) -> None:
    asked = answer("Keep")
    own.wish("delete")
    assert len(asked) == 1
    assert "mine" in asked[0]
    assert my_models() != ()
    answer("Delete")
    own.wish("delete")
    assert my_models() == ()
    assert "Deleted mine" in own.notice
    own.rest()
    assert own.shows((0.0, 0.0))
    assert own.slot.name == "mine"
    # It is in no file any more: no renaming, no deleting; but it can be saved.
    actions = {action.objectName(): action for action in own.window.actions()}
    assert not actions["action_rename"].isEnabled()
    assert not actions["action_delete"].isEnabled()
    assert actions["action_save_as"].isEnabled()
    box = own.box("models")
    assert box.currentText() == "mine"
    box.activated.emit(box.currentIndex())
    own.rest()
    assert own.shows((0.0, 0.0))


def test_a_deleted_model_can_be_saved_again(own: Desk, answer: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer("Delete")
    own.wish("delete")
    save_to(monkeypatch, tmp_path / "saved.safetensors")
    own.wish("save_as")
    own.wait(lambda: "Saved" in own.notice)
    assert read_record(tmp_path / "saved.safetensors").name == "saved"


def test_a_file_that_is_gone_already(own: Desk, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    my_model_path("mine").unlink()
    answer("Delete")
    own.wish("delete")
    assert is_sentence(own.notice)
    type_name(monkeypatch, "better")
    own.window.notice.hide()
    own.wish("rename")
    assert is_sentence(own.notice)


# --- export ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 7, 16])
def test_the_exported_picture_is_what_is_shown_and_knows_where_it_is_from(
    opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, scale: int
) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.7, 0.4))
    opened.away()
    held = opened.session.scene.probe
    opened.wait(lambda: opened.shows(held))
    opened.rest()  # a dull model's pictures of two places can be equal: the newest answer is waited for, too
    shown = opened.image()
    export_at(monkeypatch, scale)
    save_to(monkeypatch, tmp_path / "digit.png")
    opened.wish("export")
    opened.wait(lambda: opened.notice != "")
    assert "digit.png" in opened.notice
    with Image.open(tmp_path / "digit.png") as picture:
        pixels = np.asarray(picture)
        said = json.loads(picture.text[image_module.KEY])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(pixels, shown[..., 0].repeat(scale, 0).repeat(scale, 1))  # type: ignore[index]
    assert opened.slot.handle is not None
    assert held is not None
    assert np.array_equal(np.float32(said["z"]), np.float32(held))
    assert said["z"] == [float(str(np.float32(value))) for value in held]  # the shortest decimals
    assert said["model"] == {"name": "small", "hash": opened.slot.handle.content_hash}
    assert len(said["model"]["hash"]) == 64
    assert (said["schema"], said["family"]) == (1, "vae")


def test_the_exported_picture_has_the_grey_map_that_is_shown(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened.program.session.set_scene(layers=opened.session.scene.layers.__class__(grey_map="ink"))
    opened.rest()
    export_at(monkeypatch, 1)
    save_to(monkeypatch, tmp_path / "ink")
    opened.hand.click(opened.export_button)
    opened.wait(lambda: opened.notice != "")
    with Image.open(tmp_path / "ink.png") as picture:
        pixels = np.asarray(picture)
    assert opened.program.probe.shown is not None
    np.testing.assert_array_equal(pixels, apply_grey_map(opened.program.probe.shown[1], "ink"))


def test_what_is_exported_is_what_was_shown_when_it_was_asked_for(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pointer moves on while the dialog is open."""
    opened.hand.click(opened.plane, opened.pixel(0.2, 0.3))
    held = opened.session.scene.probe
    opened.wait(lambda: opened.shows(held))
    expected = opened.decoded(held)[..., 0].astype(int)

    def execute(dialog: ExportDialog) -> QDialog.DialogCode:
        opened.window.plane.planePointPicked.emit(1, 2.0, 2.0)
        opened.wait(lambda: opened.shows((2.0, 2.0)))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(ExportDialog, "exec", execute)
    save_to(monkeypatch, tmp_path / "then.png")
    opened.wish("export")
    opened.wait(lambda: opened.notice != "")
    with Image.open(tmp_path / "then.png") as picture:
        np.testing.assert_allclose(np.asarray(picture)[::16, ::16].astype(int), expected, atol=1)


def test_nothing_to_export_yet(desk: Desk) -> None:
    desk.wish("export")
    assert is_sentence(desk.notice)


def test_a_cancelled_export_and_one_that_cannot_be_written(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    export_at(monkeypatch, None)
    opened.wish("export")
    opened.rest()
    assert opened.notice == ""
    export_at(monkeypatch, 4)
    save_to(monkeypatch, tmp_path / "lost" / "a.png")
    opened.wish("export")
    opened.wait(lambda: opened.notice != "")
    assert is_sentence(opened.notice)
    settle()
    assert opened.window.findChildren(ExportDialog) == []


def test_the_dialog_tells_the_size_of_the_picture(qtbot: Any, as_before: None) -> None:
    dialog = ExportDialog(120, 200)
    qtbot.addWidget(dialog)
    box = dialog.findChild(QSpinBox, "scale")
    assert box is not None
    for value in (1, 3, MAX_SCALE, MAX_SCALE + 1):
        box.setValue(value)
        assert dialog.scale == min(value, MAX_SCALE)
        assert f"{200 * dialog.scale:,} x {120 * dialog.scale:,}" in texts(dialog)
