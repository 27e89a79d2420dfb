"""What is remembered between two starts: the look of the window and where data lie."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from latent_explorer.views.style import THEMES

SCALES = (0.8, 3.0)
LAYOUT_VERSION = 1


class Settings:
    """Typed access to QSettings; a value of another type or out of range counts as not set."""

    def __init__(self) -> None:
        self._store = QSettings("latent-explorer", "latent-explorer")

    def theme(self) -> str:
        """One of `THEMES`."""
        value = self._store.value("theme")
        return value if value in THEMES else "system"

    def set_theme(self, theme: str) -> None:
        """Remember the choice."""
        self._store.setValue("theme", theme)

    def scale(self) -> float:
        """Enlargement of the interface."""
        try:
            value = float(str(self._store.value("scale", 1.0)))
        except ValueError:
            return 1.0
        return value if SCALES[0] <= value <= SCALES[1] else 1.0

    def set_scale(self, scale: float) -> None:
        """Remember the enlargement."""
        self._store.setValue("scale", scale)

    def mnist_folder(self) -> Path | None:
        """The folder that was opened last with MNIST's four files."""
        value = self._store.value("mnist_folder")
        return Path(value) if isinstance(value, str) and value else None

    def set_mnist_folder(self, folder: Path) -> None:
        """Remember where MNIST lies."""
        self._store.setValue("mnist_folder", str(folder))

    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Geometry and dock state of the last window, if this version wrote them."""
        geometry, state = self._store.value("geometry"), self._store.value("docks")
        if isinstance(geometry, QByteArray) and isinstance(state, QByteArray):
            return geometry, state
        return None

    def set_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        """Remember the window."""
        self._store.setValue("geometry", geometry)
        self._store.setValue("docks", state)

    def forget_layout(self) -> None:
        """Back to the layout that the program starts with."""
        self._store.remove("geometry")
        self._store.remove("docks")
