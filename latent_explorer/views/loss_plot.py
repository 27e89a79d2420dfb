"""The parts of the plots of losses: a plot without gestures, its axis of epochs, and the row of names above it."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from latent_explorer.views.glossary import explain, term_label
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import Theme

NOTES = (("nats per image", "nats"), ("dashed: validation", "validation_loss"))


class PlotLegend(QWidget):
    """The names of a plot's curves in their colours, each with its meaning; and what the plot measures, where there is room."""

    def __init__(self, entries: tuple[tuple[str, str, str], ...], notes: tuple[tuple[str, str], ...] = NOTES) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 0, 0)
        layout.setSpacing(8)
        layout.addStretch(1)
        self._entries = entries  # term, name, and a shorter one
        self._reserved = 0
        self._names = {term: term_label(text, term, muted=False) for term, text, _ in entries}
        self._notes = [term_label(text, term) for text, term in notes]
        for label in (*self._names.values(), *self._notes):
            layout.addWidget(label)
        layout.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_theme(self, theme: Theme) -> None:
        """The curves' colours."""
        for term, label in self._names.items():
            label.setStyleSheet(f"color: {getattr(theme, term)}; font-weight: 600")
        self._leave_out()

    def set_entries(self, entries: tuple[tuple[str, str, str, str], ...]) -> None:
        """Other names for the same curves: the curve's term, its name, a shorter one, and the term that explains it."""
        self._entries = tuple(entry[:3] for entry in entries)
        for term, _, _, meaning in entries:
            self._names[term].setToolTip(explain(meaning))
        self._leave_out()

    def set_notes(self, notes: tuple[str, ...]) -> None:
        """Other words for the same notes; an empty one is not there."""
        for label, text in zip(self._notes, notes, strict=True):
            label.setText(text)
        self._leave_out()

    def set_reserved(self, width: int) -> None:
        """So many pixels at the right are something else's."""
        layout = self.layout()
        if width != self._reserved and layout is not None:
            self._reserved = width
            layout.setContentsMargins(8, 2, width, 0)
            self._leave_out()

    def needs(self, *, short: bool) -> int:
        """The width in pixels of the names alone, or of the shorter ones."""
        layout = self.layout()
        assert layout is not None
        gap, words = layout.spacing(), 2 if short else 1
        names = sum(self._names[entry[0]].fontMetrics().horizontalAdvance(entry[words]) + gap for entry in self._entries)
        return names + layout.contentsMargins().left() + gap

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """The notes are there as far as there is room."""
        super().resizeEvent(event)
        self._leave_out()

    def _leave_out(self) -> None:
        layout = self.layout()
        assert layout is not None
        gap, room = layout.spacing(), 0
        for words in (1, 2):
            for entry in self._entries:
                self._names[entry[0]].setText(entry[words])
            room = self.width() - self._reserved - 2 * gap - sum(label.sizeHint().width() + gap for label in self._names.values())
            if room >= 0:
                break
        for note in self._notes:
            room -= note.sizeHint().width() + gap if note.text() else 0
            note.setVisible(room >= 0 and bool(note.text()))


class EpochAxis(pg.AxisItem):
    """Has as many numbers as there is room for; pyqtgraph's own run into each other on a narrow plot."""

    widest = "00000"  # of its numbers, with some room around it

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # pyqtgraph's names
        """One level, of round steps."""
        wide = QFontMetrics(self.style["tickFont"] or self.font()).horizontalAdvance(self.widest)
        step = round_up((maxVal - minVal) * wide / max(size, wide), (1, 2, 5, 10))
        return [(step, 0.0)]


def still_plot(parent: QWidget, bottom: str, meaning: str, axis: pg.AxisItem | None = None) -> pg.PlotWidget:
    """A plot that takes no gestures and no focus; `bottom` is written under it, and the term `meaning` explains it."""
    plot = pg.PlotWidget(parent, enableMenu=False, axisItems={} if axis is None else {"bottom": axis})
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    plot.setMouseEnabled(False, False)
    plot.hideButtons()
    plot.disableAutoRange()  # it would paint everything twice, and new axes at every change
    plot.setLabel("bottom", bottom)
    plot.setToolTip(explain("nats"))
    plot.getPlotItem().getAxis("bottom").enableAutoSIPrefix(False)  # no "epoch (x0.001)"
    plot.getPlotItem().getAxis("bottom").setToolTip(explain(meaning))
    return plot


def dress(plot: pg.PlotWidget, theme: Theme) -> None:
    """The theme's colours, and the interface's font."""
    plot.setBackground(theme.panel)
    for name in ("bottom", "left"):
        axis = plot.getPlotItem().getAxis(name)
        axis.setPen(theme.line)
        axis.setTextPen(theme.muted)
        axis.setTickFont(plot.font())
        axis.label.setFont(plot.font())


def round_up(number: float, factors: tuple[float, ...] = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)) -> float:
    """The next round number that is not smaller."""
    unit = 10.0 ** math.floor(math.log10(max(number, 1e-9)))
    return next(unit * factor for factor in factors if unit * factor >= number * (1 - 1e-9))
