"""Which data Train trains on: found, opened, refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog, QPushButton

from latent_explorer.core.checkpoint.record import read_checkpoint, write_checkpoint
from latent_explorer.core.data.registry import BUILTIN
from tests.app.conftest import Desk, is_sentence
from tests.app.test_training import MANY, idle, running
from tests.core.data import idx_files
from tests.views.hand import Ear

NewDesk = Callable[..., Desk]


def folder_of(path: Path, **changes: Any) -> Path:
    return idx_files.write(path, idx_files.arrays(**changes))


def loaded(desk: Desk, name: str) -> None:
    desk.wait(lambda: desk.session.dataset is not None and desk.session.dataset.name == name)
    desk.wait(lambda: not desk.program.lanes.jobs.busy)


def entries(desk: Desk) -> list[str]:
    box = desk.box("data")
    return [box.itemText(row).removesuffix(" (built in)") for row in range(box.count())]


def choose_folder(monkeypatch: pytest.MonkeyPatch, folder: Path | str) -> None:
    def choose(*arguments: Any) -> str:
        return str(folder)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(choose))


def test_the_digits_are_always_there(opened: Desk) -> None:
    loaded(opened, "digits")
    assert entries(opened) == [*BUILTIN, "Download MNIST (11.6 MB)…", "Open an MNIST folder…"]
    assert opened.window.training.training_config().epochs == 300  # a small set


def test_a_folder_is_opened_by_its_dialog_and_listed(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = opened.slot
    choose_folder(monkeypatch, folder_of(tmp_path / "mine"))
    opened.wish("open_data")
    loaded(opened, "mine")
    assert opened.slot is before  # the plane still shows the model
    assert opened.box("data").currentText() == "mine"
    assert entries(opened) == [*BUILTIN, "mine", "Download MNIST (11.6 MB)…", "Open an MNIST folder…"]
    box = opened.box("data")
    box.activated.emit(0)  # and back
    loaded(opened, "digits")
    assert box.currentData() == "digits"
    box.activated.emit(len(BUILTIN))
    loaded(opened, "mine")


def test_the_last_entry_opens_the_dialog(opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    choose_folder(monkeypatch, "")
    box = opened.box("data")
    box.setCurrentIndex(box.count() - 1)
    box.activated.emit(box.count() - 1)
    assert box.currentData() == "digits"  # cancelled
    choose_folder(monkeypatch, folder_of(tmp_path / "mine"))
    box.setCurrentIndex(box.count() - 1)
    box.activated.emit(box.count() - 1)
    loaded(opened, "mine")
    assert box.currentText() == "mine"


@pytest.fixture
def of_shapes(models: dict[str, Path], tmp_path: Path) -> Path:
    """A model that says it was trained on the shapes."""
    checkpoint = read_checkpoint(models["small"])
    record = replace(checkpoint.record, data=replace(checkpoint.record.data, name="shapes", content_hash="cd" * 32), name="round")
    write_checkpoint(tmp_path / "round.safetensors", record, checkpoint.weights)
    return tmp_path / "round.safetensors"


def test_a_model_brings_its_data_along(opened: Desk, of_shapes: Path, models: dict[str, Path]) -> None:
    desk = opened
    loaded(desk, "digits")
    desk.program.opening.open(of_shapes)
    loaded(desk, "shapes")
    desk.rest()
    assert desk.slot.name == "round" and desk.box("data").currentText() == "shapes" and desk.notice == ""
    assert desk.window.training.training_config().epochs == 20  # what suits these
    desk.program.opening.open(models["small"])
    loaded(desk, "digits")
    assert not desk.button("open_named").isVisible()


def test_data_that_the_person_chose_stay_and_the_models_own_are_offered(opened: Desk, of_shapes: Path, tmp_path: Path) -> None:
    desk = opened
    desk.program.datasets.load(str(folder_of(tmp_path / "mine")))
    loaded(desk, "mine")
    desk.program.opening.open(of_shapes)
    desk.wait(lambda: desk.slot.name == "round")
    desk.rest()
    assert desk.session.dataset is not None and desk.session.dataset.name == "mine"
    button = desk.button("open_named")
    assert button.isVisible() and button.text() == "Open shapes"
    desk.hand.click(button)
    loaded(desk, "shapes")
    assert not button.isVisible() and not desk.says("was trained on")


def test_the_epochs_suit_the_data_after_an_unfinished_run_too(opened: Desk, models: dict[str, Path]) -> None:
    """While it is shown they are the run's; a number that the person types stays."""
    desk = opened
    epochs = desk.window.training.training_config
    for name, expected in (("unfinished", 40), ("other", 300)):
        desk.program.opening.open(models[name])
        desk.wait(lambda name=name: desk.slot.name == name)
        desk.rest()
        assert epochs().epochs == expected
    for data, expected in (("shapes", 20), ("digits", 300)):
        desk.program.datasets.load(data)
        loaded(desk, data)
        assert epochs().epochs == expected
    desk.set_field("epochs", "7")
    desk.program.datasets.load("shapes")
    loaded(desk, "shapes")
    desk.program.opening.open(models["small"])
    desk.wait(lambda: desk.slot.name == "small")
    assert epochs().epochs == 7


def test_a_dropped_folder(opened: Desk, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder_of(tmp_path / "dropped")))])
    assert opened.hand.drop(opened.window.plane, data)
    loaded(opened, "dropped")
    assert opened.notice == ""


def missing(folder: Path) -> None:
    next(folder.glob("train-labels*")).unlink()
    next(folder.glob("t10k-images*")).unlink()


