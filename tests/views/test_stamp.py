"""A stamp is what drawing anew would be, to the nearest pixel of the screen, on sharp screens too; and it is drawn once."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QApplication

from latent_explorer.views.image_view import PixelView
from latent_explorer.views.plane.stamp import Stamp
from tests.views.hand import pixels_of, settle

SIDE, REACH = 40, 9.0
drawn: list[int] = []


def draw(painter: QPainter) -> None:
    drawn.append(1)
    painter.setPen(QPen(QColor("#ff8000"), 2.2))
    painter.drawEllipse(QRectF(-6, -6, 12, 12))


def canvas(ratio: float) -> QImage:
    picture = QImage(round(SIDE * ratio), round(SIDE * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.black)
    return picture


def stamped(stamp: Stamp, place: QPointF, ratio: float) -> np.ndarray:
    picture = canvas(ratio)
    painter = QPainter(picture)
    painter.translate(place)
    stamp.paint(painter)
    before = painter.worldTransform()
    assert (before.dx(), before.dy()) == (place.x(), place.y())  # the painter is as it was
    painter.end()
    return pixels_of(picture).astype(int)


def anew(place: QPointF, ratio: float) -> np.ndarray:
    picture = canvas(ratio)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place)
    draw(painter)
    painter.end()
    return pixels_of(picture).astype(int)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize(("place", "nearest"), [((20.0, 20.0), (20.0, 20.0)), ((15.3, 20.2), (15.0, 20.0)), ((20.8, 24.6), (21.0, 25.0))])
def test_it_is_what_is_drawn_anew_at_the_nearest_pixel(
    qapp: QApplication, place: tuple[float, float], nearest: tuple[float, float], ratio: float
) -> None:
    if ratio == 2.0:
        nearest = (round(place[0] * 2) / 2, round(place[1] * 2) / 2)
    found, expected = stamped(Stamp(draw, REACH), QPointF(*place), ratio), anew(QPointF(*nearest), ratio)
    assert expected.max() > 200 and np.abs(found - expected).max() <= 2  # rounding of what is blended twice


def test_it_is_drawn_once_for_a_screen(qapp: QApplication) -> None:
    stamp = Stamp(draw, REACH)
    drawn.clear()
    for ratio, times in ((1.0, 1), (1.0, 1), (2.0, 2), (2.0, 2)):
        stamped(stamp, QPointF(12.0, 17.0), ratio)
        assert len(drawn) == times


@pytest.mark.parametrize("channels", [1, 3])
def test_the_decoded_image_keeps_every_colour_when_it_is_enlarged(qapp: QApplication, channels: int) -> None:
    """By whole pixels: each pixel of the image is a square of exactly its colour."""
    image = np.random.default_rng(0).integers(0, 256, (6, 5, channels), np.uint8)
    view = PixelView()
    view.resize(50, 60)
    view.set_image(image)
    view.show()
    settle()
    shown = pixels_of(view.grab().toImage())
    np.testing.assert_array_equal(shown[5::10, 5::10], np.broadcast_to(image, (6, 5, 3)))
    view.close()
