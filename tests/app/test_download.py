"""MNIST on request: the offer, the dialog, the progress, and what is open afterwards. With real clicks, against a server here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QProgressBar, QPushButton

from latent_explorer.core.checkpoint.record import read_checkpoint, write_checkpoint
from latent_explorer.core.data.catalogue import CatalogueEntry
from latent_explorer.views.dialogs.download import DownloadDialog
from tests.app.conftest import Desk, is_sentence
from tests.app.test_datasets import entries, loaded
from tests.app.test_training import MANY, idle, running
from tests.core.data import mirror as moods
from tests.core.data.mirror import Mirror, is_noise
from tests.test_architecture import loaded_after
from tests.views.hand import Hand, Key, settle, texts

NewDesk = Callable[..., Desk]
IMAGES = "train-images-idx3-ubyte.gz"


@pytest.fixture
def far(models: dict[str, Path], tmp_path: Path) -> Path:
    """A model of MNIST, whose images are not here."""
    checkpoint = read_checkpoint(models["small"])
    record = replace(checkpoint.record, data=replace(checkpoint.record.data, name="mnist", content_hash="cd" * 32), name="far")
    write_checkpoint(tmp_path / "far.safetensors", record, checkpoint.weights)
    return tmp_path / "far.safetensors"


def button(desk: Desk, name: str) -> QPushButton:
    found = desk.window.findChild(QPushButton, name)
    assert found is not None
    return found


def dialog_of(desk: Desk) -> DownloadDialog:
    settle()
    [dialog] = desk.window.findChildren(DownloadDialog)
    assert dialog.isVisible()
    return dialog


def choose(desk: Desk, what: str) -> None:
    """A real click in the dialog."""
    dialog = dialog_of(desk)
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    wanted = next(one for one in buttons.buttons() if one.text().replace("&", "") == what)
    Hand(dialog).click(wanted)
    settle()
    assert not desk.window.findChildren(DownloadDialog)


def downloading(desk: Desk) -> bool:
    return button(desk, "download_cancel").isVisible()


def start_download(desk: Desk) -> None:
    desk.hand.click(button(desk, "download_offer"))
    choose(desk, "Download")


def test_one_click_says_what_it_is_and_the_second_brings_it(desk: Desk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    desk.open(far)
    assert desk.says("not on this computer")
    before = desk.slot
    desk.hand.click(button(desk, "download_offer"))
    said = " ".join(texts(dialog_of(desk)))
    for words in (offered_entry.about, "kB", offered_entry.licence, offered_entry.authors, "127.0.0.1", str(offered_entry.folder)):
        assert words in said
    assert mirror.asked == []  # nothing is sent before the person agrees
    choose(desk, "Download")
    loaded(desk, "mnist")
    desk.wait(lambda: not desk.program.lanes.downloads.busy)
    settle()
    assert desk.session.dataset is not None and is_noise(desk.session.dataset.images)
    assert desk.box("data").currentText() == "mnist" and entries(desk).count("mnist") == 1
    assert desk.slot is before and desk.notice == ""
    assert not desk.says("not on this computer") and not downloading(desk)
    assert not button(desk, "download_offer").isVisible()
    assert [name for name, _ in mirror.asked] == list(mirror.files)


def test_cancel_in_the_dialog_sends_nothing(desk: Desk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    desk.open(far)
    desk.hand.click(button(desk, "download_offer"))
    choose(desk, "Cancel")
    desk.hand.click(button(desk, "download_offer"))
    Hand(dialog_of(desk)).key(Key.Key_Escape)
    settle()
    assert not desk.window.findChildren(DownloadDialog) and desk.window.isVisible()
    assert mirror.asked == [] and not desk.program.lanes.downloads.busy
    assert desk.says("not on this computer")


def test_a_second_start_finds_it(new_desk: NewDesk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    desk = new_desk()
    desk.open(far)
    start_download(desk)
    loaded(desk, "mnist")
    desk.close()
    mirror.asked.clear()
    desk = new_desk()
    desk.program.start(far)
    loaded(desk, "mnist")
    desk.rest()
    assert not desk.says("not on this computer")
    desk.wish("download")  # opens what is here
    assert not desk.window.findChildren(DownloadDialog)
    assert is_sentence(desk.notice) and str(offered_entry.folder) in desk.notice
    desk.rest()
    assert mirror.asked == []
    desk.close()


def test_a_stalled_server_stops_nothing_and_can_be_cancelled(
    desk: Desk, far: Path, models: dict[str, Path], mirror: Mirror, offered_entry: CatalogueEntry
) -> None:
    desk.open(far)
    mirror.mood = moods.stalls
    start_download(desk)
    bar = desk.window.findChild(QProgressBar, "download_bar")
    assert bar is not None
    half = len(mirror.files[IMAGES]) // 2
    expected = round(bar.maximum() * half / offered_entry.size)
    desk.wait(lambda: bar.value() == expected)
    assert downloading(desk) and bar.isVisible() and any("kB" in text and " of " in text for text in texts(desk.window.model))
    assert not desk.says("not on this computer")  # the progress stands in the offer's place
    desk.wish("download")  # one is on already
    assert not desk.window.findChildren(DownloadDialog)
    desk.program.opening.open(models["other"])  # the jobs lane is free
    desk.wait(lambda: desk.slot.name == "other")
    desk.program.opening.open(far)
    desk.wait(lambda: desk.slot.name == "far")
    assert downloading(desk)
    desk.hand.click(button(desk, "download_cancel"))
    desk.wait(lambda: not downloading(desk))
    assert desk.notice == "" and desk.says("not on this computer")
    assert desk.session.dataset is not None and desk.session.dataset.name == "digits"
    mirror.mood = moods.good
    start_download(desk)
    loaded(desk, "mnist")
    assert mirror.asked[1] == (IMAGES, half)  # it went on where it was


@pytest.mark.parametrize("mood", [moods.missing, moods.page, moods.wrong], ids=lambda mood: mood.__name__)
def test_a_refusal_is_one_sentence_and_leaves_all_as_it_was(
    desk: Desk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry, mood: moods.Mood
) -> None:
    desk.open(far)
    before = desk.session.slot, desk.session.dataset, entries(desk)
    mirror.mood = mood
    start_download(desk)
    desk.wait(lambda: desk.notice != "" and not downloading(desk))
    assert is_sentence(desk.notice) and desk.notice.startswith("MNIST could not be downloaded")
    assert (desk.session.slot, desk.session.dataset, entries(desk)) == before
    assert desk.says("not on this computer")
    mirror.mood = moods.good
    start_download(desk)
    loaded(desk, "mnist")
    assert desk.notice == ""


def test_from_the_menu_without_an_offer(opened: Desk, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    """The model of the digits misses nothing."""
    assert not button(opened, "download_offer").isVisible()
    opened.wish("download")
    choose(opened, "Download")
    loaded(opened, "mnist")
    opened.wait(lambda: not downloading(opened))
    assert opened.box("data").currentText() == "mnist"


def test_from_the_list_of_data(opened: Desk, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    """A no leaves what is open in the box; once it is here, the list has the data instead."""
    box = opened.box("data")
    for answer in ("Cancel", "Download"):
        row = next(row for row in range(box.count()) if box.itemText(row).startswith("Download MNIST ("))
        box.setCurrentIndex(row)
        box.activated.emit(row)
        assert box.currentData() == "digits"
        choose(opened, answer)
    loaded(opened, "mnist")
    opened.wait(lambda: not downloading(opened))
    assert box.currentText() == "mnist" and not any(entry.startswith("Download") for entry in entries(opened))


def test_while_a_run_is_on_its_data_stay(desk: Desk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    desk.open(far)
    dataset = desk.session.dataset
    desk.train(epochs=MANY)
    running(desk)
    desk.wish("download")
    choose(desk, "Download")
    desk.wait(lambda: desk.notice != "" and not downloading(desk))
    assert is_sentence(desk.notice) and "when the run has ended" in desk.notice
    assert offered_entry.is_here() and desk.session.dataset is dataset and "mnist" in entries(desk)
    desk.press("stop")
    idle(desk)
    assert desk.session.dataset is dataset
    desk.box("data").activated.emit(entries(desk).index("mnist"))
    loaded(desk, "mnist")


def test_closing_does_not_wait_for_a_silent_server(desk: Desk, far: Path, mirror: Mirror, offered_entry: CatalogueEntry) -> None:
    desk.open(far)
    mirror.mood = moods.silent
    start_download(desk)
    desk.wait(lambda: mirror.asked != [])
    lane = desk.program.lanes.downloads
    desk.close()
    assert not lane.isRunning() and not mirror.leaving.is_set()
    assert not offered_entry.is_here()


def test_a_start_loads_nothing_that_speaks_with_the_web() -> None:
    assert loaded_after("import latent_explorer.app.program").isdisjoint({"ssl", "pooch", "requests", "urllib3"})
