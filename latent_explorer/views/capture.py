"""A widget as PNG bytes."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtWidgets import QWidget

from latent_explorer.core.errors import ExportError


def widget_png(widget: QWidget) -> bytes:
    """What the widget shows now, as PNG.

    Raises
    ------
    ExportError
        Qt could not make the picture (it says so by a return value only).
    """
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not widget.grab().save(buffer, "PNG"):
        raise ExportError("The picture could not be made; try a smaller size.")
    buffer.close()
    return bytes(data.data())
