"""Eyes for what is not seen whole: words that are cut, widgets that reach beyond their panel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QDockWidget, QLabel, QLineEdit, QScrollArea, QWidget

from latent_explorer.views.main_window import MainWindow
from latent_explorer.views.text import LiveText


def cut(widget: QWidget) -> str:
    """Why a visible widget's text cannot be read whole; "" when it can."""
    metrics, inside = widget.fontMetrics(), widget.contentsRect()
    if isinstance(widget, LiveText):
        if widget.sizeHint().height() > 2 * metrics.height():  # wraps
            flags = Qt.TextFlag.TextWordWrap
            needed = metrics.boundingRect(widget.rect(), flags, widget.text()).height()
            return "" if needed <= widget.height() else f"needs a height of {needed}, has {widget.height()}"
        return "" if widget.fits() or inside.width() > 40 else "no room"  # one line is shortened by dots
    if isinstance(widget, QLabel) and widget.text():
        if widget.wordWrap():
            longest = max(metrics.horizontalAdvance(word) for word in widget.text().split())
            if longest > inside.width():
                return f"a word needs {longest} of {inside.width()}"
            needed = widget.heightForWidth(widget.width())
            return "" if needed <= widget.height() else f"needs a height of {needed}, has {widget.height()}"
        needed = metrics.horizontalAdvance(widget.text())
        return "" if needed <= inside.width() else f"needs {needed}, has {inside.width()}"
    if isinstance(widget, QAbstractButton) and widget.text():
        icon = 0 if widget.icon().isNull() else widget.iconSize().width() + 4
        needed = metrics.horizontalAdvance(widget.text().replace("&", "")) + icon + 8
        return "" if needed <= widget.width() else f"needs {needed}, has {widget.width()}"
    if isinstance(widget, QLineEdit):
        needed = metrics.horizontalAdvance(widget.text())
        return "" if needed <= inside.width() else f"needs {needed}, has {inside.width()}"
    return ""


def out_of_sight(widget: QWidget, area: QWidget) -> str:
    """How far a widget reaches beyond the width of an area."""
    left = widget.mapTo(area, QPoint(0, 0)).x()
    right = left + widget.width()
    return "" if left >= 0 and right <= area.width() else f"{left}..{right} of {area.width()}"


def faults(window: MainWindow) -> list[str]:
    """Every widget of the panels in front that is not seen whole."""
    found = []
    for dock in window.findChildren(QDockWidget):
        if dock.visibleRegion().isEmpty():
            continue
        area: QWidget = dock
        scroll = dock.findChild(QScrollArea)
        if scroll is not None:
            area = scroll.viewport()
        for widget in dock.widget().findChildren(QWidget):
            if not widget.isVisible() or not area.isAncestorOf(widget) or isinstance(widget.parentWidget(), QComboBox):
                continue
            for reason in (cut(widget), out_of_sight(widget, area)):
                if reason:
                    text = getattr(widget, "text", lambda: "")()
                    found.append(f"{dock.objectName()}: {type(widget).__name__} {widget.objectName()} {text!r}: {reason}")
    for label in window.status.findChildren(LiveText):
        if label.isVisible() and label.text() and (reason := cut(label)):
            found.append(f"status: {label.text()!r}: {reason}")
    return found
