"""The plot of one slot: axes, layers, and which part of the plane is shown. What a hand does there is in `plane_view`."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Signal
from PySide6.QtGui import QColor, QFontInfo
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from latent_explorer.core.far import FARTHEST
from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.sheet import Sheet
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.axis import PlaneAxis
from latent_explorer.views.plane.cursor import CursorLayer, HeldLayer
from latent_explorer.views.plane.field import FieldLayer
from latent_explorer.views.plane.globe import GlobeLines
from latent_explorer.views.plane.mosaic import MosaicLayer
from latent_explorer.views.plane.pins import Look, PinMark, PinsLayer
from latent_explorer.views.plane.points import PointsLayer
from latent_explorer.views.plane.trail import TrailLayer
from latent_explorer.views.plotting import pg
from latent_explorer.views.style import DARK, Theme

SPAN_LIMITS = (1e-5, 1e4)
LONGEST_NAME = 60  # characters of an axis's name
WIDEST_NUMBER = "-00.000"  # that the left axis has room for beside its label
USUAL_FONT = 13  # pixels, of an interface that was not enlarged


class PlanePlot(pg.PlotWidget):
    """Orders come in as ``set_*``. Signals: cameraPicked(Camera), the window was moved, by pan, zoom or resize."""

    cameraPicked = Signal(object)  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        axes = self._axes = {side: PlaneAxis(side) for side in ("bottom", "left")}
        super().__init__(parent, enableMenu=False, axisItems=axes)
        self._theme = DARK
        box = self._box = self.getPlotItem().getViewBox()
        box.setAspectLocked(True)
        box.setMouseEnabled(False, False)
        box.setLimits(
            minXRange=SPAN_LIMITS[0], maxXRange=SPAN_LIMITS[1],
            xMin=-2 * FARTHEST, xMax=2 * FARTHEST, yMin=-2 * FARTHEST, yMax=2 * FARTHEST,
        )  # fmt: skip
        box.disableAutoRange()
        box.setDefaultPadding(0.0)
        self.getPlotItem().hideButtons()
        self._mosaic, self._points, self._trail = MosaicLayer(), PointsLayer(), TrailLayer()
        self._pins, self._held, self._cursor = PinsLayer(box), HeldLayer(), CursorLayer()
        self._field = FieldLayer()
        self._square = QGraphicsRectItem(0, 0, 1, 1)  # all that there is of a plane with a uniform prior, or the first cell of a torus
        self._square.hide()
        for layer in (self._field, self._mosaic, self._square, self._points, self._trail, self._held, self._cursor):
            box.addItem(layer, ignoreBounds=True)
        self._globe = GlobeLines(box)
        for axis in ("bottom", "left"):
            self.getPlotItem().getAxis(axis).enableAutoSIPrefix(False)
        self.set_axes("z[0]", "z[1]")
        box.sigRangeChanged.connect(self._tell_camera)

    # Orders

    def set_axes(self, right: str, up: str) -> None:
        """The names of what runs to the right and up; "" where nothing does, which then has no numbers either."""
        for name, text in (("bottom", right), ("left", up)):
            axis, label = self.getPlotItem().getAxis(name), html.escape(text[:LONGEST_NAME])  # which pyqtgraph reads as markup
            if axis.labelText != label:
                self.setLabel(name, label)
                self.getPlotItem().showAxis(name, bool(label))  # what is not there takes no room

    def set_shape(self, frame: PlaneFrame) -> None:
        """How the plane lies in latent space: what the numbers at its edges are values of, and where it ends or begins anew."""
        for axis in self._axes.values():
            axis.set_display(frame.display)
        self._square.setVisible(frame.display == "phi" or frame.kind == "torus")
        self._globe.set_frame(frame)
        self._points.set_tiled(frame.kind == "torus")
        self._pins.set_tiled(frame.kind == "torus")

    def set_layers(self, layers: Layers) -> None:
        """What is drawn and how strongly."""
        self._points.setVisible(layers.points)
        self._points.set_look(layers.point_size, layers.point_opacity, layers.point_colour)
        self._mosaic.setVisible(layers.mosaic)
        self._mosaic.set_look(layers.mosaic_opacity, layers.smooth, self._theme.ink)
        self._trail.set_on(layers.trail)
        self._field.set_look(layers.field_opacity, layers.contours, self._theme)

    def set_mosaic(self, sheet: Sheet | None) -> None:
        """The decoder's picture of a part of the plane; None takes it away."""
        self._mosaic.set_sheet(sheet)

    def set_fields(self, fields: Sequence[PlaneField]) -> None:
        """What lies under all else: the same field in coarser and in finer cells, the lowest first; none for nothing."""
        self._field.set_fields(fields)

    def set_cursor(self, point: tuple[float, float] | None, held: bool = False) -> None:
        """Where the probe is, plane coordinates; None hides it. `held`: it rests there."""
        if point is None:
            self._cursor.setVisible(False)
        else:
            self._cursor.show_at(*point, held)

    def set_held(self, point: tuple[float, float] | None) -> None:
        """Where the probe will come back to, while it follows the pointer; None when it is there."""
        self._held.show_at(point)

    def set_pins(self, marks: Sequence[PinMark]) -> None:
        """The pins' markers."""
        self._pins.set_marks(marks)

    def set_trail(self, points: NDArray[np.floating]) -> None:
        """Where the probe has been, plane coordinates (n, 2), oldest first; NaN for what lies behind a globe."""
        self._trail.set_points(points[np.isfinite(points).all(axis=1)])

    def set_camera(self, camera: Camera) -> None:
        """Show this part of the plane."""
        if camera == self.camera():
            return
        low, high = SPAN_LIMITS
        numbers = (camera.x, camera.y, camera.span)
        x, y, span = (min(max(number, -FARTHEST), FARTHEST) if math.isfinite(number) else 0.0 for number in numbers)
        camera = Camera(x, y, min(max(span, low), high))
        width, height = self._box.width() or 1, self._box.height() or 1
        half_x = camera.span / 2 * max(1.0, width / height)
        half_y = camera.span / 2 * max(1.0, height / width)
        self._box.setRange(xRange=(camera.x - half_x, camera.x + half_x), yRange=(camera.y - half_y, camera.y + half_y), padding=0)

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        self._theme = theme
        self.setBackground(theme.plane)
        for name in ("bottom", "left"):
            axis = self.getPlotItem().getAxis(name)
            axis.setPen(theme.line)
            axis.setTextPen(theme.muted)
            font = self.font()
            axis.setTickFont(font)
            axis.label.setFont(font)
        self._square.setPen(pg.mkPen(theme.muted))
        self._globe.set_theme(theme, self.font())
        # Were the axis as wide as its numbers, the plot would jump when zooming changes them.
        metrics = self.fontMetrics()
        self.getPlotItem().getAxis("left").setWidth(metrics.horizontalAdvance(WIDEST_NUMBER) + metrics.height())
        self._mosaic.set_look(self._mosaic._opacity, self._mosaic._smooth, theme.ink)
        self._field.set_look(self._field.opacity, self._field.contours, theme)
        self._look_of_pins()

    def _look_of_pins(self) -> None:
        """As large as the interface, as sharp as the screen."""
        unit, light = QFontInfo(self.font()).pixelSize() / USUAL_FONT, QColor(self._theme.plane).lightness() > 128
        self._pins.set_look(Look(unit, self.devicePixelRatioF(), self._theme.accent, light))

    # What can be asked

    @property
    def dark(self) -> bool:
        """Whether it is a dark plane."""
        return self._theme.name == DARK.name

    def camera(self) -> Camera:
        """The part of the plane that is shown now."""
        window = self._box.viewRect()
        return Camera(window.center().x(), window.center().y(), min(window.width(), window.height()))

    def window_rectangle(self) -> tuple[float, float, float, float]:
        """left, bottom, width, height of what is shown, plane units."""
        window = self._box.viewRect()
        return window.left(), window.top(), window.width(), window.height()

    def window_pixels(self) -> tuple[int, int]:
        """Width and height of what is shown, pixels of the screen."""
        ratio = self.devicePixelRatioF()
        return round(self._box.width() * ratio), round(self._box.height() * ratio)

    def plane_to_pixel(self, x: float, y: float) -> QPointF:
        """Where a point of the plane lies on the viewport."""
        return QPointF(self.mapFromScene(self._box.mapViewToScene(QPointF(x, y))))

    def _to_plane(self, position: QPointF) -> QPointF:
        return QPointF(self._box.mapSceneToView(self.mapToScene(position.toPoint())))

    def _on_plot(self, position: QPointF) -> bool:
        return QRectF(self._box.sceneBoundingRect()).contains(position)

    def _tell_camera(self) -> None:
        self.cameraPicked.emit(self.camera())

    def minimumSizeHint(self) -> QSize:  # Qt's name
        """Small enough for a window of 900 x 600 with all panels."""
        return QSize(240, 200)
