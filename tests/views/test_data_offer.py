"""The offer of images that are not here, and the dialog behind it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from latent_explorer.core.data.catalogue import CATALOGUE
from latent_explorer.views.data_offer import DataOffer
from latent_explorer.views.dialogs.download import DownloadDialog
from tests.views.hand import Ear, Hand, Key, settle, texts


@pytest.fixture
def offer(qtbot: QtBot) -> DataOffer:
    widget = DataOffer()
    qtbot.addWidget(widget)
    widget.resize(240, 160)
    return widget


def visible(widget: DataOffer) -> list[str]:
    return [button.text() for button in widget.findChildren(QPushButton) if button.isVisible()]


def button(widget: DataOffer, name: str) -> QPushButton:
    found = widget.findChild(QPushButton, name)
    assert found is not None
    return found


def test_what_is_to_be_seen_when(offer: DataOffer) -> None:
    Hand(offer)
    assert visible(offer) == [] and texts(offer) == []
    offer.set_sentence("They are not here.")
    settle()
    assert visible(offer) == ["Open an MNIST folder…", "Download MNIST (11.6 MB)…"] and texts(offer) == ["They are not here."]
    offer.set_progress("2.9 of 11.6 MB", 0.25)
    settle()
    bar = offer.findChild(QProgressBar)
    assert bar is not None and bar.isVisible() and bar.value() == bar.maximum() / 4
    assert visible(offer) == ["Cancel"] and texts(offer) == ["2.9 of 11.6 MB"]
    offer.set_sentence("")  # they came from elsewhere meanwhile: the download goes on
    settle()
    assert visible(offer) == ["Cancel"]
    offer.set_progress("", 1.0)
    settle()
    assert visible(offer) == [] and texts(offer) == [] and not bar.isVisible()


def test_wishes(offer: DataOffer) -> None:
    hand, ear = Hand(offer), Ear(offer, "openRequested", "downloadRequested", "cancelRequested")
    offer.set_sentence("They are not here.")
    settle()
    hand.click(button(offer, "open_offer"))
    hand.click(button(offer, "download_offer"))
    offer.set_locked(True)  # a run is on: nothing is opened, but it may be downloaded
    hand.click(button(offer, "open_offer"))
    hand.click(button(offer, "download_offer"))
    offer.set_progress("Connecting…", 0.0)
    settle()
    hand.click(button(offer, "download_cancel"))
    assert ear.names() == ["openRequested", "downloadRequested", "downloadRequested", "cancelRequested"]


@pytest.mark.parametrize(("key", "heard"), [(Key.Key_Return, ["accepted"]), (Key.Key_Escape, ["rejected"])])
def test_the_dialog_says_what_comes_from_where(qtbot: QtBot, own_home: Path, key: Key, heard: list[str]) -> None:
    dialog = DownloadDialog(CATALOGUE["mnist"])
    hand, ear = Hand(dialog), Ear(dialog, "accepted", "rejected")
    said = texts(dialog)
    for words in (
        "70,000 handwritten digits, 28 x 28, grey",
        "11.6 MB",
        "Yann LeCun, Corinna Cortes, Christopher Burges",
        "CC BY-SA 3.0",
        "ossci-datasets.s3.amazonaws.com\nstorage.googleapis.com",
        str(own_home / "cache" / "datasets" / "mnist"),
    ):
        assert words in said
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None and {one.text().replace("&", "") for one in buttons.buttons()} == {"Download", "Cancel"}
    hand.key(key)
    assert ear.names() == heard
