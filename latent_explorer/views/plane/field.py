"""A field under the points: one number for every place as a colour, and lines where it has round values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from latent_explorer.core.colour_maps import colour_table
from latent_explorer.core.plane.field import POSTERIOR, PlaneField
from latent_explorer.views.picture import wrap_words
from latent_explorer.views.plane.colour_bar import Bar, number_text
from latent_explorer.views.plane.contours import OPACITY, Contours
from latent_explorer.views.plane.layer import KeptLayer, Window
from latent_explorer.views.style import DARK, Theme

SHARES = 64  # colours of the bar of class regions


def bar_of(field: PlaneField, theme: Theme, opacity: float) -> Bar:
    """What the colour bar says of a field."""
    if field.colours == "classes":
        grey = np.repeat(
            np.array([[QColor(theme.text).red(), QColor(theme.text).green(), QColor(theme.text).blue()]], np.uint8), SHARES, axis=0
        )
        shares = np.rint(np.linspace(255 * field.low, 255, SHARES)).astype(np.uint8)[:, None]
        ticks = tuple((part, f"{part:.0%}") for part in sorted({field.low, 0.5, 1.0}))
        return Bar(field.title, field.unit, np.concatenate([grey, shares], axis=1), field.low, 1.0, ticks, opacity, field.note)
    table = colour_table(field.colours, dark=theme.name == "dark")
    # Around holes there is one line; their bar tells all powers of ten.
    numbers = field.levels if field.colours == "depth" else tuple(map(float, range(round(field.low), round(field.high) + 1)))
    words = field.names or tuple(number_text(float(f"{10**number:.3g}") if field.log else number) for number in numbers)
    ticks = tuple(zip(numbers, words, strict=True))
    return Bar(field.title, field.unit, table, field.low, field.high, ticks, opacity, field.note)


class FieldLayer(KeptLayer):
    """Fields one over the other, each in its rectangle: finer ones lie over coarser ones that reach farther."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: tuple[PlaneField, ...] = ()
        self._sheets: dict[int, tuple[PlaneField, QImage]] = {}  # by the identity of their field
        self._contours = Contours()
        self._theme = DARK
        self.opacity = 0.6
        self.contours = True
        self.set_filled(False)

    @property
    def fields(self) -> tuple[PlaneField, ...]:
        """What is drawn, the lowest first."""
        return self._fields

    def set_fields(self, fields: Sequence[PlaneField]) -> None:
        """Draw these, the lowest first; none for nothing."""
        if len(fields) == len(self._fields) and all(one is two for one, two in zip(fields, self._fields, strict=True)):
            return
        self._fields = tuple(fields)
        self.set_filled(bool(fields))
        self._sheets = {id(field): self._sheets[id(field)] for field in fields if id(field) in self._sheets}
        self.forget()

    def set_look(self, opacity: float, contours: bool, theme: Theme) -> None:
        """Opacity in 0..1, whether lines are drawn, and the theme of the plane."""
        if theme is not self._theme:
            self._theme = theme
            self._sheets = {}
            self.forget()
        if contours != self.contours:
            self.contours = contours
            self.forget()
        if opacity != self.opacity:
            self.opacity = opacity
            self.update()

    def _sheet(self, field: PlaneField) -> QImage:
        if id(field) not in self._sheets:
            self._sheets[id(field)] = field, wrap_words(field.words(self._theme.name == "dark"))
        return self._sheets[id(field)][1]

    def draw(self, window: Window) -> QImage | None:
        """All fields where their rectangles lie, and the lines of the finest that fills the window."""
        if not self._fields:
            return None
        picture = self.cleared(window)
        painter = QPainter(picture)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        for field in self._fields:
            left, bottom, width, height = field.rectangle
            corner = left * window.scale[0] + window.shift[0], bottom * window.scale[1] + window.shift[1]
            target = QRectF(*corner, width * window.scale[0], height * window.scale[1]).normalized()
            # Cells of about a pixel are shown as they are; between larger ones colours are mixed, but for classes.
            pixels = abs(field.step * window.scale[0])
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, field.colours != "classes" and pixels > 1.5)
            painter.drawImage(target, self._sheet(field))
        if self.contours and self._fields[-1].kind != POSTERIOR:  # whose lines lie over the points
            self._contours.paint(painter, window, self._fields, QColor(self._theme.text), OPACITY, 0.0)
        painter.end()
        return picture

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Put the picture where the window is, as faintly as it should be."""
        if self.opacity > 0 and self._fields:
            painter.save()
            painter.setOpacity(self.opacity)
            super().paint(painter, option, widget)
            painter.restore()
