"""The class legend over the plane: a click hides a class, a double-click shows only it; the keyboard does the same."""

from __future__ import annotations

from time import monotonic

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from latent_explorer.core.palette import class_colour
from latent_explorer.views.text import plain_label, tip

MAX_ROWS = 300  # rows; classes beyond them are told as a number
UNBOUNDED, EDGE = 1 << 16, 4
DIGITS_TOGETHER = 1.0  # seconds: digits typed in quicker succession are one number


class _Row(QWidget):
    """One class: a dot and its name, as plain text."""

    def __init__(self, legend: Legend, label: int, name: str) -> None:
        super().__init__(legend)
        self._legend, self._label, self._name, self._hidden = legend, label, name, False
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(f"Class {name}")
        self.setToolTip(
            tip(
                "Click: hide or show this class. Double-click: show only this class."
                f" Tab leads here: Space hides or shows it, Shift+Enter shows only it, J or {label} moves the probe to it."
            )
        )

    def set_hidden(self, hidden: bool) -> None:
        self._hidden = hidden
        self.setAccessibleDescription("hidden" if hidden else "shown")
        self.update()

    def sizeHint(self) -> QSize:  # Qt's name
        metrics = self.fontMetrics()
        return QSize(min(160, metrics.horizontalAdvance(self._name)) + metrics.height() + 14, metrics.height() + 5)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = self.fontMetrics().height() * 0.62
        if self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().midlight())
            painter.drawRoundedRect(self.rect(), 3, 3)
        if self.hasFocus():
            painter.setPen(self.palette().highlight().color())
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 3, 3)
        colour = QColor(class_colour(self._label)) if self._legend.coloured else self.palette().placeholderText().color()
        painter.setPen(colour)
        painter.setBrush(Qt.BrushStyle.NoBrush if self._hidden else colour)
        painter.drawEllipse(6, round((self.height() - side) / 2), round(side), round(side))
        painter.setOpacity(0.45 if self._hidden else 1.0)
        painter.setPen(self.palette().windowText().color())
        text = self.rect().adjusted(round(side) + 13, 0, -3, 0)
        name = self.fontMetrics().elidedText(self._name, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self._legend.clicked(self._label)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._legend.double_clicked(self._label)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._legend.typed(self._label, event):
            event.ignore()  # to the plane, where the other keys do what they always do

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()


class _Scroll(QScrollArea):
    """Leaves all keys to the plane."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class Legend(QFrame):
    """Signals: hiddenClassesRequested(frozenset of int), classJumpRequested(label), left() by Esc.

    The keyboard meets it as one stop of Tab; inside, the arrows go from row to row.
    """

    hiddenClassesRequested = Signal(object)  # Qt's manner, here and below
    classJumpRequested = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._rows: dict[int, _Row] = {}
        self._labels: frozenset[int] = frozenset()  # of all classes, also those without a row
        self.coloured = True
        self._hidden: frozenset[int] = frozenset()
        self._before: frozenset[int] = frozenset()  # what was hidden before the last click, for the double-click
        self._ignore_release = False
        self._number, self._typed_at = "", 0.0  # digits typed so far, and when
        self.setAccessibleName("Classes")
        self._room = UNBOUNDED
        self._content = QWidget()
        self._layout = QVBoxLayout(self._content)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._rest = plain_label("")
        self._rest.setProperty("role", "muted")
        self._layout.addWidget(self._rest)
        self._area = _Scroll(self)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._area.setWidget(self._content)
        around = QVBoxLayout(self)
        around.setContentsMargins(EDGE, EDGE, EDGE, EDGE)
        around.addWidget(self._area)

    def set_room(self, height: int) -> None:
        """How high it may be; rows that do not fit are scrolled to."""
        self._room = height

    def sizeHint(self) -> QSize:  # Qt's name
        """All rows, as far as there is room."""
        edge, wanted = 2 * (EDGE + self.frameWidth()), self._content.sizeHint()
        height = wanted.height() + edge
        bar = self._area.verticalScrollBar().sizeHint().width() if height > self._room else 0
        return QSize(wanted.width() + edge + bar, min(height, self._room))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """At the list's end the plane under it does not zoom."""
        event.setAccepted(self._area.verticalScrollBar().maximum() > 0)

    def set_classes(self, classes: dict[int, str]) -> None:
        """Label to name, in order; the first `MAX_ROWS` have rows, fewer than two classes need no legend."""
        self._labels = frozenset(classes)
        shown = dict(list(classes.items())[:MAX_ROWS])
        if {label: row._name for label, row in self._rows.items()} == shown:
            return
        for row in self._rows.values():
            self._layout.removeWidget(row)
            row.deleteLater()
        self._rows = {label: _Row(self, label, name) for label, name in shown.items()}
        for row in self._rows.values():
            self._layout.insertWidget(self._layout.count() - 1, row)
            row.show()  # a visible parent shows new children only later, and the layout leaves hidden ones out
        self._rest.setText(f"and {len(classes) - len(shown):,} more")
        self._rest.setVisible(len(classes) > len(shown))
        self._make_stop(next(iter(self._rows), -1))
        self.setVisible(len(self._rows) > 1)
        self.set_hidden(self._hidden)
        self.adjustSize()

    def set_coloured(self, coloured: bool) -> None:
        """Whether the points have the colours of their classes; else the legend shows none, as it would be untrue."""
        if coloured != self.coloured:
            self.coloured = coloured
            self._content.update()

    def set_hidden(self, hidden: frozenset[int]) -> None:
        """Which classes are hidden now."""
        self._hidden = hidden
        for label, row in self._rows.items():
            row.set_hidden(label in hidden)

    def clicked(self, label: int) -> None:
        """A row was clicked: hide or show it."""
        if self._ignore_release:  # the second release of a double-click
            self._ignore_release = False
            return
        self._before = self._hidden
        self.hiddenClassesRequested.emit(self._hidden ^ {label})

    def double_clicked(self, label: int) -> None:
        """Show only this class; all again when it was the only one before the double-click's first click."""
        self._ignore_release = True
        self._show_only(label, self._before)

    def _show_only(self, label: int, before: frozenset[int]) -> None:
        """Hide all others; when just they were hidden before, show all."""
        others = self._labels - {label}
        self.hiddenClassesRequested.emit(frozenset() if before == others else others)

    def typed(self, label: int, event: QKeyEvent) -> bool:
        """A key on a row; whether it meant the legend."""
        key, order = event.key(), list(self._rows)
        place, shift = order.index(label), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        places = {Qt.Key.Key_Up: place - 1, Qt.Key.Key_Down: place + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(order) - 1}
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            return False
        if Qt.Key.Key_0 <= key <= Qt.Key.Key_9:
            self._jump_by_digit(str(key - Qt.Key.Key_0))
        elif key in places:
            self._go(order[min(max(places[Qt.Key(key)], 0), len(order) - 1)])
        elif key == Qt.Key.Key_J:
            self.classJumpRequested.emit(label)
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and shift:
            self._show_only(label, self._hidden)
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.hiddenClassesRequested.emit(self._hidden ^ {label})
        else:
            return False
        return True

    def _jump_by_digit(self, digit: str) -> None:
        """To the class of that number; quickly typed digits count together, where there is a class of so high a number."""
        now = monotonic()
        together = self._number + digit if now - self._typed_at < DIGITS_TOGETHER else digit
        self._number, self._typed_at = together if int(together) in self._labels else digit, now
        label = int(self._number)
        if label in self._rows:
            self._go(label)
        self.classJumpRequested.emit(label)

    def _go(self, label: int) -> None:
        """The keyboard to this row."""
        self._make_stop(label)
        self._rows[label].setFocus(Qt.FocusReason.TabFocusReason)
        self._area.ensureWidgetVisible(self._rows[label], 0, 0)

    def _make_stop(self, label: int) -> None:
        """Where Tab will arrive."""
        for other, row in self._rows.items():
            row.setFocusPolicy(Qt.FocusPolicy.TabFocus if other == label else Qt.FocusPolicy.NoFocus)
        around = self.parentWidget()
        if label in self._rows and around is not None and around.focusPolicy() & Qt.FocusPolicy.TabFocus:
            QWidget.setTabOrder(around, self._rows[label])  # the rows were made later than all else, and would come last