def cut(folder: Path) -> None:
    file = next(folder.glob("train-images*"))
    file.write_bytes(file.read_bytes()[:-20])


def swapped(folder: Path) -> None:
    images, labels = next(folder.glob("train-images*")), next(folder.glob("train-labels*"))
    first, second = images.read_bytes(), labels.read_bytes()
    images.write_bytes(second)
    labels.write_bytes(first)


def emptied(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def other_counts(folder: Path) -> None:
    idx_files.write(folder, [*idx_files.arrays()[:1], np.zeros(3, np.uint8), *idx_files.arrays()[2:]])


BAD = [
    (missing, ["train-labels-idx1-ubyte", "t10k-images-idx3-ubyte"]),
    (emptied, ["train-images", "t10k-labels"]),
    (cut, ["train-images"]),
    (swapped, ["swapped"]),
    (other_counts, ["20", "3"]),
]


@pytest.mark.parametrize(("damage", "words"), BAD, ids=[damage.__name__ for damage, _ in BAD])
@pytest.mark.parametrize("open_now", ["digits", "mine"])
def test_a_folder_that_is_refused_leaves_all_as_it_was(opened: Desk, tmp_path: Path, damage: Any, words: list[str], open_now: str) -> None:
    desk = opened
    if open_now == "mine":
        desk.program.datasets.load(str(folder_of(tmp_path / "mine")))
    loaded(desk, open_now)
    bad = folder_of(tmp_path / "bad")
    damage(bad)
    before = desk.session.slot, desk.session.scene, desk.session.dataset, entries(desk), desk.box("data").currentText()
    ear = Ear(desk.session, "datasetChanged", "slotChanged", "sceneChanged")
    desk.program.datasets.load(str(bad))
    desk.wait(lambda: desk.notice != "")
    desk.wait(lambda: not desk.program.lanes.jobs.busy)
    assert is_sentence(desk.notice)
    for word in words:
        assert word in desk.notice
    after = desk.session.slot, desk.session.scene, desk.session.dataset, entries(desk), desk.box("data").currentText()
    assert after == before
    assert ear.heard == []


def test_a_refused_folder_at_the_start_leaves_the_digits(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    desk.program.start(tmp_path / "bad")
    loaded(desk, "digits")
    assert is_sentence(desk.notice)
    assert desk.box("data").currentData() == "digits"


def test_the_folder_is_remembered(new_desk: NewDesk, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine")
    for time in ("first", "second"):
        desk = new_desk()
        desk.program.start()
        if time == "first":
            loaded(desk, "digits")
            desk.program.datasets.load(str(folder))
        loaded(desk, "mine")
        assert desk.box("data").currentText() == "mine"
        desk.close()


def test_a_remembered_folder_that_is_gone(new_desk: NewDesk, models: dict[str, Path], tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "mine")
    desk = new_desk()
    desk.program.start(models["small"])
    loaded(desk, "digits")
    desk.program.datasets.load(str(folder))
    loaded(desk, "mine")
    desk.close()
    emptied(folder)
    desk = new_desk()
    desk.program.start(models["small"])
    loaded(desk, "digits")
    assert desk.box("data").currentData() == "digits"
    desk.close()


def test_the_environment_names_data(new_desk: NewDesk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder_of(tmp_path / "mnist")
    folder_of(tmp_path / "fashion-mnist", classes=10)
    monkeypatch.setenv("LATENT_EXPLORER_DATA", str(tmp_path))
    desk = new_desk()
    desk.program.start()
    loaded(desk, "mnist")
    assert entries(desk) == [*BUILTIN, "fashion-mnist", "mnist", "Open an MNIST folder…"]
    assert desk.box("data").currentText() == "mnist"
    desk.close()


def test_while_a_run_is_on_its_data_stay(opened: Desk, tmp_path: Path) -> None:
    """A drop passes the locked list by."""
    desk = opened
    before = desk.session.dataset
    desk.train(epochs=MANY)
    running(desk)
    desk.program.datasets.load(str(folder_of(tmp_path / "mine")))
    desk.wait(lambda: not desk.program.lanes.jobs.busy)
    step = desk.progress[-1].step
    running(desk, after=step + 5)
    assert desk.session.dataset is before
    assert desk.box("data").currentData() == "digits"
    assert is_sentence(desk.notice)
    desk.press("stop")
    idle(desk)
    assert desk.session.dataset is before


def test_a_model_whose_images_are_not_here_offers_to_open_them(
    desk: Desk, models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = read_checkpoint(models["small"])
    record = checkpoint.record
    elsewhere = replace(record, data=replace(record.data, name="mnist", content_hash="cd" * 32), name="far")
    write_checkpoint(tmp_path / "far.safetensors", elsewhere, checkpoint.weights)
    desk.open(tmp_path / "far.safetensors")
    assert desk.says("not on this computer")
    button = next(found for found in desk.window.model.findChildren(QPushButton) if found.isVisible())
    choose_folder(monkeypatch, folder_of(tmp_path / "mnist"))
    desk.hand.click(button)
    loaded(desk, "mnist")
    assert not desk.says("not on this computer")
    assert not button.isVisible()


def test_the_newest_wish_wins(opened: Desk, tmp_path: Path) -> None:
    """And those before it are not shown on the way."""
    seen: list[str] = []
    opened.session.datasetChanged.connect(lambda dataset: seen.append(dataset.name))
    for name in ("one", "two", "three"):
        opened.program.datasets.load(str(folder_of(tmp_path / name)))
    loaded(opened, "three")
    assert seen == ["three"]
    assert opened.box("data").currentText() == "three"
