"""Loss curves, live, with earlier runs faintly behind."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from latent_explorer.core.families import Family
from latent_explorer.core.types import History
from latent_explorer.views.glossary import explain, term_label
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import DARK, Theme, enlargement

EARLIER_RUNS = 4
Range = tuple[float, float]
SPIKE_FREE = 0.98, 1.3  # part of the KL's values that is shown, and the room above it
TWO_PLOTS = 360  # least width in pixels at the interface's normal size
LINE = 1  # Qt strokes wider smooth lines by way of a filled outline: 30 times as long, 50 ms for a long run's curves
# What is drawn: plot, column, colour role of the theme, validation (dashed)
CURVES = (
    (0, "train_loss", "total", False),
    (0, "validation_loss", "total", True),
    (0, "train_reconstruction", "reconstruction", False),
    (0, "validation_reconstruction", "reconstruction", True),
    (1, "train_kl", "kl", False),
    (1, "validation_kl", "kl", True),
)


class PlotLegend(QWidget):
    """The names of a plot's curves in their colours, each with its meaning; and what the plot measures, where there is room."""

    def __init__(self, entries: tuple[tuple[str, str, str], ...]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 0, 0)
        layout.setSpacing(8)
        layout.addStretch(1)
        self._entries = entries  # term, name, and a shorter one
        self._names = {term: term_label(text, term, muted=False) for term, text, _ in entries}
        self._notes = [term_label("nats per image", "nats"), term_label("dashed: validation", "validation_loss")]
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
            room = self.width() - 2 * gap - sum(label.sizeHint().width() + gap for label in self._names.values())
            if room >= 0:
                break
        for note in self._notes:
            room -= note.sizeHint().width() + gap
            note.setVisible(room >= 0)


