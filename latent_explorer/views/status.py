"""The status bar: points, place, what runs, milliseconds."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStatusBar, QToolButton, QWidget

from latent_explorer.core.plane.globe import place_on_globe
from latent_explorer.views.glossary import explained
from latent_explorer.views.place import PlaceText, place_words
from latent_explorer.views.text import LiveText

TWO = "z −0.000, −0.000"
THREE = "z −0.000, −0.000, −0.000"
DEGREES = " · 00.0° N, 000.0° W"
NUMBER = re.compile(r"−?(\d+)\.")  # up to its point
DIGIT = re.compile(r"\d")


class StatusLine(QStatusBar):
    """Each part has its own place, so that nothing jumps. Signals: cancelRequested()."""

    cancelRequested = Signal()  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._points = LiveText("10,000,000 points, 10,000 hidden", muted=True)
        self._place = PlaceText(TWO)
        self._kind, self._room = (2, False, False), TWO  # how many coordinates, named or not, of a globe; the room so far
        self._mosaic = LiveText("mosaic 000 × 000", muted=True)
        self._work = LiveText(muted=True, right=True)
        self._decode = LiveText("decode 00.00 ms", muted=True, right=True)
        for label, term, name in (
            (self._points, "count", "Points"),
            (self._place, "place", "Probe"),
            (self._mosaic, "cells", "Mosaic"),
            (self._work, "work", "At work"),
            (self._decode, "decode", "Decoder"),
        ):
            explained(label, term, name)
        self.setContentsMargins(8, 0, 8, 0)
        self._selected = LiveText("10,000,000 selected")
        explained(self._selected, "selected", "Selected points")
        for label in (self._points, self._selected, self._place, self._mosaic):
            self.addWidget(label)
        self._selected.hide()  # the bar shows what it is given
        self._cancel = QToolButton()
        self._cancel.setText("Cancel")
        self._cancel.setProperty("role", "button")
        self._cancel.setToolTip("Stop what runs in the background; what is shown stays.")
        self._cancel.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._cancel.clicked.connect(self.cancelRequested)
        self._cancel.hide()
        self.addPermanentWidget(self._work, 1)
        self.addPermanentWidget(self._cancel)
        self._cancel.hide()  # the bar shows what it is given
        self.addPermanentWidget(self._decode)

    def set_points(self, count: int, hidden: int) -> None:
        """Number of codes, and how many of them are hidden."""
        self._points.setText(f"{count:,} points" + (f", {hidden:,} hidden" if hidden else ""))

    def set_selected(self, count: int) -> None:
        """Number of selected points."""
        self._selected.setText(f"{count:,} selected" if count else "")
        if self._selected.isHidden() == bool(count):
            self._selected.setVisible(bool(count))

    def set_place(self, z: tuple[float, ...] | None, axes: tuple[int, int] | None = None, *, globe: bool = False) -> None:
        """z under the cursor; of more than two coordinates those of the axes on the plane; on a globe its degrees too."""
        named = z is not None and len(z) > 2 and axes is not None
        words = "" if z is None else ("" if named else "z ") + place_words(z, axes)
        if z is not None:
            room = THREE if globe else DIGIT.sub("0", NUMBER.sub(r"−\1.", words))
            # What was taken once stays while such places are shown: nothing is to jump at every move.
            kind = len(z), named, globe
            if kind != self._kind or len(room) > len(self._room):
                self._kind, self._room = kind, room
                self._place.set_room(room + DEGREES if globe else room, room)
        self._place.set_place(z, words, f" · {place_on_globe(z)}" if z is not None and globe else "")

    def set_mosaic(self, columns: int, rows: int) -> None:
        """Cells of the mosaic; 0 for none."""
        self._mosaic.setText(f"mosaic {columns} × {rows}" if columns else "")

    def set_work(self, text: str) -> None:
        """What runs in the background."""
        self._work.setText(text)

    def set_cancellable(self, cancellable: bool) -> None:
        """Whether what runs in the background can be cancelled."""
        if cancellable == self._cancel.isHidden():
            self._cancel.setVisible(cancellable)

    def set_decode(self, milliseconds: float | None) -> None:
        """Time of the last decode."""
        self._decode.setText("" if milliseconds is None else f"decode {milliseconds:.2f} ms")
