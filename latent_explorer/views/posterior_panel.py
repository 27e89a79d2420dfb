"""The exact posterior of one image in words and pictures: what is known of it, log p(x), and how far the encoder is from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from latent_explorer.core.occlusion import PARTS, WHOLE
from latent_explorer.core.types import Images
from latent_explorer.views.glossary import explain, explained, term_label
from latent_explorer.views.image_view import PixelView
from latent_explorer.views.style import enlargement
from latent_explorer.views.text import LiveText, plain_label, tip

WAITING = "…"  # for a number that has not come
MARGIN = 12  # pixels on both sides
SIDE = 84  # pixels of a picture's place, in an interface of the usual size
HIDDEN = (92, 132)  # the two greys of the squares that stand for hidden pixels
# What the logarithm of the sum over the grid is called (`core.posterior.Posterior.score`): label, term of the glossary.
SCORES = {"ll": ("log p(x)", "exact_ll"), "ll density": ("log p(x), density", "exact_density"), "grey score": ("Grey score", "grey_score")}
# What the encoder reaches is called, and how far that is from it.
BOUNDS = {"elbo": ("ELBO of the encoder", "exact_elbo"), "gap": ("Gap", "exact_gap")}
GREY_BOUNDS = {"elbo": ("Grey ELBO", "grey_elbo"), "gap": ("Gap", "grey_gap")}


@dataclass(frozen=True)
class PosteriorFigures:
    """What the rows say; plain text, "" for nothing.

    ``score`` is of `SCORES`; ``evidence``, ``elbo`` and ``gap`` in nats; ``why`` a sentence in the place of what is not defined.
    Where there is no ``encoder``, there are no rows for what it reaches.
    """

    score: str = "ll"
    evidence: str = ""
    elbo: str = ""
    gap: str = ""
    mode: str = ""
    width: str = ""
    why: str = ""
    encoder: bool = True


class PosteriorPanel(QWidget):
    """Signals: partRequested(str) of `core.occlusion.PARTS`; zoomRequested(), to where the posterior lies; invertRequested(bool)."""

    partRequested = Signal(str)  # Qt's manner, here and below
    invertRequested = Signal(bool)
    zoomRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, 8, MARGIN, 12)
        layout.setSpacing(6)
        self._title = plain_label("", wrap=True)
        layout.addWidget(self._title)
        self._image, self._expected = PixelView(self), PixelView(self)
        self._image.setAccessibleName("Image")
        self._expected.setAccessibleName("Expected image")
        self._pictures = QWidget()
        grid = QGridLayout(self._pictures)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        self._expected_word = term_label("Expected", "expected_image")
        explained(self._expected, "expected_image")
        for column, (view, word) in enumerate(
            ((self._image, term_label("Image", "posterior_image")), (self._expected, self._expected_word))
        ):
            view.setObjectName(f"posterior_{'image' if column == 0 else 'expected'}")
            grid.addWidget(view, 0, column)
            grid.addWidget(word, 1, column)
        self._part = QComboBox()
        self._part.setObjectName("posterior_part")
        explained(self._part, "occlusion", "Known pixels")
        self._part.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for part, words in PARTS.items():
            self._part.addItem(words, part)
        self._part.activated.connect(self._picked)
        self._part.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._part.setMinimumContentsLength(5)
        self._zoom = QPushButton("Zoom to it")
        self._zoom.setObjectName("posterior_zoom")
        explained(self._zoom, "posterior_zoom")
        self._zoom.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._zoom.clicked.connect(self.zoomRequested)
        self._invert = QCheckBox("Inverted")
        self._invert.setObjectName("posterior_invert")
        explained(self._invert, "invert")
        self._invert.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)  # what can be clicked is all of it
        self._invert.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._invert.clicked.connect(self.invertRequested)
        grid.setColumnStretch(2, 1)
        self._grid = grid
        self._choices = QWidget()
        choices = QVBoxLayout(self._choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.setSpacing(6)
        for widget in (term_label("Use", "occlusion"), self._part, self._zoom, self._invert):
            choices.addWidget(widget)
        choices.addStretch(1)
        self._beside: bool | None = None  # whether the choices stand beside the pictures
        self._place_choices()
        form = self._form = QFormLayout()
        form.setVerticalSpacing(4)
        self._score_label = term_label(*SCORES["ll"])
        self._rows = {name: LiveText(right=True) for name in ("evidence", "elbo", "gap", "mode", "width")}
        form.addRow(self._score_label, self._rows["evidence"])
        self._labels = {name: term_label(*said) for name, said in BOUNDS.items()}
        for name, label in self._labels.items():
            form.addRow(label, self._rows[name])
        for name, words, term in (("mode", "Mode", "exact_mode"), ("width", "SD long, short", "exact_width")):
            explained(self._rows[name], term, words)
            form.addRow(term_label(words, term), self._rows[name])
        layout.addLayout(form)  # above the pictures: in a low panel these are the first things to be seen
        layout.addWidget(self._pictures)
        self._words = plain_label("", wrap=True)
        self._words.setProperty("role", "muted")
        layout.addWidget(self._words)
        layout.addStretch(1)
        self._encoder, self._score = True, "ll"
        self.set_subject("", "")
        self.set_inverted(None)
        self.set_figures(PosteriorFigures())

    def _place_choices(self) -> None:
        """Beside the pictures, or below them, where the panel is narrow."""
        beside = self.width() >= self._narrow_width() + self._choices.minimumSizeHint().width() + self._grid.horizontalSpacing()
        if beside != self._beside:
            self._beside = beside
            self._grid.removeWidget(self._choices)
            self._grid.addWidget(self._choices, *((0, 2, 2, 1) if beside else (2, 0, 1, 3)))

    def _narrow_width(self) -> int:
        """Of two pictures side by side."""
        return self._image.width() + self._grid.horizontalSpacing() + self._expected.width() + 2 * MARGIN

    def minimumSizeHint(self) -> QSize:  # Qt's name, here and below
        """As narrow as with the choices below the pictures: the panel must not make a small window wider."""
        whole = super().minimumSizeHint()
        return QSize(min(whole.width(), self._narrow_width()), whole.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """There may be room for the choices beside the pictures, or no more."""
        super().resizeEvent(event)
        self._place_choices()

    def set_subject(self, title: str, words: str) -> None:
        """Which image it is, "" for none, and a sentence on it, or on what to do."""
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self._pictures.setVisible(bool(title))
        if not title:
            self._forget()
        self._show_rows()

    def _forget(self) -> None:
        """What was known is of nothing that is shown."""
        for row in self._rows.values():
            row.setText(WAITING)

    def _show_rows(self) -> None:
        there = not self._title.isHidden()
        for name, row in self._rows.items():
            self._form.setRowVisible(row, there and (self._encoder or name not in BOUNDS))

    def set_part(self, part: str) -> None:
        """Which pixels are known."""
        self._part.setCurrentIndex(max(0, self._part.findData(part)))
        self._expected_word.setText("Expected" if part == WHOLE else "Completed")

    def set_inverted(self, inverted: bool | None) -> None:
        """Whether a person's own grey picture has light and dark exchanged; None for other images, which cannot."""
        self._invert.setVisible(inverted is not None)
        self._invert.setChecked(bool(inverted))

    def set_image(self, image: Images | None, mask: NDArray[np.bool_] | None) -> None:
        """The image (H, W, C), with the pixels that are not in the mask (H, W) hidden; None while it is not there."""
        self._image.set_image(image if image is None or mask is None else _hidden(image, mask))
        self._size(image)

    def set_expected(self, image: Images | None) -> None:
        """The mean of the decoder's pictures over the posterior."""
        self._expected.set_image(image)

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """How pictures look."""
        for view in (self._image, self._expected):
            view.set_look(smooth, grey_map)

    def set_figures(self, figures: PosteriorFigures, *, faint: bool = False) -> None:
        """The numbers, ``faint`` while they are not the last word; those that are not known yet stay as they were, faint too."""
        if figures.score != self._score:  # a number of before would stand under another name
            self._score = figures.score
            self._forget()
        if figures.encoder != self._encoder:
            self._encoder = figures.encoder
            self._show_rows()
        words, term = SCORES[figures.score]
        self._score_label.setText(words)
        self._score_label.setToolTip(explain(term))
        explained(self._rows["evidence"], term, words)
        for name, row in self._rows.items():
            words_now = getattr(figures, name)
            row.set_muted(faint or not words_now)
            if words_now:
                row.setText(words_now)
        why = tip(figures.why) if figures.why else ""
        for name, (words, term) in (GREY_BOUNDS if figures.score == "grey score" else BOUNDS).items():
            self._labels[name].setText(words)
            self._labels[name].setToolTip(explain(term))
            explained(self._rows[name], term, words)
            if why:
                self._rows[name].setToolTip(why)

    def _size(self, image: Images | None) -> None:
        """Places as large as the interface, of the image's shape."""
        side = SIDE * enlargement(self)
        height, width = (1, 1) if image is None else image.shape[:2]
        scale = side / max(height, width)
        for view in (self._image, self._expected):
            view.setFixedSize(max(8, round(width * scale)), max(8, round(height * scale)))
        self._place_choices()

    def _picked(self) -> None:
        self.partRequested.emit(self._part.currentData())


def _hidden(image: Images, mask: NDArray[np.bool_]) -> Images:
    """In colour, with small squares of two greys where pixels are hidden, so that they are not taken for pixels."""
    shown = np.broadcast_to(image, (*image.shape[:2], 3)).copy()
    rows, columns = np.indices(mask.shape)
    squares = np.where((rows + columns) % 2 == 0, *HIDDEN).astype(np.uint8)
    shown[~mask] = squares[~mask][:, None]
    return shown
