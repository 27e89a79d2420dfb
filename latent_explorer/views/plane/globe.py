"""The globe's rim and its lines of longitude and latitude, under the points."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsEllipseItem

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.globe import graticule
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import Theme

FAINT = 90  # of 255: the lines are there to tell how the globe lies, and not to be looked at


class GlobeLines:
    """Two items that come and go together."""

    def __init__(self, box: pg.ViewBox) -> None:
        self._rim = QGraphicsEllipseItem(-1.0, -1.0, 2.0, 2.0)
        self._lines = pg.PlotCurveItem(connect="finite")
        self._frame: PlaneFrame | None = None
        for item in (self._rim, self._lines):
            item.hide()
            box.addItem(item, ignoreBounds=True)

    def set_frame(self, frame: PlaneFrame) -> None:
        """The globe that is shown; gone where the plane is none."""
        shown = frame.kind == "sphere"
        if shown and (self._frame is None or not frame.same_as(self._frame)):
            self._frame = frame
            lines = graticule(frame)
            self._lines.setData(np.ascontiguousarray(lines[:, 0]), np.ascontiguousarray(lines[:, 1]))
        self._rim.setVisible(shown)
        self._lines.setVisible(shown)

    def set_theme(self, theme: Theme) -> None:
        """Quiet on both planes."""
        self._rim.setPen(pg.mkPen(theme.muted))
        faint = QColor(theme.muted)
        faint.setAlpha(FAINT)
        self._lines.setPen(pg.mkPen(faint))
