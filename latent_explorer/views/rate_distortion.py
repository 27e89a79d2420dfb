"""Rate against distortion: how a run trades the KL for the reconstruction, and where runs with another beta have ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latent_explorer.core.colour_maps import nice_ticks
from latent_explorer.core.families import Family
from latent_explorer.core.losses import Floats, rate_distortion
from latent_explorer.core.types import History
from latent_explorer.views.loss_plot import EpochAxis, PlotLegend, dress, round_up, still_plot
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import DARK, Theme

LINE = 1
POINT = 9  # pixels, of the place where a run is
EARLIER = 8  # runs
BEGINNING = 0.5  # part of a run that need not be in view, where it came from far away
LINES = 5  # of equal bounds, at most
WIDTHS = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)  # of the plot, times a power of ten

Ends = tuple[float, float]


class RateDistortionView(QWidget):
    """One plot: KL to the right, reconstruction up, lines of slope -1 where their sum, the negative bound, is the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Rate and distortion in nats per image")
        self._theme = DARK
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.legend = PlotLegend(
            (("kl", "rate: KL →", "KL →"), ("reconstruction", "distortion: reconstruction ↑", "rec. ↑")),
            (("training images", "rate_images"), ("dashed: equal bound", "equal_bound")),
        )
        self.legend.set_entries(
            (
                ("kl", "rate: KL →", "KL →", "rate"),
                ("reconstruction", "distortion: reconstruction ↑", "rec. ↑", "distortion"),
            )
        )
        self._plot = still_plot(self, "KL", "rate", EpochAxis("bottom"))
        self._plot.showLabel("bottom", False)  # the row above says it, and there is little height
        layout.addWidget(self.legend)
        layout.addWidget(self._plot, 1)
        self._lines = pg.PlotDataItem(connect="pairs")
        self._lines.setZValue(-20)
        self._path, self._here = pg.PlotDataItem(), pg.PlotDataItem(symbol="o", symbolSize=POINT)
        self._words: list[pg.TextItem] = []
        self._earlier: list[pg.PlotDataItem] = []
        for item in (self._lines, self._path, self._here):
            self._plot.addItem(item)
        self._runs: list[tuple[Floats, Floats, float]] = []
        self._now: tuple[Floats, Floats] = np.zeros(0, np.float32), np.zeros(0, np.float32)
        self._beta: float | None = None
        self._shown: tuple[tuple[float | None, ...], list[Floats]] = (), []  # what is drawn, to leave alone what has not changed

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        self._theme = theme
        dress(self._plot, theme)
        self.legend.set_theme(theme)
        total, lines = QColor(theme.total), QColor(theme.muted)
        lines.setAlpha(110)
        self._path.setPen(pg.mkPen(total, width=LINE))
        self._here.setSymbolBrush(total)
        self._here.setSymbolPen(pg.mkPen(theme.panel))
        self._lines.setPen(pg.mkPen(lines, width=LINE, style=Qt.PenStyle.DashLine))
        self._draw()

    def set_runs(self, facts: Family, history: History | None, beta: float | None, earlier: Sequence[tuple[History, float]]) -> None:
        """The run that is on, or none yet, with its beta; and earlier ones whose terms can be compared, the oldest first."""
        rate, distortion, part = rate_distortion(history)
        if not len(rate) and earlier:
            part = rate_distortion(earlier[-1][0])[2]
        bound = "−log p(x)" if facts.bound == "ll" else "−ELBO"
        self.legend.set_notes((f"{part} images", f"dashed: equal {bound}"))
        runs = [(*rate_distortion(run, part)[:2], its) for run, its in earlier[-EARLIER:]]
        runs = [run for run in runs if len(run[0])]
        shown = (beta, *(run[2] for run in runs)), [rate, distortion, *(values for run in runs for values in run[:2])]
        if shown[0] != self._shown[0] or not all(map(np.array_equal, shown[1], self._shown[1])):
            self._shown, self._now, self._beta, self._runs = shown, (rate, distortion), beta, runs
            self._draw()

    def _draw(self) -> None:
        for item in (*self._words, *self._earlier):
            self._plot.removeItem(item)
        self._words, self._earlier = [], []
        across, up = _ranges([*((x, y) for x, y, _ in self._runs), self._now])
        self._plot.setRange(xRange=across, yRange=up, padding=0)
        self._draw_equals(across, up)
        faint, muted = QColor(self._theme.total), QColor(self._theme.muted)
        faint.setAlpha(70)
        for x, y, beta in self._runs:
            item = pg.PlotDataItem(x, y, pen=pg.mkPen(faint, width=LINE))
            end = pg.PlotDataItem(x[-1:], y[-1:], symbol="o", symbolSize=POINT - 2, symbolBrush=None, symbolPen=pg.mkPen(self._theme.total))
            for one in (item, end):
                one.setZValue(-10)
                self._plot.addItem(one)
                self._earlier.append(one)
            self._write(f"β {beta:g}", float(x[-1]), float(y[-1]), muted, across)
        x, y = self._now
        self._path.setData(x, y)
        self._here.setData(x[-1:], y[-1:])
        if len(x) and self._beta is not None:
            self._write(f"β {self._beta:g}", float(x[-1]), float(y[-1]), QColor(self._theme.text), across)

    def _write(self, text: str, x: float, y: float, colour: QColor, across: Ends) -> None:
        """Beside a point, on the side where there is room."""
        right = x > across[0] + 0.85 * (across[1] - across[0])
        self._place(text, x, y, colour, (1.2 if right else -0.2, 0.9))

    def _place(self, text: str, x: float, y: float, colour: QColor, anchor: tuple[float, float]) -> None:
        item = pg.TextItem(text, color=colour, anchor=anchor)
        item.setFont(self.font())
        item.setPos(x, y)
        self._plot.addItem(item)
        self._words.append(item)

    def _draw_equals(self, across: Ends, up: Ends) -> None:
        """Lines on which rate + distortion is a round number, each with that number where it leaves the plot at the right or below."""
        ticks = nice_ticks(across[0] + up[0], across[1] + up[1], LINES + 2)
        ends = []
        for total in ticks:
            left, right = max(across[0], total - up[1]), min(across[1], total - up[0])
            if right - left > 0.05 * (across[1] - across[0]):
                ends.append((left, right, total))
        x = np.array([(left, right) for left, right, _ in ends]).reshape(-1)
        self._lines.setData(x, np.repeat([total for *_, total in ends], 2) - x)
        for _, right, total in ends:
            self._place(f"{total:g}", right, total - right, QColor(self._theme.muted), (1.1, 0.9))


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
