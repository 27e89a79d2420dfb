"""The decoded image, large, with what is known about the place it comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.plane.globe import place_on_globe
from latent_explorer.views.glossary import explained, term_label
from latent_explorer.views.neighbour_strip import NeighbourStrip
from latent_explorer.views.picture import to_qimage
from latent_explorer.views.place import PlaceText, plane_words
from latent_explorer.views.text import LiveText, signed

TALLEST = 1.6  # height by width of the image's room: a taller one is smaller than the panel is wide


class PixelView(QWidget):
    """One image, enlarged by whole pixels of the screen (or smoothly), as large as fits. Signals: roomChanged()."""

    roomChanged = Signal()  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("decoded_image")
        self.setAccessibleName("Decoded image")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._pixels: NDArray[np.uint8] | None = None
        self._picture: QImage | None = None
        self._enlarged: QImage | None = None  # the same, as Qt enlarges it soonest
        self._smooth, self._grey_map = False, "grey"
        self._message = ""

    def set_image(self, pixels: NDArray[np.uint8] | None, message: str = "") -> None:
        """An image (H, W, C), uint8; or none, with a word why."""
        before = None if self._picture is None else self._picture.size()
        self._pixels, self._message = pixels, message
        self._draw()
        if self._picture is not None and self._picture.size() != before:
            self.roomChanged.emit()

    def set_look(self, smooth: bool, grey_map: str) -> None:
        """Smooth or whole pixels; the map for grey images."""
        if (smooth, grey_map) != (self._smooth, self._grey_map):
            self._smooth, self._grey_map = smooth, grey_map
            self._draw()
            self.roomChanged.emit()

    def picture(self) -> QImage | None:
        """The image at its own size, as it is shown."""
        return self._picture

    def _draw(self) -> None:
        pixels = self._pixels
        if pixels is not None and pixels.shape[2] == 1 and self._grey_map != "grey":
            pixels = apply_grey_map(pixels, self._grey_map)
        self._picture = None if pixels is None else to_qimage(pixels)
        self._enlarged = None if self._picture is None else self._picture.convertToFormat(QImage.Format.Format_RGB32)
        self.update()

    def painted(self, room: QSize) -> QSize:
        """Size of the image in so much room."""
        if self._picture is None:
            return QSize(0, 0)
        ratio = self.devicePixelRatioF()
        width, height = self._picture.width(), self._picture.height()
        scale = min(room.width() * ratio / width, room.height() * ratio / height)
        if not self._smooth and scale >= 1:
            scale = int(scale)
        return QSize(round(width * scale / ratio), round(height * scale / ratio))

    def target(self) -> QRect:
        """Where the image is painted, in pixels of the widget."""
        if self._picture is None:
            return QRect()
        size = self.painted(self.size())
        return QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, size.width(), size.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # Qt's name
        """The image in the middle of the panel's ground."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), self.palette().alternateBase())
        if self._enlarged is None:
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(self.target(), self._enlarged)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)

    def sizeHint(self) -> QSize:
        return QSize(280, 280)


class ImageView(QWidget):
    """The right panel. Signals: exportRequested(), copyRequested()."""

    exportRequested = Signal()
    copyRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        self._head = PlaceText()
        explained(self._head, "z")
        self.pixels = PixelView(self)
        self._trust = LiveText(lines=3)
        explained(self._trust, "trust", "Around this place")
        self.nearest = NeighbourStrip(self)
        for part in (self.pixels, self.nearest):
            part.roomChanged.connect(self._share_height)
        card = QFrame()
        card.setProperty("role", "trust")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(8, 6, 8, 6)
        inside.addWidget(self._trust)
        layout.addWidget(self._head)
        layout.addWidget(self.pixels, 1000)  # all that there is; the room below gets only what the image cannot use
        layout.addWidget(card)
        layout.addWidget(self.nearest)
        self._card = card
        form = self._form = QFormLayout()
        form.setVerticalSpacing(4)
        self._globe = LiveText(right=True)
        self._prior, self._milliseconds, self._snapshot = LiveText(right=True), LiveText(right=True), LiveText(right=True)
        for text, value, term in (
            ("On the globe", self._globe, "globe_place"),
            ("Log prior", self._prior, "prior_density"),
            ("Decode", self._milliseconds, "decode"),
            ("Weights", self._snapshot, "weights"),
        ):
            explained(value, term, text)
            form.addRow(term_label(text, term), value)
        form.setRowVisible(self._globe, False)
        layout.addLayout(form)
        row = self._buttons = QHBoxLayout()
        row.setSpacing(8)
        self._copy, self._export = QPushButton("Copy image"), QPushButton("Export…")
        self._copy.setToolTip("Put the decoded image on the clipboard.")
        self._export.setToolTip("Save the decoded image as PNG, with z and the model's hash in it (Ctrl+E).")
        self._copy.clicked.connect(self.copyRequested)
        self._export.clicked.connect(self.exportRequested)
        for button in (self._copy, self._export):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addStretch(1)
        self.set_image(None, "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What there is room for: the image first, then what lies near."""
        super().resizeEvent(event)
        self._share_height()

    def full_height(self) -> int:
        """Of the panel as wide as it is now, when image and strip have all the room that they can fill."""
        margins = self._layout.contentsMargins()
        return self._share_height() + margins.top() + margins.bottom()

    def _share_height(self) -> int:
        """The image takes no more height than it fills, so that its read-out stays right under it; the strip takes what is left.

        What both of them need with all the rest comes back.
        """
        margins = self._layout.contentsMargins()
        width = self.width() - margins.left() - margins.right()
        filled = width if self.pixels.picture() is None else self.pixels.painted(QSize(width, round(TALLEST * width))).height()
        image, strip = max(120, filled), self.nearest.heightForWidth(width)
        self.pixels.setMaximumHeight(image)
        self.nearest.setMaximumHeight(strip)
        others = (self._head, self._card, self._form, self._buttons)
        needed = image + strip + sum(part.sizeHint().height() for part in others) + (len(others) + 1) * self._layout.spacing()
        room = self.height() - margins.top() - margins.bottom()
        self.nearest.setVisible(needed <= room)
        return needed

    def set_image(self, pixels: NDArray[np.uint8] | None, message: str = "") -> None:
        """The newest decode, or none with a word why."""
        self.pixels.set_image(pixels, message)
        for button in (self._copy, self._export):
            if button.isEnabled() != (pixels is not None):
                button.setEnabled(pixels is not None)

    def set_place(
        self,
        z: tuple[float, ...] | None,
        trust: str,
        log_prior: float | None,
        axes: tuple[int, int] | None = None,
        unit: str = "",
        *,
        globe: bool = False,
    ) -> None:
        """Where the probe is, the trust sentence, and the prior's log density there in nats, with what it is counted by.

        Of many coordinates those of the plane's `axes` are said first; of a place on a globe also latitude and longitude.
        """
        if self._form.isRowVisible(self._globe) != globe:
            self._form.setRowVisible(self._globe, globe)
            self._share_height()
        self._globe.setText(place_on_globe(z) if globe and z is not None else "")
        self._head.set_place(z, "" if z is None else plane_words(z, axes))
        self._trust.setText(trust)
        self._prior.setText("" if log_prior is None else f"{signed(log_prior, 2)} {unit}".strip())

    def set_decode(self, milliseconds: float | None, weights: str) -> None:
        """How long the decode took, and whose weights it used."""
        self._milliseconds.setText("" if milliseconds is None else f"{milliseconds:.2f} ms")
        self._snapshot.setText(weights)
