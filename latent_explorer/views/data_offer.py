"""What to do when a model's images are not here: open a folder, or download them; and how far the download is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from latent_explorer.core.data.catalogue import CATALOGUE
from latent_explorer.core.files.gate import size_text
from latent_explorer.views.text import LiveText, plain_label

STEPS = 1000  # of the progress bar


class DataOffer(QWidget):
    """A sentence with two buttons, or one where the data are here; while a download is on, its progress with Cancel instead.

    Signals: openRequested(), namedRequested(str), downloadRequested(), cancelRequested().
    """

    openRequested = Signal()  # Qt's manner, here and below
    namedRequested = Signal(str)
    downloadRequested = Signal()
    cancelRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        entry = CATALOGUE["mnist"]
        self._sentence = plain_label("", wrap=True)
        self._sentence.setProperty("role", "muted")
        self._open = _button("Open an MNIST folder…", "open_offer", "Choose the folder on this computer that holds MNIST's four files.")
        self._open.clicked.connect(self.openRequested)
        name = f"Download {entry.title} ({size_text(entry.size)})…"
        self._download = _button(name, "download_offer", f"Get {entry.title} from the internet; nothing is sent before you agree.")
        self._download.clicked.connect(self.downloadRequested)
        self._name = ""  # of the data that are here
        self._named = _button("", "open_named", "Load the data that this model was trained on.")
        self._named.clicked.connect(self._named_clicked)
        self._words = LiveText()
        self._bar = QProgressBar()
        self._bar.setObjectName("download_bar")
        self._bar.setRange(0, STEPS)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(f"Download of {entry.title}")
        self._cancel = _button("Cancel", "download_cancel", "Stop the download; what has come is kept, and a later one goes on from there.")
        self._cancel.clicked.connect(self.cancelRequested)
        self._progress = QWidget()
        progress = QVBoxLayout(self._progress)
        progress.setContentsMargins(0, 0, 0, 0)
        progress.setSpacing(6)
        row = QHBoxLayout()
        row.addWidget(self._words, 1)
        row.addWidget(self._cancel)
        progress.addLayout(row)
        progress.addWidget(self._bar)
        for part in (self._sentence, self._named, self._open, self._download, self._progress):
            layout.addWidget(part)
        self._downloading = False
        self._show_parts()

    def set_sentence(self, text: str, name: str = "") -> None:
        """What is missing, "" for nothing; and the name of the data that are here and only need to be opened."""
        self._name = name
        self._named.setText(f"Open {name}")
        self._sentence.setText(text)
        self._show_parts()

    def set_progress(self, words: str, part: float) -> None:
        """How far the download is, 0 to 1; words "" when there is none."""
        self._words.setText(words)
        self._bar.setValue(round(STEPS * part))
        if self._downloading != bool(words):
            self._downloading = bool(words)
            self._show_parts()

    def set_locked(self, locked: bool) -> None:
        """While a run is on, no data can be opened; they may be downloaded all the same."""
        self._open.setEnabled(not locked)
        self._named.setEnabled(not locked)

    def _show_parts(self) -> None:
        offered = bool(self._sentence.text()) and not self._downloading
        self._sentence.setVisible(offered)
        self._named.setVisible(offered and bool(self._name))
        for part in (self._open, self._download):
            part.setVisible(offered and not self._name)
        self._progress.setVisible(self._downloading)

    def _named_clicked(self) -> None:
        self.namedRequested.emit(self._name)


def _button(text: str, name: str, hint: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    button.setToolTip(hint)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
