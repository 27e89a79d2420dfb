"""The status bar: points, place, what runs, milliseconds."""

from __future__ import annotations

from PySide6.QtWidgets import QStatusBar, QWidget

from latent_explorer.views.text import plain_label


class StatusLine(QStatusBar):
    """Each part has its own place, so that nothing jumps."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._points, self._place, self._mosaic = plain_label(), plain_label(), plain_label()
        self._work, self._decode = plain_label(), plain_label()
        self._place.setMinimumWidth(130)
        self._decode.setMinimumWidth(90)
        for label in (self._points, self._place, self._mosaic):
            self.addWidget(label)
        for label in (self._work, self._decode):
            self.addPermanentWidget(label)

    def set_points(self, count: int, hidden: int) -> None:
        """Number of codes, and how many of them are hidden."""
        self._points.setText(f"{count:,} points" + (f", {hidden:,} hidden" if hidden else ""))

    def set_place(self, z: tuple[float, ...] | None) -> None:
        """z under the cursor."""
        self._place.setText("" if z is None else "z " + ", ".join(f"{value:.3f}" for value in z))

    def set_mosaic(self, columns: int, rows: int) -> None:
        """Cells of the mosaic; 0 for none."""
        self._mosaic.setText(f"mosaic {columns} × {rows}" if columns else "")

    def set_work(self, text: str) -> None:
        """What runs in the background."""
        self._work.setText(text)

    def set_decode(self, milliseconds: float | None) -> None:
        """Time of the last decode."""
        self._decode.setText("" if milliseconds is None else f"decode {milliseconds:.2f} ms")
