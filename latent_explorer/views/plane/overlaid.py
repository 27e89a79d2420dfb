"""The plot with what lies over it: bars in the upper left corner, the legend, and the bars of colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from latent_explorer.core.plane.field import POSTERIOR, PlaneField
from latent_explorer.core.raster.colouring import Scale
from latent_explorer.core.raster.view import Picture
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.colour_bar import ColourBar
from latent_explorer.views.plane.contours import RegionLines
from latent_explorer.views.plane.field import bar_of as field_bar_of
from latent_explorer.views.plane.fitting import camera_around
from latent_explorer.views.plane.legend import Legend
from latent_explorer.views.plane.mode_bar import ModeBar
from latent_explorer.views.plane.pointed import PointedPlot
from latent_explorer.views.plane.points import PointsDrawing
from latent_explorer.views.plane.points_bar import bar_of
from latent_explorer.views.plane.told_bar import ToldBar
from latent_explorer.views.style import Theme

MARGIN = 12  # pixels between the overlays and the plot's edge
BEHIND = 1 / 3  # of their opacity have points that lie over an exact posterior, which is mostly narrower than one of them


class OverlaidPlot(PointedPlot):
    """Says what the points and fields mean that it shows. Orders come in as ``set_*``; gestures are `PlaneView`'s."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.modes = ModeBar(self)
        self.modes.resized.connect(self._place_overlays)
        self.told = ToldBar(self)
        self.legend = Legend(self)
        self.legend.hide()
        self.points_bar = ColourBar(self)
        self.field_bar = ColourBar(self)
        self._regions = RegionLines()
        self._box.addItem(self._regions, ignoreBounds=True)
        self._points.scaleChanged.connect(self._show_points_scale)

    # Orders

    def set_codes(
        self,
        points: NDArray[np.floating],
        labels: NDArray[np.int64],
        classes: dict[int, str],
        hidden: frozenset[int],
        values: Mapping[str, NDArray[np.floating]] | None = None,
    ) -> None:
        """Plane coordinates (N, 2), labels (N,), the classes' names for the legend, and values (N,) by name to colour by."""
        self._points.set_points(points, labels, max(classes, default=-1) + 1, hidden, values)
        self.legend.set_classes({label: name for label, name in classes.items() if label >= 0})
        self.legend.set_hidden(hidden)
        self._place_overlays()

    def move_codes(self, points: NDArray[np.floating], values: Mapping[str, NDArray[np.floating]] | None = None) -> None:
        """The codes that are shown lie elsewhere now, (N, 2), perhaps with other values: their picture follows when it is drawn."""
        self._points.move_points(points, values)

    def take_points_picture(self, drawing: PointsDrawing, picture: Picture) -> None:
        """What `pointsDrawingRequested` asked for; what has been overtaken is dropped."""
        self._points.take_picture(drawing, picture)

    def set_visible(self, visible: NDArray[np.bool_] | None) -> None:
        """Which of the codes are drawn at all, (N,); None for all."""
        self._points.set_visible(visible)

    def _show_points_scale(self, scale: Scale | None) -> None:
        """The legend stays, since classes can be hidden whatever the colours say."""
        self.legend.set_coloured(scale is None)
        self.points_bar.set_bar(None if scale is None else bar_of(scale, self._points.values))
        self._place_overlays()

    def set_fields(self, fields: Sequence[PlaneField]) -> None:
        """As of the plot; the bar says what the colours mean."""
        super().set_fields(fields)
        self._show_field()

    def set_layers(self, layers: Layers) -> None:
        """As of the plot; the bar's colours are as faint as the field's."""
        super().set_layers(layers)
        self._show_field()

    def _show_field(self) -> None:
        """Its bar; points are fainter over an exact posterior, whose lines lie over them. What opacity they have stays as it was set."""
        layer = self._field
        seen = layer.fields and layer.opacity > 0
        posterior = seen and layer.fields[-1].kind == POSTERIOR
        self._points.setOpacity(BEHIND if posterior else 1.0)
        self._regions.set_fields(layer.fields if posterior and layer.contours else (), self._theme)
        self.field_bar.set_bar(field_bar_of(layer.fields[-1], self._theme, layer.opacity) if seen else None)
        self._place_overlays()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Classes that are not drawn."""
        self._points.set_hidden(hidden)
        self.legend.set_hidden(hidden)

    def set_singled(self, label: int | None, others: str) -> None:
        """The class of a conditional model's plane, and what becomes of points of other classes: a key of `core.scene.OTHERS`."""
        self._points.set_singled(label, others)
        self._place_overlays()

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        super().set_theme(theme)
        self.modes.set_theme(theme)
        self.field_bar.set_ground(theme.plane)
        self._show_field()
        self._place_overlays()  # their text may be larger now

    # Geometry

    def resizeEvent(self, event: QResizeEvent) -> None:  # Qt's name
        """The overlays stay in their corners."""
        super().resizeEvent(event)
        if hasattr(self, "field_bar"):  # pyqtgraph resizes once while it is being built
            self._place_overlays()

    def _bars(self) -> tuple[ColourBar, ...]:
        """The colour bars that say something, the lowest first."""
        return tuple(bar for bar in (self.points_bar, self.field_bar) if bar.bar is not None)

    def camera_around(self, low: Sequence[float], high: Sequence[float], margin: float) -> Camera:
        """The camera that shows a rectangle of the plane and a margin, a factor, beside the overlays where there is room."""
        plot = QRectF(self._box.sceneBoundingRect())
        beside = [part.x() for part in (self.legend, *self._bars()) if not part.isHidden()]
        return camera_around(low, high, margin, plot, self._covered_above() + MARGIN / 2, min([*beside, plot.right()]))

    def _covered_above(self) -> int:
        """Lower edge of the bars in the upper left corner."""
        return (self.modes if self.told.isHidden() else self.told).geometry().bottom()

    def _place_overlays(self) -> None:
        plot, width = QRectF(self._box.sceneBoundingRect()), self.viewport().width()
        bottom = round(plot.bottom()) - MARGIN
        for bar in self._bars():
            bar.adjustSize()
            bar.move(width - bar.width() - MARGIN, bottom - bar.height())
            bottom = bar.y() - MARGIN
        self.legend.set_room(bottom - round(plot.top()) - MARGIN)
        self.legend.adjustSize()
        self.legend.move(width - self.legend.width() - MARGIN, MARGIN)
        left = round(plot.left()) + MARGIN
        right = width if self.legend.isHidden() else self.legend.x()
        self.modes.fit_into(right - MARGIN - left)
        self.modes.move(left, MARGIN)
        self.told.fit_into(right - MARGIN - left)
        self.told.move(left, self.modes.geometry().bottom() + MARGIN // 2)
