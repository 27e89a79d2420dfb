"""Opening models: to the side, then swapped in whole; a refusal leaves all as it was."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog

from latent_explorer.core.checkpoint import library
from latent_explorer.core.checkpoint.record import read_checkpoint, write_checkpoint
from latent_explorer.core.checkpoint.weights import save_model
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import has, publish
from latent_explorer.core.types import Codes, DataReference, ImageDataset, ModelHandle, ModelRecord, Slot
from tests.app.conftest import Desk, is_sentence, make_model
from tests.core.checkpoint.models import container
from tests.core.data import idx_files
from tests.views.hand import Ear, Key, settle


def test_the_scatter_is_there_before_the_decoder(desk: Desk, models: dict[str, Path]) -> None:
    seen: list[tuple[Slot, bool]] = []
    desk.session.slotChanged.connect(lambda slot: seen.append((slot, desk.image() is not None)))
    desk.program.start(models["small"])
    desk.wait(lambda: bool(seen))
    first = seen[0][0]
    assert not first.ready
    assert len(first.codes["mean"].z) > 500
    desk.wait(lambda: desk.session.slot is not None and desk.session.slot.ready)
    desk.rest()
    assert [(slot.ready, slot.generation) for slot, _ in seen] == [(False, first.generation), (True, first.generation)]
    assert not seen[0][1]


def test_a_model_is_shown_with_all_that_is_known_of_it(opened: Desk, digits: ImageDataset) -> None:
    desk = opened
    assert desk.shows((0.0, 0.0))
    assert desk.window.windowTitle() == "small · Latent Explorer"
    assert desk.box("models").currentText() == "small"
    assert desk.box("data").currentData() == "digits"
    assert desk.session.dataset is not None
    assert desk.session.dataset.content_hash == digits.content_hash
    for words in (f"{len(digits.split.test):,} points", "8 × 8 grey", "dense 16", "3 epochs", "nats"):
        assert desk.says(words), words
    assert desk.window.plane.legend.isVisible()
    assert desk.notice == ""
    assert not desk.button("stop_button").isEnabled()
    assert desk.button("train_button").text() == "Train"


def test_a_convolutional_network_is_named_with_its_channels(desk: Desk, digits: ImageDataset, tmp_path: Path) -> None:
    path = tmp_path / "folded.safetensors"
    make_model(path, digits, epochs=1, network="conv", channels=(3, 5), hidden=(6,))
    desk.open(path)
    assert desk.says("conv 3-5, 6")


def test_the_first_view_of_a_young_model_shows_its_codes_and_the_probe(opened: Desk) -> None:
    """Its codes lie close together, away from the origin, where the probe is."""
    slot = opened.slot
    codes = slot.codes["mean"]
    close = np.array([0.9, -0.6], np.float32) + 0.01 * np.random.default_rng(0).standard_normal(codes.z.shape).astype(np.float32)
    young = replace(slot, generation=opened.session.new_generation(), handle=None, codes={"mean": replace(codes, z=close)})
    opened.session.put_slot(young)
    settle()
    left, bottom, width, height = opened.window.plane.window_rectangle()
    seen = np.array([*close, (0.0, 0.0)])
    inside = (seen > (left, bottom)).all(axis=1) & (seen < (left + width, bottom + height)).all(axis=1)
    assert inside[-1]
    assert inside.mean() > 0.98
    assert min(width, height) < 1.5


def test_codes_and_camera_fit_the_model(opened: Desk) -> None:
    points = opened.slot.codes["mean"].z
    left, bottom, width, height = opened.window.plane.window_rectangle()
    inside = (points >= (left, bottom)).all(axis=1) & (points <= (left + width, bottom + height)).all(axis=1)
    assert inside.mean() > 0.98
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_F)
    left, bottom, width, height = opened.window.plane.window_rectangle()
    assert (points >= (left, bottom)).all()
    assert (points <= (left + width, bottom + height)).all()


def test_no_code_lies_under_the_modes_or_the_legend_when_all_are_shown(opened: Desk) -> None:
    plane = opened.window.plane
    plane.setFocus()
    opened.hand.key(Key.Key_F)
    assert plane.legend.isVisible()
    places = [plane.plane_to_pixel(x, y) for x, y in opened.slot.codes["mean"].z.tolist()]
    assert min(place.y() for place in places) > plane.modes.geometry().bottom()
    assert max(place.x() for place in places) < plane.legend.x()


def test_another_model_takes_its_place_and_the_first_is_let_go(opened: Desk, models: dict[str, Path]) -> None:
    desk = opened
    before = desk.slot
    desk.program.opening.open(models["other"])
    desk.wait(lambda: desk.slot.name == "other")
    desk.rest()
    assert desk.slot.generation > before.generation
    assert len(desk.session.slots) == 1
    assert desk.slot.ready  # later models arrive whole
    assert desk.shows((0.0, 0.0))
    assert before.handle is not None
    desk.wait(lambda: not has(before.handle))


def test_a_message_about_the_model_before_goes_with_it(opened: Desk, models: dict[str, Path]) -> None:
    opened.session.notice("Pin 3 is at this place already.")
    assert opened.window.notice.isVisible()
    before = opened.slot.generation
    opened.program.opening.open(models["other"])
    opened.wait(lambda: opened.slot.generation != before)
    assert not opened.window.notice.isVisible()


def test_the_held_probe_stays_where_it_is_in_another_model(opened: Desk, models: dict[str, Path]) -> None:
    desk = opened
    desk.hand.click(desk.plane, desk.pixel(0.7, 0.6))
    held = desk.session.scene.probe
    desk.away()
    desk.program.opening.open(models["other"])
    desk.wait(lambda: desk.slot.name == "other")
    desk.rest()
    assert desk.session.scene.probe == held
    assert desk.shows(held)


# --- ways to open ------------------------------------------------------------------------------------------------------------


def test_from_the_list(opened: Desk, digits: ImageDataset) -> None:
    desk = opened
    path = library.my_model_path("my own")
    make_model(path, digits, seed=9)
    desk.session.modelsChanged.emit()
    box = desk.box("models")
    assert box.currentText() == "small"
    names = [box.itemText(row) for row in range(box.count())]
    assert "my own" in names
    box.setCurrentIndex(names.index("my own"))
    box.activated.emit(names.index("my own"))
    desk.wait(lambda: desk.slot.name == "my own")
    desk.rest()
    assert box.currentText() == "my own"
    assert desk.shows((0.0, 0.0))


def test_the_model_that_is_shown_can_be_picked_again(opened: Desk) -> None:
    """Also when it lies nowhere in the list, such as a file that was given by its path."""
    desk = opened
    box = desk.box("models")
    box.activated.emit(box.currentIndex())
    desk.rest()
    assert desk.slot.name == "small"
    assert desk.notice == ""


def test_a_dropped_file(opened: Desk, models: dict[str, Path]) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(models["other"]))])
    assert opened.hand.drop(opened.window.plane, data)
    opened.wait(lambda: opened.slot.name == "other")
    opened.rest()


def test_the_file_dialog(opened: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def choose(*arguments: Any) -> tuple[str, str]:
        return str(models["other"]), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(choose))
    opened.wish("open")
    opened.wait(lambda: opened.slot.name == "other")
    opened.rest()


def test_a_cancelled_dialog_changes_nothing(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(*arguments: Any) -> tuple[str, str]:
        return "", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(cancel))
    before = opened.slot
    opened.wish("open")
    assert not opened.program.lanes.jobs.busy
    assert opened.slot is before


@pytest.fixture
def ships_nothing(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program comes without models."""
    folder = tmp_path_factory.mktemp("shipped")
    monkeypatch.setattr(library, "resource_folder", lambda name: folder)


