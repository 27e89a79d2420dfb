"""The numbers along the plane's edges: values of z, also where the plane is drawn in other coordinates."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtGui import QFontMetrics

from latent_explorer.core.plane.display import phi_ticks

GAP = 2.2  # heights of a line of text from one number to the next, at least, along the left; twice as many below


class PlaneAxis(pg.AxisItem):
    """Evenly spaced numbers, or round values of z where Phi puts them."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation)
        self._display = "identity"
        self._texts: dict[float, str] = {}

    def set_display(self, display: str) -> None:
        """The plane frame's."""
        if display != self._display:
            self._display = display
            self.picture = None
            self.update()

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float | None, list[float]]]:  # pyqtgraph's name
        """Where to write numbers, in plane coordinates."""
        if self._display != "phi":
            found: list[tuple[float | None, list[float]]] = super().tickValues(minVal, maxVal, size)
            return found
        height = QFontMetrics(self.style["tickFont"] or self.font()).height() * GAP * (2 if self.orientation == "bottom" else 1)
        low, high = sorted((minVal, maxVal))
        self._texts = dict(phi_ticks(low, high, height * (high - low) / max(1.0, size)))
        return [(None, list(self._texts))]

    def tickStrings(self, values: list[float], scale: float, spacing: float | None) -> list[str]:  # pyqtgraph's name
        """What to write there."""
        if self._display != "phi":
            texts: list[str] = super().tickStrings(values, scale, spacing)
            return texts
        return [self._texts[value] for value in values]
