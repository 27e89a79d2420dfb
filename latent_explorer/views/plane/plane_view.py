"""The plane's gestures, over its plot. Wishes go out as signals, orders come in as ``set_*``; it decides nothing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.selecting import Spot
from latent_explorer.core.scene import Camera
from latent_explorer.views.plane.keys import ONCE, deed_of
from latent_explorer.views.plane.overlaid import OverlaidPlot
from latent_explorer.views.plane.pins import plain_hint
from latent_explorer.views.plane.plot import SPAN_LIMITS
from latent_explorer.views.plane.pointed import PICK
from latent_explorer.views.style import DARK

ZOOM_PER_NOTCH = 1.2
MARGIN = 12  # pixels between the overlays and the plot's edge


class PlaneView(OverlaidPlot):
    """The plot with its gestures, mode bar and legend.

    Mouse events are read here and not by pyqtgraph's scene, which holds drags back until they have moved some pixels.

    Signals
    -------
    planePointPicked(slot_id, x, y) : the pointer is at this place (moves and left-drags).
    planePointHeld(slot_id, x, y) : a left press or its drag ended here; the probe stays.
    holdUndone() : the click before was the first half of a double-click.
    gestureBegan(), gestureEnded() : a left press on the plane that probes, and its release or Esc.
    handDown() : any press on the plane; what comes next belongs to another gesture than what was before.
    viewMoved() : the person has just moved the plane, by hand or by key.
    turnRequested(dx, dy) : the hand has taken the globe so far, plane units.
    areaPicked(area, how) : points were pointed at (`core.plane.selecting`): "replace", "add" or "remove".
    viewSelectionRequested(how), placeSelectionRequested(how) : the points in view; the one nearest to the probe.
    collectingLeft() : Esc, while clicks collect points.
    selectionClearRequested() : Esc, while something is selected.
    cardRequested() : by the keyboard, what is known of the point nearest to the probe.
    pinPicked(number, x, y) : a click on a pin's marker, which stands there.
    pointerLeft() : the pointer has left the plane.
    nudgeRequested(dx, dy) : move the probe, plane units.
    holdRequested() : by the keyboard, where the probe is now.
    pinRequested(), pinStepRequested(by), pinRemovalRequested() : keep this place; to the next pin or the one before; remove this pin.
    classJumpRequested(label), fitRequested(), trailClearRequested()
    classStepRequested(by), resampleRequested() : the next class or the one before; another draw below the plane.
    escapePressed() : there was no gesture to stop and no trail to clear.
    hiddenClassesRequested(frozenset)
    pointsDrawingRequested(PointsDrawing) : the codes have moved; `take_points_picture` shows what was drawn.
    """

    planePointPicked = Signal(int, float, float)  # Qt's manner, here and below
    planePointHeld = Signal(int, float, float)
    holdUndone = Signal()
    gestureBegan = Signal()
    gestureEnded = Signal()
    handDown = Signal()
    viewMoved = Signal()
    turnRequested = Signal(float, float)
    areaPicked = Signal(object, str)
    viewSelectionRequested = Signal(str)
    placeSelectionRequested = Signal(str)
    collectingLeft = Signal()
    selectionClearRequested = Signal()
    cardRequested = Signal()
    pinPicked = Signal(int, float, float)
    pointerLeft = Signal()
    nudgeRequested = Signal(float, float)
    holdRequested = Signal()
    pinRequested = Signal()
    pinStepRequested = Signal(int)
    pinRemovalRequested = Signal()
    trailClearRequested = Signal()
    classJumpRequested = Signal(int)
    classStepRequested = Signal(int)
    resampleRequested = Signal()
    fitRequested = Signal()
    escapePressed = Signal()
    hiddenClassesRequested = Signal(object)
    pointsDrawingRequested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plane")
        self._points.drawingRequested.connect(self.pointsDrawingRequested)
        self.setAccessibleName("Latent plane")
        self.setAccessibleDescription("Arrows move the probe, Enter holds it, P pins its place, S selects there; F1 tells all keys.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # Files are dropped on the window, wherever; the plane and its viewport let them through.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.viewport().setMouseTracking(True)
        self._slot_id = 0
        self._pan_from: QPointF | None = None
        self._probing = False
        self._space = False
        self._turns = False  # a globe
        self._skip_release = False
        self._hover: QPointF | None = None  # the pointer, while the probe follows it
        self._pressed_pin: tuple[int, float, float] | None = None  # its number and where its marker stands
        self._how = "replace"  # what the line around points that is being drawn will do to the selection
        self._anything_selected = False
        self._collecting = False  # each click on a point adds it to the selection, whatever the mode
        self._collects = False  # the button that is down
        self.modes.fitRequested.connect(self.fitRequested)
        self.modes.modePicked.connect(self._show_mode_cursor)
        self.modes.pinRequested.connect(self.pinRequested)
        self.legend.hiddenClassesRequested.connect(self.hiddenClassesRequested)
        self.legend.classJumpRequested.connect(self._jump_to_class)
        self.legend.left.connect(self.setFocus)
        self.set_theme(DARK)

    # Orders

    def set_slot(self, slot_id: int) -> None:
        """Which slot the wishes speak of."""
        self._slot_id = slot_id

    def set_camera(self, camera: Camera) -> None:
        """Show this part of the plane; the probe stays with the pointer."""
        before = self.camera()
        super().set_camera(camera)
        if self.camera() != before:
            self._pick_again()

    def set_shape(self, frame: PlaneFrame) -> None:
        """As of the plot; a globe is turned where a plane is moved."""
        super().set_shape(frame)
        self._turns = frame.kind == "sphere"

    def set_collecting(self, collecting: bool) -> None:
        """Whether each click on a point adds it to the selection; Esc then asks to leave that."""
        self._collecting = collecting
        self._show_mode_cursor()

    # Gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:  # Qt's names, here and below
        """Left: probe. With Shift, or in a mode that selects: select. Middle, right, or with Space or in pan mode: pan."""
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()
        if not self._on_plot(event.position()):
            return
        self.handDown.emit()
        left = event.button() == Qt.MouseButton.LeftButton
        kind = self.modes.line_for(event.modifiers()) if left and not self._space else ""
        self._collects = left and self._collecting and not self._space
        if self._collects:
            self._stop_gesture()
        elif kind:
            self._stop_gesture()
            self._how = self.modes.how_for(event.modifiers())
            self._begin_band(kind, event.position())
        elif left and not self._space and self.modes.mode == "probe":
            self._probing = True
            self._pressed_pin = self._pin_under(event.position())
            self.gestureBegan.emit()
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
            self._push(before.x() - now.x(), before.y() - now.y())
        elif self._band.active:
            self._reach_band(event.position())
        elif self._probing or self._on_plot(event.position()):
            if self._pressed_pin is not None and self._pin_under(event.position()) != self._pressed_pin:
                self._pressed_pin = None  # it was no click
            self._pick(event.position())
        else:
            self._leave()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The probe stays where the button was let go; a click on a pin takes it there."""
        event.accept()
        if self._pan_from is not None:
            self._pan_from = None
            self._hover = None if self._hover is None else event.position()
            self._show_mode_cursor()
        elif self._collects:
            self._collects = False
            place = self._to_plane(event.position())
            self.areaPicked.emit(Spot(place.x(), place.y(), PICK * self.unit), "add")
        elif self._band.active:
            self.areaPicked.emit(self._end_band(event.position()), self._how)
            if self._on_plot(event.position()):
                self._pick(event.position())
        elif self._probing:
            self._probing = False
            point = self._to_plane(event.position())
            if self._pressed_pin is not None:
                self._hover = None
                self.pinPicked.emit(*self._pressed_pin)
            elif not self._skip_release:
                self.planePointHeld.emit(self._slot_id, point.x(), point.y())
            self.gestureEnded.emit()
        self._skip_release = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Left: fit all; the first click's hold is taken back. Where it selects, and to other buttons, it is a press like any other."""
        event.accept()
        if self._collecting or event.button() != Qt.MouseButton.LeftButton or self.modes.line_for(event.modifiers()):
            self.mousePressEvent(event)
        elif self._on_plot(event.position()):
            if not self._space and self.modes.mode == "probe":
                self._skip_release = True
                self.holdUndone.emit()
            self.fitRequested.emit()
            self._pick(event.position())  # another place lies under the pointer now

    def _push(self, x: float, y: float) -> None:
        """The window moves over the plane; a globe is turned the other way instead."""
        if self._turns:
            self.turnRequested.emit(-x, -y)
        else:
            self._box.translateBy(x=x, y=y)
            self.viewMoved.emit()

    def _pick(self, position: QPointF) -> None:
        self._hover = position
        point = self._to_plane(position)
        self.planePointPicked.emit(self._slot_id, point.x(), point.y())

    def _pick_again(self) -> None:
        """The plane has moved under a pointer at rest."""
        if self._hover is not None:
            self._pick(self._hover)

    def set_selected(self, selected: bool) -> None:
        """Whether anything is selected, so that Esc can clear it."""
        self._anything_selected = selected
        self.modes.set_selected(selected)
        self._place_overlays()

    def _pin_under(self, position: QPointF) -> tuple[int, float, float] | None:
        mark = self._pins.under(position, self.plane_to_pixel)
        return None if mark is None else (mark.number, mark.x, mark.y)

    def _leave(self) -> None:
        self._hover = None
        self.pointerLeft.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer; touchpads send fractions of a notch."""
        event.accept()
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if notches and self._on_plot(event.position()):
            self._zoom(ZOOM_PER_NOTCH**-notches, event.position())
            self._pick(event.position())
            self.viewMoved.emit()

    def _zoom(self, factor: float, position: QPointF) -> None:
        """Scale the window by `factor`, keeping what lies under `position` where it is, or the middle of a globe."""
        low, high = SPAN_LIMITS
        factor = min(max(factor, low / self._box.viewRect().width()), high / self._box.viewRect().width())
        fixed = QPointF(0.0, 0.0) if self._turns else self._to_plane(position)  # a globe that is turned cannot be pushed back
        self._box.scaleBy((factor, factor), center=fixed)

    def viewportEvent(self, event: QEvent) -> bool:
        """Pinch on a touchpad zooms. A pin tells its name. The pointer has left when it is over another widget, as one on the plane."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom(1 / max(0.2, 1 + event.value()), event.position())
            self._pick(event.position())
            self.viewMoved.emit()
            return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            mark = self._pins.under(QPointF(event.pos()), self.plane_to_pixel)
            QToolTip.showText(event.globalPos(), "" if mark is None else plain_hint(mark.hint), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._leave()
        elif event.type() == QEvent.Type.DevicePixelRatioChange:
            self._look_of_pins()
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Everything that the mouse can do on the plane (`views.plane.keys`), and Esc, which never closes anything."""
        deed = deed_of(event.key(), event.modifiers(), self._space)
        event.setAccepted(deed is not None)
        if deed is not None and not (event.isAutoRepeat() and deed[0] in ONCE):
            self._do(*deed)

    def _do(self, what: str, x: float, y: float) -> None:
        window = self._box.viewRect()
        shorter = min(window.width(), window.height())
        if what in ("nudge", "step_pin"):
            self._hover = None  # the probe goes its own way now, also while the pointer rests on the plane
        if what == "nudge":
            self.nudgeRequested.emit(x * shorter, y * shorter)
        elif what == "push":
            self._push(x * shorter, y * shorter)
            self._pick_again()
        elif what == "zoom":
            self._zoom(ZOOM_PER_NOTCH**-x, QPointF(self._box.sceneBoundingRect().center()))
            self._pick_again()
            self.viewMoved.emit()
        elif what == "class":
            self._jump_to_class(int(x))
        elif what == "step_pin":
            self.pinStepRequested.emit(int(x))
        elif what == "step_class":
            self.classStepRequested.emit(int(x))
        elif what in ("probe", "pan", "rectangle", "lasso"):
            self.modes.set_mode(what)
        elif what == "how":
            self.modes.next_how()
        elif what in ("select_view", "select_place"):
            wish = self.viewSelectionRequested if what == "select_view" else self.placeSelectionRequested
            wish.emit("remove" if x < 0 else self.modes.how)
        elif what == "space":
            self._space = True
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif what == "escape":
            self._escape()
        else:
            wishes = {"fit": self.fitRequested, "hold": self.holdRequested, "pin": self.pinRequested, "card": self.cardRequested}
            wishes["resample"] = self.resampleRequested
            wishes.get(what, self.pinRemovalRequested).emit()

    def _jump_to_class(self, label: int) -> None:
        self._hover = None
        self.classJumpRequested.emit(label)

    def _escape(self) -> None:
        """One thing at a time: the gesture, then the trail, then the selection, then whatever else Esc is for."""
        if self._probing or self._pan_from is not None or self._band.active:
            self._stop_gesture()
        elif self._collecting:
            self.collectingLeft.emit()
        elif self._trail.count:
            self.trailClearRequested.emit()
        elif self._anything_selected:
            self.selectionClearRequested.emit()
        else:
            self.escapePressed.emit()

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
        probing = self._probing
        self._pan_from, self._probing, self._space, self._pressed_pin = None, False, False, None
        self._band.stop()
        self._show_mode_cursor()
        if probing:
            self.gestureEnded.emit()

    def _show_mode_cursor(self) -> None:
        shape = Qt.CursorShape.OpenHandCursor if self.modes.mode == "pan" else Qt.CursorShape.CrossCursor
        if self._collecting:
            shape = Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(shape)
