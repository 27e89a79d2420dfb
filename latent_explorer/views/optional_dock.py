"""A panel that is only there while it has something to show."""

from __future__ import annotations

from PySide6.QtWidgets import QDockWidget, QWidget


class OptionalDock(QDockWidget):
    """Stays away while it is not wanted, whatever a remembered layout says; closed by the person, it stays closed."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._wanted = self._closed = self._late = False
        self.toggleViewAction().setVisible(False)

    def set_wanted(self, wanted: bool, *, shown: bool = True) -> bool:
        """Whether there is something to show; not `shown` at once where the window has no place for it just now.

        Whether it has come just now is what comes back.
        """
        if self._wanted and not wanted:
            self._closed = not self.toggleViewAction().isChecked()
        came, self._wanted = wanted and not self._wanted, wanted
        self.toggleViewAction().setVisible(wanted)
        if not wanted:
            self.hide()
        elif came and not self._closed:
            self._late = not shown
            self.setVisible(shown)
        return came and self.isVisible()

    def come_back(self) -> None:
        """There is a place for it again."""
        if self._late:
            self._late = False
            self.show()

    def setVisible(self, visible: bool) -> None:  # Qt's name
        """Not without being wanted."""
        super().setVisible(visible and self._wanted)
