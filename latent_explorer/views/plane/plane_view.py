"""The plane: axes, layers and gestures. Wishes go out as signals, orders come in as ``set_*``; it decides nothing."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from latent_explorer.core.types import Camera, Layers
from latent_explorer.views.plane.cursor import CursorLayer
from latent_explorer.views.plane.legend import Legend
from latent_explorer.views.plane.mode_bar import ModeBar
from latent_explorer.views.plane.mosaic import MosaicLayer
from latent_explorer.views.plane.points import PointsLayer
from latent_explorer.views.style import DARK, Theme

ZOOM_PER_NOTCH = 1.2
SPAN_LIMITS = (1e-5, 1e4)
FARTHEST = 1e6  # beyond this, plane units and pixels cannot be told apart any more
FINE, COARSE = 1 / 400, 1 / 40  # of the window's shorter side, for one press of an arrow key
AXIS_WIDTH = 56  # pixels, room for the numbers and the label
MARGIN = 12  # pixels between the overlays and the plot's edge


class PlaneView(pg.PlotWidget):
    """The plot of one slot.

    Mouse events are read here and not by pyqtgraph's scene, which holds drags back until they have moved some pixels.

    Signals
    -------
    planePointPicked(slot_id, x, y) : the pointer is at this place (moves and left-drags).
    planePointHeld(slot_id, x, y) : a left press or its drag ended here; the probe stays.
    holdUndone() : the click before was the first half of a double-click.
    pointerLeft() : the pointer has left the plane.
    cameraPicked(Camera) : the window was moved, by pan, zoom or resize.
    nudgeRequested(dx, dy) : move the probe, plane units.
    classJumpRequested(label), fitRequested(), escapePressed()
    hiddenClassesRequested(frozenset)
    """

    planePointPicked = Signal(int, float, float)  # Qt's manner, here and below
    planePointHeld = Signal(int, float, float)
    holdUndone = Signal()
    pointerLeft = Signal()
    cameraPicked = Signal(object)
    nudgeRequested = Signal(float, float)
    classJumpRequested = Signal(int)
    fitRequested = Signal()
    escapePressed = Signal()
    hiddenClassesRequested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        self.setObjectName("plane")
        self.setAccessibleName("Latent plane")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Files are dropped on the window, wherever; the plane and its viewport let them through.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.viewport().setMouseTracking(True)
        self._slot_id = 0
        self._theme = DARK
        self._pan_from: QPointF | None = None
        self._probing = False
        self._space = False
        self._skip_release = False
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
        self._mosaic, self._points, self._cursor = MosaicLayer(), PointsLayer(), CursorLayer()
        for layer in (self._mosaic, self._points, self._cursor):
            box.addItem(layer, ignoreBounds=True)
        for axis, label in (("bottom", "z[0]"), ("left", "z[1]")):
            self.setLabel(axis, label)
            self.getPlotItem().getAxis(axis).enableAutoSIPrefix(False)
        # Were the axis as wide as its numbers, the plot would jump when zooming changes them.
        self.getPlotItem().getAxis("left").setWidth(AXIS_WIDTH)
        self.modes = ModeBar(self)
        self.modes.fitRequested.connect(self.fitRequested)
        self.modes.modePicked.connect(self._show_mode_cursor)
        self.legend = Legend(self)
        self.legend.hiddenClassesRequested.connect(self.hiddenClassesRequested)
        self.legend.hide()
        self.set_theme(DARK)
        box.sigRangeChanged.connect(self._tell_camera)

    # Orders

    def set_slot(self, slot_id: int) -> None:
        """Which slot the wishes speak of."""
        self._slot_id = slot_id

    def set_codes(self, points: NDArray[np.floating], labels: NDArray[np.int64], classes: dict[int, str], hidden: frozenset[int]) -> None:
        """Plane coordinates (N, 2), labels (N,), and the classes' names for the legend."""
        self._points.set_points(points, labels, max(classes, default=-1) + 1, hidden)
        self.legend.set_classes({label: name for label, name in classes.items() if label >= 0})
        self.legend.set_hidden(hidden)
        self._place_overlays()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Classes that are not drawn."""
        self._points.set_hidden(hidden)
        self.legend.set_hidden(hidden)

    def set_layers(self, layers: Layers) -> None:
        """What is drawn and how strongly."""
        self._points.setVisible(layers.points)
        self._points.set_look(layers.point_size, layers.point_opacity)
        self._mosaic.setVisible(layers.mosaic)
        self._mosaic.set_look(layers.mosaic_opacity, layers.smooth, self._theme.ink)

    def set_mosaic(self, pixels: NDArray[np.uint8] | None, rectangle: tuple[float, float, float, float] = (0, 0, 1, 1)) -> None:
        """The decoder's picture of a part of the plane; None takes it away."""
        self._mosaic.set_picture(pixels, rectangle)

    def set_cursor(self, point: tuple[float, float] | None, held: bool = False) -> None:
        """Where the probe is, plane coordinates; None hides it."""
        if point is None:
            self._cursor.setVisible(False)
        else:
            self._cursor.show_at(*point, held)

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
        self.modes.set_theme(theme)
        self._mosaic.set_look(self._mosaic._opacity, self._mosaic._smooth, theme.ink)

    # What can be asked

    def camera(self) -> Camera:
        """The part of the plane that is shown now."""
        window = self._box.viewRect()
        return Camera(window.center().x(), window.center().y(), min(window.width(), window.height()))

    def window_rectangle(self) -> tuple[float, float, float, float]:
        """left, bottom, width, height of what is shown, plane units."""
        window = self._box.viewRect()
        return window.left(), window.top(), window.width(), window.height()

    def plane_to_pixel(self, x: float, y: float) -> QPointF:
        """Where a point of the plane lies on the viewport."""
        return QPointF(self.mapFromScene(self._box.mapViewToScene(QPointF(x, y))))

    # Gestures

    def _to_plane(self, position: QPointF) -> QPointF:
        return QPointF(self._box.mapSceneToView(self.mapToScene(position.toPoint())))

    def _on_plot(self, position: QPointF) -> bool:
        return QRectF(self._box.sceneBoundingRect()).contains(position)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # Qt's names, here and below
        """Left: probe. Middle, right, or with Space or in pan mode: pan."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()
        if not self._on_plot(event.position()):
            return
        left = event.button() == Qt.MouseButton.LeftButton
        if left and not self._space and self.modes.mode == "probe":
            self._probing = True
            self._pick(event.position())
        else:
            self._pan_from = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The probe follows; or the plane follows the hand."""
        event.accept()
        if self._pan_from is not None:
            before, now = self._to_plane(self._pan_from), self._to_plane(event.position())
            self._pan_from = event.position()
            self._box.translateBy(x=before.x() - now.x(), y=before.y() - now.y())
        elif self._probing or self._on_plot(event.position()):
            self._pick(event.position())
        else:
            self.pointerLeft.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The probe stays where the button was let go."""
        event.accept()
        if self._pan_from is not None:
            self._pan_from = None
            self._show_mode_cursor()
        elif self._probing:
            self._probing = False
            point = self._to_plane(event.position())
            if not self._skip_release:
                self.planePointHeld.emit(self._slot_id, point.x(), point.y())
        self._skip_release = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Left: fit all; the first click's hold is taken back. To the other buttons it is a press like any other."""
        event.accept()
        if event.button() != Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
        elif self._on_plot(event.position()):
            if not self._space and self.modes.mode == "probe":
                self._skip_release = True
                self.holdUndone.emit()
            self.fitRequested.emit()
            self._pick(event.position())  # another place lies under the pointer now

    def _pick(self, position: QPointF) -> None:
        point = self._to_plane(position)
        self.planePointPicked.emit(self._slot_id, point.x(), point.y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer; touchpads send fractions of a notch."""
        event.accept()
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if notches and self._on_plot(event.position()):
            self._zoom(ZOOM_PER_NOTCH**-notches, event.position())

    def _zoom(self, factor: float, position: QPointF) -> None:
        """Scale the window by `factor`, keeping what lies under `position` where it is."""
        low, high = SPAN_LIMITS
        factor = min(max(factor, low / self._box.viewRect().width()), high / self._box.viewRect().width())
        self._box.scaleBy((factor, factor), center=self._to_plane(position))
        if self.viewport().underMouse():
            self._pick(position)

    def viewportEvent(self, event: QEvent) -> bool:
        """Pinch on a touchpad zooms. The pointer has left when it is over another widget, also one that lies on the plane."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom(1 / max(0.2, 1 + event.value()), event.position())
            return True
        if event.type() == QEvent.Type.Leave:
            self.pointerLeft.emit()
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Everything that the mouse can do on the plane, and Esc, which never closes anything."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        window = self._box.viewRect()
        step = min(window.width(), window.height()) * (COARSE if shift else FINE)
        arrows = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        centre = QPointF(self._box.sceneBoundingRect().center())
        if key in arrows:
            dx, dy = arrows[Qt.Key(key)]
            self.nudgeRequested.emit(dx * step, dy * step)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_F) and not event.modifiers():
            self.fitRequested.emit()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus) and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(ZOOM_PER_NOTCH if key == Qt.Key.Key_Minus else 1 / ZOOM_PER_NOTCH, centre)
        elif Qt.Key.Key_0 <= key <= Qt.Key.Key_9 and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.classJumpRequested.emit(key - Qt.Key.Key_0)
        elif key == Qt.Key.Key_Escape:
            self._stop_gesture()
            self.escapePressed.emit()
        elif key == Qt.Key.Key_Space:
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            event.ignore()
            return
        event.accept()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space lets the plane go."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            self._show_mode_cursor()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A key's release goes elsewhere now."""
        self._space = False
        super().focusOutEvent(event)

    def _stop_gesture(self) -> None:
        self._pan_from, self._probing, self._space = None, False, False
        self._show_mode_cursor()

    def _show_mode_cursor(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if self.modes.mode == "pan" else Qt.CursorShape.CrossCursor
        self.viewport().setCursor(shape)

    # Geometry

    def _tell_camera(self) -> None:
        self.cameraPicked.emit(self.camera())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The overlays stay in their corners."""
        super().resizeEvent(event)
        if hasattr(self, "legend"):  # pyqtgraph resizes once while it is being built
            self._place_overlays()

    def _place_overlays(self) -> None:
        plot = QRectF(self._box.sceneBoundingRect())
        self.modes.adjustSize()
        self.modes.move(round(plot.left()) + MARGIN, MARGIN)
        self.legend.adjustSize()
        self.legend.move(self.viewport().width() - self.legend.width() - MARGIN, MARGIN)

    def minimumSizeHint(self) -> QSize:
        """Small enough for a window of 900 x 600 with all panels."""
        return QSize(240, 200)
