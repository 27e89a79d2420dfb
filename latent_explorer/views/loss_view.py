"""Loss curves, live, with those earlier runs faintly behind that can be compared; and the switch to rate and distortion."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from latent_explorer.core.families import Family
from latent_explorer.core.losses import Measure
from latent_explorer.core.types import History
from latent_explorer.views.glossary import explain, explained
from latent_explorer.views.loss_plot import EpochAxis, PlotLegend, dress, round_up, still_plot
from latent_explorer.views.plotting import pg
from latent_explorer.views.rate_distortion import AXIS_NAME, RateDistortionView
from latent_explorer.views.style import DARK, Theme, enlargement
from latent_explorer.views.text import plain_label

EARLIER_RUNS = 4  # behind the curves
KEPT_RUNS = 12  # of any kind: those that cannot be compared with what is shown wait until they can
Range = tuple[float, float]
SPIKE_FREE = 0.98, 1.3  # part of the KL's values that is shown, and the room above it
BUTTON_WORDS = (("Rate–distortion", False), ("R–D", False), ("R–D", True))  # and whether names beside it are the shorter ones
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


class LossView(QWidget):
    """Two plots: total and reconstruction, and the much smaller KL; nats per image over epochs.

    Or, at the press of a button, one plot of both terms of a bound against each other.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("losses")
        self.setAccessibleName("Losses in nats per image over epochs")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        self._plots = tuple(still_plot(self, "epoch", "loss_axis", EpochAxis("bottom")) for _ in range(2))
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
        self._kept: list[tuple[History, Measure]] = []
        self._past: list[History] = []  # those of them that lie behind the curves
        self._history: History | None = None
        self._measure: Measure | None = None
        self._facts: Family | None = None
        self._against: RateDistortionView | None = None  # made when it is first looked at
        self.corner = QWidget(self)
        self._switch = QToolButton(self.corner)
        self._switch.setObjectName("rate_distortion")
        self._switch.setProperty("role", "mode")
        self._switch.setCheckable(True)
        self._switch.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        explained(self._switch, "rate_distortion", "Rate and distortion")
        self._switch.toggled.connect(self._switched)
        self.corner.hide()
        self._foot = plain_label()  # names the axis beside the button, where that has no room beside the names of the curves
        self._foot.setParent(self)
        self._foot.setProperty("role", "muted")
        self._foot.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._foot.hide()
        self._ranges: list[tuple[Range, Range] | None] = [None, None]
        self._penalty = True  # there is something to draw on the second plot
        self.set_theme(DARK)

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        self._theme = theme
        for plot in self._plots:
            dress(plot, theme)
        for legend in self._legends:
            legend.set_theme(theme)
        if self._against is not None:
            self._against.set_theme(theme)
        self._share_width()
        for (_, _, role, validation), curve in zip(CURVES, self._curves, strict=True):
            colour = QColor(getattr(theme, role))
            if not validation:
                colour.setAlpha(150)  # noisy; the calmer validation lies on top
            style = Qt.PenStyle.DashLine if validation else Qt.PenStyle.SolidLine
            curve.setPen(pg.mkPen(colour, width=LINE, style=style))
        self._draw_earlier()

    def set_run(self, facts: Family, measure: Measure | None) -> None:
        """What the shown losses are of, None where it is not known; earlier ones that cannot be compared with them go out of sight."""
        self._facts, self._measure = facts, measure
        self._name(facts, 1.0 if measure is None else measure.beta)
        self.corner.setVisible(bool(facts.bound))
        past = [history for history, its in self._kept if its == measure][-EARLIER_RUNS:]
        if past != self._past:
            self._past = past
            self._draw_earlier()
        self.set_history(self._history)
        self._share_width()

    def _name(self, facts: Family, beta: float) -> None:
        """What the curves of a family are called; a loss that is weighed by another beta than 1 is no bound."""
        if facts.bound == "ll":
            total = ("total", "−log p(x)", "−LL", "log_likelihood_loss")
        elif facts.bound == "elbo" and beta == 1:
            total = ("total", "−ELBO", "−ELBO", "total")
        else:
            total = ("total", "loss", "loss", "total")
        self._legends[0].set_entries((total, ("reconstruction", "reconstruction", "rec.", "reconstruction")))
        name = {"kl": "KL", "mmd": "MMD"}.get(facts.penalty, "")
        self._legends[1].set_entries((("kl", name, name, facts.penalty or "kl"),))
        self._penalty = bool(name)

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
        self._show_against()

    def keep_as_earlier(self) -> None:
        """A new run begins: the current curves go behind it, where they can be compared with it."""
        history, measure = self._history, self._measure
        if history is not None and measure is not None and len(history.epoch) > 1:
            others = [one for one in self._kept if one[0] is not history]
            self._kept = [*others, (history, measure)][-KEPT_RUNS:]
        self._history = None
        if self._facts is not None:
            self.set_run(self._facts, measure)
        self.set_history(None)

    def _switched(self, on: bool) -> None:
        if on and self._against is None:
            self._against = RateDistortionView(self)
            self._against.set_theme(self._theme)
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self._against)
            self.corner.raise_()
        self._share_width()
        self._show_against()

    def _is_against(self) -> bool:
        """Whether the other view is seen: it was chosen, and the family has a bound; it comes back with the next that has one."""
        return self._switch.isChecked() and self._facts is not None and bool(self._facts.bound)

    def _show_against(self) -> None:
        """Give the other view what it shows, while it is seen."""
        if self._against is not None and self._facts is not None and self._is_against():
            measure = self._measure
            earlier = [] if measure is None else [one for one in self._kept if one[1].same_terms(measure)]
            self._against.set_runs(self._facts, self._history, measure, earlier)

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
        against, large = self._is_against(), self.width() >= TWO_PLOTS * max(1.0, enlargement(self))
        two = self._penalty and large
        self._columns[0].setVisible(not against)
        self._columns[1].setVisible(not against and two)
        if self._against is not None:
            self._against.setVisible(against)
        self._place_switch(two)

    def _place_switch(self, two: bool) -> None:
        """The button lies beside the last plot's names, else below that plot, beside its axis's name; never on a plot.

        Its place is the same for both views, so that it can be pressed twice.
        """
        layout = self.layout()
        assert layout is not None
        bound = self._facts is not None and bool(self._facts.bound)
        last = self._legends[1 if two else 0]
        room = self.width() - layout.contentsMargins().right()
        room = (room - layout.spacing()) * 2 // 5 if two else room
        size, beside = QSize(), False
        for text, short in BUTTON_WORDS:
            self._switch.setText(text)
            size = QSize(self._switch.sizeHint().width(), self._legends[0].sizeHint().height() + 2)
            beside = last.needs(short=short) + size.width() <= room
            if beside:
                break
        below = bound and not beside
        layout.setContentsMargins(0, 0, layout.contentsMargins().right(), size.height() if below else 0)
        left = self.width() - size.width() - 4
        self._switch.resize(size)
        self.corner.setGeometry(left, self.height() - size.height() if below else 0, size.width(), size.height())
        self._foot.setText(AXIS_NAME if self._is_against() else "epoch")
        self._foot.setToolTip(explain("rate" if self._is_against() else "loss_axis"))
        self._foot.setGeometry(0, self.height() - size.height(), left, size.height())
        self._foot.setVisible(below)
        for plot in self._plots:
            plot.getPlotItem().showLabel("bottom", not below)
        reserved = size.width() if bound and beside else 0
        for legend in self._legends:
            legend.setMinimumHeight(size.height())
            legend.set_reserved(reserved if legend is last else 0)
        if self._against is not None:
            self._against.legend.setMinimumHeight(size.height())
            self._against.legend.set_reserved(reserved)
            self._against.set_named_below(below)

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
    step = round_up(max(high - low, abs(high) * 1e-3, 1e-6) / 10, (1, 2, 5, 10))
    return (0.0, round_up(float(x.max()))), (math.floor(low / step) * step, (math.floor(high / step) + 1) * step)