@pytest.fixture
def ships_other(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program comes with one model; the one that is listed before it is not there."""
    folder = tmp_path_factory.mktemp("shipped")
    (folder / "b.safetensors").write_bytes(models["other"].read_bytes())
    index = {"models": [{"name": "lost", "file": "lost.safetensors"}, {"name": "other", "file": "b.safetensors"}]}
    (folder / "index.json").write_text(json.dumps(index))
    monkeypatch.setattr(library, "resource_folder", lambda name: folder)


def test_the_first_shipped_model_is_the_default(desk: Desk, ships_other: None) -> None:
    desk.program.start()
    desk.wait(lambda: desk.session.slot is not None and desk.session.dataset is not None)
    desk.rest()
    assert desk.slot.name == "other"
    assert desk.box("models").currentText() == "other"
    assert desk.notice == ""


def test_without_any_model_there_is_an_empty_plane(desk: Desk, ships_nothing: None) -> None:
    desk.program.start()
    desk.wait(lambda: desk.session.dataset is not None)
    assert desk.session.slot is None
    assert desk.notice == ""
    desk.hand.click(desk.plane, desk.pixel(0.5, 0.5))
    desk.hand.wheel(desk.plane, desk.pixel(0.4, 0.4))
    desk.hand.double_click(desk.plane, desk.pixel(0.5, 0.5))
    desk.window.plane.setFocus()
    for key in (Key.Key_Left, Key.Key_3, Key.Key_F, Key.Key_Escape):
        desk.hand.key(key)
    for wish in ("export", "copy", "save_as", "fit"):
        desk.wish(wish)
    assert is_sentence(desk.notice)


def test_a_damaged_list_of_models_is_told(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "index.json").write_text("{")
    monkeypatch.setattr(library, "resource_folder", lambda name: tmp_path)
    desk.program.start()
    assert is_sentence(desk.notice)
    assert "index.json" in desk.notice


def test_a_folder_at_the_start_is_data(desk: Desk, tmp_path: Path) -> None:
    folder = idx_files.write(tmp_path / "mine", idx_files.arrays())
    desk.program.start(folder)
    desk.wait(lambda: desk.session.dataset is not None and desk.session.dataset.name == "mine")
    desk.wait(lambda: desk.session.slot is not None)
    desk.rest()


# --- refusals ----------------------------------------------------------------------------------------------------------------


def cut(path: Path) -> bytes:
    return path.read_bytes()[:-1000]


def foreign(path: Path) -> bytes:
    return container({"weight": np.zeros((2, 2), np.float32)}, {})


def other_networks(path: Path) -> bytes:
    """A sound file whose weights are not those of the architecture it names."""
    checkpoint = read_checkpoint(path)
    weights = {name: array for name, array in checkpoint.weights.items() if "decoder" not in name}
    written = path.parent / "odd.safetensors"
    write_checkpoint(written, checkpoint.record, weights)
    data = written.read_bytes()
    written.unlink()
    return data


BAD = [
    ("empty.safetensors", lambda path: b""),
    ("text.safetensors", lambda path: b"this is no model at all, but some text\n" * 9),
    ("page.safetensors", lambda path: b"<!DOCTYPE html><html></html>"),
    ("cut.safetensors", cut),
    ("foreign.safetensors", foreign),
    ("networks.safetensors", other_networks),
    ("model.pt", lambda path: pickle.dumps({"weights": [1.0]})),
]


@pytest.mark.parametrize(("name", "content"), BAD, ids=[name for name, _ in BAD])
def test_a_file_that_is_refused_leaves_all_as_it_was(
    opened: Desk, models: dict[str, Path], tmp_path: Path, name: str, content: Callable[[Path], bytes]
) -> None:
    desk = opened
    desk.hand.click(desk.plane, desk.pixel(0.4, 0.6))
    desk.away()
    desk.rest()
    bad = tmp_path / name
    bad.write_bytes(content(models["small"]))
    before = desk.session.slot, desk.session.slots, desk.session.scene, desk.session.dataset, desk.window.windowTitle()
    picture, ear = desk.image(), Ear(desk.session, "slotChanged", "sceneChanged", "datasetChanged")
    desk.program.opening.open(bad)
    desk.wait(lambda: desk.notice != "")
    desk.rest()
    assert is_sentence(desk.notice)
    assert name in desk.notice
    after = desk.session.slot, desk.session.slots, desk.session.scene, desk.session.dataset, desk.window.windowTitle()
    assert all(a is b or a == b for a, b in zip(after, before, strict=True))
    assert ear.heard == []
    np.testing.assert_array_equal(desk.image(), picture)
    assert desk.box("models").currentText() == "small"
    # And everything still works.
    desk.hand.click(desk.plane, desk.pixel(0.6, 0.3))
    desk.away()
    desk.wait(lambda: desk.shows(desk.session.scene.probe))


def test_a_file_that_is_not_there(opened: Desk, tmp_path: Path) -> None:
    opened.program.opening.open(tmp_path / "lost.safetensors")
    opened.wait(lambda: opened.notice != "")
    assert is_sentence(opened.notice)
    assert opened.slot.name == "small"


@pytest.mark.parametrize("name", [name for name, _ in BAD])
def test_a_first_model_that_is_refused_gives_way_to_the_default(
    desk: Desk, ships_other: None, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    """A bad file on the command line: the sentence, and the program as it starts without one."""
    bad = tmp_path / name
    bad.write_bytes(dict(BAD)[name](models["small"]))
    desk.program.start(bad)
    desk.wait(lambda: desk.notice != "")
    desk.wait(lambda: desk.session.slot is not None and desk.slot.name == "other" and desk.session.dataset is not None)
    desk.rest()
    assert is_sentence(desk.notice)
    assert name in desk.notice
    assert desk.shows((0.0, 0.0))
    assert desk.window.windowTitle() == "other · Latent Explorer"
    desk.program.opening.open(models["small"])
    desk.wait(lambda: desk.slot.name == "small")
    desk.rest()
    assert desk.shows((0.0, 0.0))


@pytest.mark.parametrize("name", ["cut.safetensors", "networks.safetensors"])
def test_a_first_model_that_is_refused_without_a_default_leaves_an_empty_plane(
    desk: Desk, ships_nothing: None, models: dict[str, Path], tmp_path: Path, name: str
) -> None:
    bad = tmp_path / name
    bad.write_bytes(dict(BAD)[name](models["small"]))
    desk.program.start(bad)
    desk.wait(lambda: desk.notice != "")
    desk.wait(lambda: desk.session.dataset is not None and not desk.program.lanes.jobs.busy)
    settle()
    assert is_sentence(desk.notice)
    assert desk.empty
    assert desk.window.image.pixels.picture() is None
    assert desk.window.windowTitle() == "Latent Explorer"
    assert desk.box("models").currentText() == ""
    assert not desk.window.plane.legend.isVisible()
    assert not desk.says("loading")
    desk.program.opening.open(models["small"])  # another one can be opened at once
    desk.wait(lambda: not desk.empty and desk.slot.ready)
    desk.rest()
    assert desk.shows((0.0, 0.0))


# --- states that must look right ---------------------------------------------------------------------------------------------


def odd_model(path: Path, shape: tuple[int, int, int], codes: dict[str, Codes], names: tuple[str, ...]) -> Path:
    """Untrained networks with the given codes."""
    handle = ModelHandle(f"made for {path.name}", ModelConfig(shape, hidden=(4,)))
    publish(handle, build(handle.architecture, 1).eval().requires_grad_(False))
    save_model(path, ModelRecord(handle, path.stem, codes, None, DataReference("odd", "ab" * 32, names, shape), None))
    return path


def some_codes(labels: np.ndarray) -> dict[str, Codes]:
    z = np.random.default_rng(0).standard_normal((len(labels), 2)).astype(np.float32)
    return {"mean": Codes("mean", z, np.arange(len(labels)), labels.astype(np.int64))}


ODD = [
    ("no labels", (8, 8, 1), some_codes(np.full(50, -1)), (), False, "50 points"),
    ("one class", (8, 8, 1), some_codes(np.zeros(50)), ("only",), False, "50 points"),
    ("many classes", (8, 8, 1), some_codes(np.arange(300) % 60), tuple(f"<b>{k}</b>" for k in range(60)), True, "300 points"),
    ("labels without names", (8, 8, 1), some_codes(np.arange(40) % 4), (), True, "40 points"),
    ("one point", (8, 8, 1), some_codes(np.zeros(1)), ("only",), False, "1 point"),
    ("equal points", (8, 8, 1), {"mean": Codes("mean", np.ones((9, 2), np.float32), np.arange(9), np.arange(9) % 2)}, (), True, "9 points"),
    ("no codes", (8, 8, 1), {}, (), False, ""),
    ("a wide colour image", (12, 40, 3), some_codes(np.arange(50) % 2), ("a", "b"), True, "50 points"),
]


@pytest.mark.parametrize("case", ODD, ids=[case[0] for case in ODD])
def test_models_of_all_kinds_are_shown(desk: Desk, tmp_path: Path, case: tuple[Any, ...]) -> None:
    name, shape, codes, names, legend, words = case
    desk.open(odd_model(tmp_path / f"{name}.safetensors", shape, codes, names))
    assert desk.notice == ""
    assert desk.image().shape == (*shape[:2], 3)  # type: ignore[union-attr]
    assert desk.shows((0.0, 0.0))
    assert desk.window.plane.legend.isVisible() == legend
    assert desk.says(words)
    desk.hand.click(desk.plane, desk.pixel(0.6, 0.6))
    desk.hand.double_click(desk.plane, desk.pixel(0.5, 0.5))
    desk.window.plane.setFocus()
    for key in (Key.Key_0, Key.Key_9, Key.Key_Up, Key.Key_F):
        desk.hand.key(key)
    desk.away()
    desk.rest()
    assert desk.shows(desk.session.scene.probe)


def test_from_model_to_model_of_another_kind(desk: Desk, models: dict[str, Path], tmp_path: Path) -> None:
    """Nothing of the one before stays: legend, points, image."""
    desk.open(models["small"])
    desk.program.window.plane.hiddenClassesRequested.emit(frozenset({8, 9}))
    for name, shape, codes, names, legend, words in ODD:
        desk.program.opening.open(odd_model(tmp_path / f"{name}.safetensors", shape, codes, names))
        desk.wait(lambda name=name: desk.slot.name == name)  # type: ignore[misc]
        desk.rest()
        assert desk.window.plane.legend.isVisible() == legend, name
        assert not words or desk.says(words), name
        assert not desk.says("hidden"), name
        assert desk.image().shape == (*shape[:2], 3)  # type: ignore[union-attr]
    assert not desk.says("596 points")
