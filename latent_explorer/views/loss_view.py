"""Loss curves, live, with earlier runs faintly behind."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from latent_explorer.core.types import History
from latent_explorer.views.style import DARK, Theme

EARLIER_RUNS = 4
TWO_PLOTS, WITH_LEGENDS = 360, 560  # least widths in pixels
# What is drawn: plot, column, colour role of the theme, dashed, name
CURVES = (
    (0, "train_loss", "total", False, "total"),
    (0, "validation_loss", "total", True, "total, validation"),
    (0, "train_reconstruction", "reconstruction", False, "reconstruction"),
    (0, "validation_reconstruction", "reconstruction", True, "reconstruction, validation"),
    (1, "train_kl", "kl", False, "KL"),
    (1, "validation_kl", "kl", True, "KL, validation"),
)


class LossView(QWidget):
    """Two plots: total and reconstruction, and the much smaller KL; nats per image over epochs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("losses")
        self.setAccessibleName("Losses in nats per image over epochs")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 8, 0)
        self._plots = (self._plot("Loss, nats per image"), self._plot("KL, nats per image"))
        for plot, stretch in zip(self._plots, (3, 2), strict=True):
            layout.addWidget(plot, stretch)
        # Beside the title, over the first steps of a run, where curves are steep and nothing is read off.
        self._legends = tuple(plot.addLegend(offset=(-1, 1), labelTextSize="8pt", verSpacing=-8, colCount=2) for plot in self._plots)
        self._curves: list[pg.PlotDataItem] = []
        self._earlier: list[pg.PlotDataItem] = []
        self._past: list[History] = []
        self._history: History | None = None
        self.set_theme(DARK)

    def _plot(self, title: str) -> pg.PlotWidget:
        plot = pg.PlotWidget(self, enableMenu=False)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setMouseEnabled(False, False)
        plot.hideButtons()
        plot.setLabel("bottom", "epoch")
        plot.setTitle(title, size="8pt")
        plot.setToolTip(
            "Smaller is better. Reconstruction: what the picture costs when it is described by the decoder. "
            "KL: what the code costs under the prior. Total: their sum, with beta as the weight of the KL."
        )
        return plot

    def set_theme(self, theme: Theme) -> None:
        """Dark or light: the curves are made anew in its colours."""
        self._theme = theme
        for curve in self._curves:
            curve.getViewBox().removeItem(curve)
        for legend in self._legends:
            legend.clear()
            legend.setLabelTextColor(theme.muted)
        self._curves = []
        for plot in self._plots:
            plot.setBackground(theme.panel)
            for name in ("bottom", "left"):
                axis = plot.getPlotItem().getAxis(name)
                axis.setPen(theme.line)
                axis.setTextPen(theme.muted)
            plot.getPlotItem().titleLabel.setText(plot.getPlotItem().titleLabel.text, color=theme.muted)
        for number, _, role, dashed, name in CURVES:
            style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
            pen = pg.mkPen(getattr(theme, role), width=1.6, style=style)
            self._curves.append(self._plots[number].plot(pen=pen, name=name))
        self._draw_earlier()
        self.set_history(self._history)

    def set_history(self, history: History | None) -> None:
        """The losses of the current run, or none."""
        self._history = history
        for (_, column, *_), curve in zip(CURVES, self._curves, strict=True):
            curve.setData(*_finite(history, column))
        start = _start(history, self._past)
        self._plots[0].setLimits(yMax=start)

    def keep_as_earlier(self, comparable: bool) -> None:
        """A new run begins: the current curves go behind, or away when they are of other data and so say nothing about this run."""
        if not comparable:
            self._past = []
        elif self._history is not None and len(self._history.epoch) > 1:
            self._past = [*self._past, self._history][-EARLIER_RUNS:]
        self._history = None
        self._draw_earlier()
        self.set_history(None)

    def _draw_earlier(self) -> None:
        for item in self._earlier:
            item.getViewBox().removeItem(item)
        self._earlier = []
        for history in self._past:
            for number, column, role, dashed, _ in CURVES:
                if dashed:
                    continue
                colour = QColor(getattr(self._theme, role))
                colour.setAlpha(70)
                item = pg.PlotDataItem(*_finite(history, column), pen=pg.mkPen(colour, width=1))
                self._plots[number].addItem(item)
                item.setZValue(-10)
                self._earlier.append(item)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What does not fit is left out: first the legends, then the KL's own plot."""
        super().resizeEvent(event)
        self._plots[1].setVisible(self.width() >= TWO_PLOTS)
        for legend in self._legends:
            legend.setVisible(self.width() >= WITH_LEGENDS)

    def sizeHint(self) -> QSize:  # Qt's name
        return QSize(600, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 90)


def _finite(history: History | None, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Epochs and values where the column was measured."""
    if history is None or column not in history.columns:
        return np.zeros(0), np.zeros(0)
    values = history.columns[column]
    measured = np.isfinite(values)
    return history.epoch[measured], values[measured]


def _start(history: History | None, past: list[History]) -> float | None:
    """An upper end for the plot, so that the first steps do not flatten all that follows: three times the last loss."""
    ends = [values[-1] for run in (*past, history) if len(values := _finite(run, "train_loss")[1])]
    return float(3 * max(ends)) if ends else None
