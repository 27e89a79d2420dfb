"""Rate against distortion: how a run trades the KL for the reconstruction, and where runs with another beta have ended."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latent_explorer.core.colour_maps import nice_ticks
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.families import Family
from latent_explorer.core.losses import Floats, Measure, rate_distortion
from latent_explorer.core.types import History
from latent_explorer.views.glossary import GLOSSARY, explain
from latent_explorer.views.loss_plot import EpochAxis, PlotLegend, dress, round_up, still_plot
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import DARK, Theme
from latent_explorer.views.text import tip
from latent_explorer.views.training_rows import NETWORK_WORDS
from latent_explorer.views.words_apart import NONE, FreePlaces, Points, along, beside, dense

AXIS_NAME = "KL, nats"
UPWARDS = ("−E log p(x|z), nats", "rec., nats", "rec.")  # the first that fits the height
LINE, THIS_LINE = 1, 2  # pixels wide: of earlier runs and of equal bounds, and of this run
POINT = 9  # pixels, of the place where a run is
GAP = POINT / 2 + 3  # pixels, from a point to its name
FAINT = 130  # opacity, 0 to 255, of the lines of earlier runs
HALO = 200  # opacity, 0 to 255, of the ground behind the names of runs
EARLIER = 8  # runs
BEGINNING = 0.5  # part of a run that need not be in view, where it came from far away
LINES = 5  # of equal bounds, at most
WIDTHS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)  # of the plot, times a power of ten

Ends = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Run:
    """Where a run has been, x: rate and y: distortion, (E,), nats; its beta and its model, None where they are not known."""

    x: Floats
    y: Floats
    beta: float | None
    model: ModelConfig | None

    def same(self, other: Run) -> bool:
        """Whether it is drawn in the same way."""
        equal = np.array_equal(self.x, other.x) and np.array_equal(self.y, other.y)
        return equal and (self.beta, self.model) == (other.beta, other.model)


NO_RUN = Run(np.zeros(0, np.float32), np.zeros(0, np.float32), None, None)


class RateDistortionView(QWidget):
    """One plot: KL to the right, reconstruction up, lines of slope -1 where their sum, the negative bound, is the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Rate and distortion in nats per image")
        self._theme = DARK
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.legend = PlotLegend((("total", "", ""),), (("", "rate_distortion"), ("", "rate_images"), ("", "equal_bound")))
        axis = EpochAxis("bottom")
        axis.widest = "00.0"
        self._plot = still_plot(self, AXIS_NAME, "rate", axis)
        self._plot.setLabel("left", UPWARDS[-1])
        self._plot.getPlotItem().getAxis("left").enableAutoSIPrefix(False)
        self._plot.getPlotItem().getAxis("left").setToolTip(explain("distortion"))
        layout.addWidget(self.legend)
        layout.addWidget(self._plot, 1)
        self._lines = pg.PlotDataItem(connect="pairs")
        self._lines.setZValue(-20)
        self._path, self._here = pg.PlotDataItem(), pg.PlotDataItem(symbol="o", symbolSize=POINT)
        self._words: list[pg.TextItem] = []
        self._earlier: list[pg.PlotDataItem] = []
        for item in (self._lines, self._path, self._here):
            self._plot.addItem(item)
        self._runs: list[Run] = []
        self._now = NO_RUN
        self._bound = ""
        self._images = ""
        self._ends: tuple[Ends, Ends] = (0.0, 1.0), (0.0, 1.0)
        self._equals: list[tuple[float, float, float]] = []  # left end, right end, rate + distortion
        self._plot.getViewBox().sigResized.connect(self._name_all)

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        self._theme = theme
        dress(self._plot, theme)
        high, wide = self.fontMetrics().height(), self.fontMetrics().horizontalAdvance("00")
        self._plot.getPlotItem().layout.setContentsMargins(1, high / 2, wide, 1)  # the last numbers of both axes reach beyond them
        self.legend.set_theme(theme)
        total, lines = QColor(theme.total), QColor(theme.muted)
        lines.setAlpha(110)
        self._path.setPen(pg.mkPen(total, width=THIS_LINE))
        self._here.setSymbolBrush(total)
        self._here.setSymbolPen(pg.mkPen(theme.panel))
        self._lines.setPen(pg.mkPen(lines, width=LINE, style=Qt.PenStyle.DashLine))
        self._draw()

    def set_named_below(self, elsewhere: bool) -> None:
        """Whether somebody else writes the name of the lower axis."""
        self._plot.getPlotItem().showLabel("bottom", not elsewhere)

    def set_runs(self, facts: Family, history: History | None, measure: Measure | None, earlier: Sequence[tuple[History, Measure]]) -> None:
        """The run that is on, or none yet; and earlier ones whose terms can be compared, the oldest first."""
        rate, distortion, part = rate_distortion(history)
        if not len(rate) and earlier:
            part = rate_distortion(earlier[-1][0])[2]
        bound = "−log p(x)" if facts.bound == "ll" else "−ELBO"
        now = Run(rate, distortion, *((None, None) if measure is None else (measure.beta, measure.model)))
        runs = [Run(*rate_distortion(run, part)[:2], its.beta, its.model) for run, its in earlier[-EARLIER:]]
        runs = [run for run in runs if len(run.x)]
        words = ("━ this run", "━ run") if len(rate) else ("", "")
        self.legend.set_entries((("total", *words, "rate_distortion"),))
        images = f"{part} images" if len(rate) or runs else ""
        self._images = f"Of {images}." if images else ""  # where the legend has no room for it
        self.legend.set_notes(("─○ earlier runs" if runs else "", images, f"╌╌ equal {bound}"))
        before = [*self._runs, self._now]
        if bound == self._bound and len(before) == len(runs) + 1 and all(map(Run.same, before, [*runs, now])):
            return
        self._runs, self._now, self._bound = runs, now, bound
        self._draw()

    def _draw(self) -> None:
        for item in self._earlier:
            self._plot.removeItem(item)
        self._earlier = []
        self._ends = across, up = _ranges([(run.x, run.y) for run in (*self._runs, self._now)])
        self._plot.setRange(xRange=across, yRange=up, padding=0)
        self._draw_equals(across, up)
        faint = QColor(self._theme.muted)
        faint.setAlpha(FAINT)
        for run in self._runs:
            item = pg.PlotDataItem(run.x, run.y, pen=pg.mkPen(faint, width=LINE))
            ring = pg.mkPen(self._theme.muted)
            end = pg.PlotDataItem(run.x[-1:], run.y[-1:], symbol="o", symbolSize=POINT - 2, symbolBrush=None, symbolPen=ring)
            for one in (item, end):
                one.setZValue(-10)
                self._plot.addItem(one)
                self._earlier.append(one)
        self._path.setData(self._now.x, self._now.y)
        self._here.setData(self._now.x[-1:], self._now.y[-1:])
        known = [run for run in (self._now, *reversed(self._runs)) if len(run.x) and run.beta is not None]
        told = [f"{name}: {_told(run)}" for name, run in zip(run_names(known), known, strict=True)]
        totals = ", ".join(f"{total:g}" for *_, total in self._equals)
        lines = f"Here equal {self._bound} of {totals} nats." if totals else ""
        self._plot.setToolTip(tip("\n".join(filter(None, (GLOSSARY["equal_bound"], lines, self._images, *told)))))
        self._name_all()

    def _draw_equals(self, across: Ends, up: Ends) -> None:
        """Lines on which rate + distortion is a round number."""
        self._equals = []
        for total in nice_ticks(across[0] + up[0], across[1] + up[1], LINES + 2):
            left, right = max(across[0], total - up[1]), min(across[1], total - up[0])
            if right - left > 0.05 * (across[1] - across[0]):
                self._equals.append((left, right, total))
        x = np.array([ends[:2] for ends in self._equals]).reshape(-1)
        self._lines.setData(x, np.repeat([total for *_, total in self._equals], 2) - x)

    def _name_all(self) -> None:
        """Words of runs, this one's first and then the newest's, and of lines of equal bound, as far as there is room for them."""
        for item in self._words:
            self._plot.removeItem(item)
        self._words = []
        view = self._plot.getViewBox()
        metrics = self.fontMetrics()
        fitting = [text for text in UPWARDS if metrics.horizontalAdvance(text) <= view.height()]
        axis = self._plot.getPlotItem().getAxis("left")
        if axis.labelText != (fitting or UPWARDS[-1:])[0]:
            axis.setLabel((fitting or UPWARDS[-1:])[0])
        known = [run for run in (self._now, *reversed(self._runs)) if len(run.x) and run.beta is not None]
        points = [self._pixel(float(run.x[-1]), float(run.y[-1])) for run in known]
        places = FreePlaces(
            QRectF(0, 0, view.width(), view.height()), [QRectF(at.x() - POINT / 2, at.y() - POINT / 2, POINT, POINT) for at in points]
        )
        curves = self._seen([(run.x, run.y) for run in (*self._runs, self._now) if len(run.x)])
        lines = self._seen([(np.array(ends[:2]), ends[2] - np.array(ends[:2])) for ends in self._equals])
        ground = QColor(self._theme.panel)
        ground.setAlpha(HALO)  # what lies behind words is dimmed
        for run, name, at in zip(known, run_names(known), points, strict=True):
            if place := places.take(beside(at, self._size(name), GAP), curves, lines):
                self._write(name, place, QColor(self._theme.text if run is self._now else self._theme.muted), 5, ground)
        explained = False
        for left, right, total in sorted(self._equals, key=lambda ends: ends[0] - ends[1]):
            start, end = self._pixel(left, total - left), self._pixel(right, total - right)
            for text in (f"{total:g}",) if explained else (f"equal {self._bound} {total:g}", f"{total:g}"):
                size = self._size(text)
                fits = 1.5 * size.width() <= end.x() - start.x()  # else little of its line would be left
                if (fits or text == f"{total:g}") and (place := places.take(along(start, end, size), curves, over=False)):
                    self._write(text, place, QColor(self._theme.muted), -15, QColor(self._theme.panel))
                    explained = explained or text.startswith("equal")
                    break

    def _pixel(self, x: float, y: float) -> QPointF:
        """Where on the plot, pixels from its upper left corner."""
        (left, right), (low, high) = self._ends
        view = self._plot.getViewBox()
        return QPointF((x - left) / (right - left) * view.width(), (high - y) / (high - low) * view.height())

    def _seen(self, lines: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> Points:
        """Points along lines, pixels, as far as they are on the plot."""
        (left, right), (low, high) = self._ends
        view = self._plot.getViewBox()
        wide, tall = view.width(), view.height()
        pixels = [
            ((x.astype(np.float64) - left) / (right - left) * wide, (high - y.astype(np.float64)) / (high - low) * tall) for x, y in lines
        ]
        return np.concatenate([NONE, *(dense(x, y, QRectF(0, 0, wide, tall)) for x, y in pixels)])

    def _size(self, text: str) -> QSizeF:
        metrics = self.fontMetrics()
        return QSizeF(metrics.horizontalAdvance(text) + 4, metrics.height())

    def _write(self, text: str, place: QRectF, colour: QColor, height: float, ground: QColor | None = None) -> None:
        """In the middle of a place in pixels, on the plot or on a ground of its own."""
        (left, right), (low, high) = self._ends
        view, middle = self._plot.getViewBox(), place.center()
        item = pg.TextItem(text, color=colour, anchor=(0.5, 0.5), fill=ground)
        item.textItem.document().setDocumentMargin(1)
        item.setFont(self.font())
        item.setPos(left + middle.x() / view.width() * (right - left), high - middle.y() / view.height() * (high - low))
        item.setZValue(height)
        self._plot.addItem(item)
        self._words.append(item)


def run_names(runs: Sequence[Run]) -> list[str]:
    """The beta of each, and what tells apart the networks of runs that have the same."""
    names = []
    for run in runs:
        rivals = [other.model for other in runs if other.beta == run.beta and other.model is not None]
        words = [f"β {run.beta:g}"]
        if run.model is not None and len({model.network for model in rivals}) > 1:
            words.append(NETWORK_WORDS[run.model.network])
        if run.model is not None and len({model.hidden for model in rivals}) > 1:
            words.append(_widths(run.model))
        names.append(" ".join(words))
    return names


def _widths(model: ModelConfig) -> str:
    return ",".join(map(str, model.hidden)) or "linear"


def _told(run: Run) -> str:
    """One line on a run: its model, and both terms where it is or has ended."""
    model = "" if run.model is None else f"{run.model.facts.title}, {NETWORK_WORDS[run.model.network]} {_widths(run.model)}, "
    return f"{model}KL {run.x[-1]:.4g}, −E log p(x|z) {run.y[-1]:.4g} nats."


def _ranges(runs: list[tuple[NDArray[np.float32], NDArray[np.float32]]]) -> tuple[Ends, Ends]:
    """What is shown, x and y: the later part of each run and room around it, between round numbers that stay while a run goes on."""
    late = [(x[int(BEGINNING * len(x)) :], y[int(BEGINNING * len(y)) :]) for x, y in runs if len(x)]
    if not late:
        return (0.0, 10.0), (0.0, 100.0)
    x, y = (np.concatenate([run[k] for run in late]).astype(np.float64) for k in (0, 1))
    width = round_up(1.15 * max(float(x.max()), 1e-3), WIDTHS)
    low, high = float(y.min()), float(y.max())
    step = round_up(max(high - low, width / 2, 1e-3) / 4, (1, 2, 5, 10))
    return (0.0, width), (math.floor(low / step - 0.25) * step, math.ceil(high / step + 0.5) * step)