class EpochAxis(pg.AxisItem):
    """Has as many numbers as there is room for; pyqtgraph's own run into each other on a narrow plot."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # pyqtgraph's names
        """One level, of round steps."""
        wide = QFontMetrics(self.style["tickFont"] or self.font()).horizontalAdvance("00000")
        step = _round_up((maxVal - minVal) * wide / max(size, wide), (1, 2, 5, 10))
        return [(step, 0.0)]


class LossView(QWidget):
    """Two plots: total and reconstruction, and the much smaller KL; nats per image over epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("losses")
        self.setAccessibleName("Losses in nats per image over epochs")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        self._plots = (self._plot(), self._plot())
        self._legends = (
            PlotLegend((("total", "total", "total"), ("reconstruction", "reconstruction", "rec."))),
            PlotLegend((("kl", "KL", "KL"),)),
        )
        self._columns = []
        for plot, legend, stretch in zip(self._plots, self._legends, (3, 2), strict=True):
            column = QWidget()
            inside = QVBoxLayout(column)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.setSpacing(0)
            inside.addWidget(legend)
            inside.addWidget(plot, 1)
            layout.addWidget(column, stretch)
            self._columns.append(column)
        self._curves: list[pg.PlotDataItem] = []
        for number, _, _, validation in CURVES:
            curve = self._plots[number].plot()
            curve.setZValue(5 if validation else 0)
            self._curves.append(curve)
        self._earlier: list[pg.PlotDataItem] = []
        self._past: list[History] = []
        self._history: History | None = None
        self._ranges: list[tuple[Range, Range] | None] = [None, None]
        self._penalty = True  # there is something to draw on the second plot
        self.set_theme(DARK)

    def _plot(self) -> pg.PlotWidget:
        plot = pg.PlotWidget(self, enableMenu=False, axisItems={"bottom": EpochAxis("bottom")})
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        plot.disableAutoRange()  # it would paint everything twice, and new axes at every change
        plot.setLabel("bottom", "epoch")
        plot.setToolTip(explain("nats"))
        plot.getPlotItem().getAxis("bottom").enableAutoSIPrefix(False)  # no "epoch (x0.001)"
        plot.getPlotItem().getAxis("bottom").setToolTip(explain("loss_axis"))
        return plot

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        self._theme = theme
        for plot in self._plots:
            plot.setBackground(theme.panel)
            for name in ("bottom", "left"):
                axis = plot.getPlotItem().getAxis(name)
                axis.setPen(theme.line)
                axis.setTextPen(theme.muted)
                axis.setTickFont(self.font())
                axis.label.setFont(self.font())
        for legend in self._legends:
            legend.set_theme(theme)
        self._share_width()
        for (_, _, role, validation), curve in zip(CURVES, self._curves, strict=True):
            colour = QColor(getattr(theme, role))
            if not validation:
                colour.setAlpha(150)  # noisy; the calmer validation lies on top
            style = Qt.PenStyle.DashLine if validation else Qt.PenStyle.SolidLine
            curve.setPen(pg.mkPen(colour, width=LINE, style=style))
        self._draw_earlier()

    def set_names(self, facts: Family, beta: float) -> None:
        """What the curves of a family are called; a loss that is weighed by another beta than 1 is no bound."""
        if facts.bound == "ll":
            total = ("total", "−log p(x)", "−log p", "log_likelihood_loss")
        elif facts.bound == "elbo" and beta == 1:
            total = ("total", "−ELBO", "−ELBO", "total")
        else:
            total = ("total", "loss", "loss", "total")
        self._legends[0].set_entries((total, ("reconstruction", "reconstruction", "rec.", "reconstruction")))
        name = {"kl": "KL", "mmd": "MMD"}.get(facts.penalty, "")
        self._legends[1].set_entries((("kl", name, name, facts.penalty or "kl"),))
        self._penalty = bool(name)
        self._share_width()

    def set_history(self, history: History | None) -> None:
        """The losses of the current run, or none."""
        self._history = history
        for (_, column, *_), curve in zip(CURVES, self._curves, strict=True):
            x, y = _finite(history, column)
            shown_x, shown_y = curve.getOriginalDataset()
            if shown_x is None or not (np.array_equal(x, shown_x) and np.array_equal(y, shown_y)):
                curve.setData(x, y)
        start = _start(history, self._past)
        for number, plot in enumerate(self._plots):
            mine = [(column, validation) for home, column, _, validation in CURVES if home == number]
            shown = [_finite(history, column) for column, _ in mine]
            shown += [_finite(run, column) for run in self._past for column, validation in mine if not validation]
            ranges = _ranges(shown, start if number == 0 else _usual(shown))
            if ranges != self._ranges[number]:
                self._ranges[number] = ranges
                low, high = ranges[1]
                room = 0.05 * (high - low)  # for the numbers at the ends
                plot.setRange(xRange=ranges[0], yRange=(low - room, high + room), padding=0.03)

    def keep_as_earlier(self, comparable: bool) -> None:
        """A new run begins: the current curves go behind, or away when they are of other data and so say nothing about this run."""
        if not comparable:
            self._past = []
        elif self._history is not None and len(self._history.epoch) > 1:
            self._past = [*self._past, self._history][-EARLIER_RUNS:]
        self._history = None
        self._draw_earlier()
        self.set_history(None)

    def _take_away(self, items: list[pg.PlotDataItem]) -> None:
        for item in items:
            for plot in self._plots:
                plot.removeItem(item)  # of the plot and not of its view box only: the plot would keep it for ever

    def _draw_earlier(self) -> None:
        self._take_away(self._earlier)
        self._earlier = []
        for history in self._past:
            for number, column, role, validation in CURVES:
                if validation:
                    continue
                colour = QColor(getattr(self._theme, role))
                colour.setAlpha(70)
                item = pg.PlotDataItem(*_finite(history, column), pen=pg.mkPen(colour, width=LINE))
                self._plots[number].addItem(item)
                item.setZValue(-10)
                self._earlier.append(item)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What does not fit is left out: the KL's own plot."""
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        self._columns[1].setVisible(self._penalty and self.width() >= TWO_PLOTS * max(1.0, enlargement(self)))

    def sizeHint(self) -> QSize:  # Qt's name
        return QSize(600, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(108, 90)


def _finite(history: History | None, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and values where the column was measured."""
    if history is None or column not in history.columns:
        return np.zeros(0), np.zeros(0)
    values = history.columns[column]
    measured = np.isfinite(values)
    return history.epoch[measured], values[measured]


def _start(history: History | None, past: list[History]) -> float | None:
    """An upper end for the plot, so that the first steps do not flatten all that follows: twice the last loss above it."""
    ends = [values[-1] for run in (*past, history) if len(values := _finite(run, "train_loss")[1])]
    return max(float(end + 2 * abs(end)) for end in ends) if ends else None  # of densities, losses may be negative


def _usual(curves: list[tuple[np.ndarray, np.ndarray]]) -> float | None:
    """An upper end above all but the odd value: a step that throws the weights far would flatten all others."""
    values = np.concatenate([y for _, y in curves])
    return float(SPIKE_FREE[1] * np.quantile(values, SPIKE_FREE[0])) if len(values) else None


def _ranges(curves: list[tuple[np.ndarray, np.ndarray]], start: float | None) -> tuple[Range, Range]:
    """What a plot shows, x and y: all curves, but for what lies above `start`.

    The ends are round numbers, so that they and the axes stay where they are while the curves grow.
    """
    x, y = (np.concatenate([curve[k] for curve in curves]) for k in (0, 1))
    if not len(x):
        return (0.0, 1.0), (0.0, 1.0)
    low, high = float(y.min()), float(y.max())
    if start is not None:
        high = max(min(high, start), low)
    step = _round_up(max(high - low, abs(high) * 1e-3, 1e-6) / 10, (1, 2, 5, 10))
    return (0.0, _round_up(float(x.max()))), (math.floor(low / step) * step, (math.floor(high / step) + 1) * step)


def _round_up(number: float, factors: tuple[float, ...] = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)) -> float:
    """The next round number that is not smaller."""
    unit = 10.0 ** math.floor(math.log10(max(number, 1e-9)))
    return next(unit * factor for factor in factors if unit * factor >= number * (1 - 1e-9))
