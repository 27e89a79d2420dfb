"""Places for words, by hand."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSizeF

from latent_explorer.views.words_apart import FreePlaces, along, beside


def test_the_first_free_place_is_taken_and_then_it_is_not_free() -> None:
    places = FreePlaces(QRectF(0, 0, 100, 50), [QRectF(0, 0, 30, 20)])
    wishes = [QRectF(10, 10, 20, 10), QRectF(90, 10, 20, 10), QRectF(40, 10, 20, 10)]
    assert places.take(wishes) == wishes[2]  # the first lies over something, the second reaches beyond
    assert places.take(wishes) is None
    assert places.take([]) is None


def test_words_beside_a_point_keep_their_gap() -> None:
    point, size = QPointF(50, 40), QSizeF(30, 12)
    places = list(beside(point, size, 6))
    assert places[0] == QRectF(56, 34, 30, 12)  # to the right, in the middle of the height
    for place in places:
        assert place.size() == size
        assert not place.intersects(QRectF(point.x() - 5, point.y() - 5, 10, 10))
        assert place.intersects(QRectF(point.x() - 7, point.y() - 7, 14, 14))


def test_words_along_a_line_lie_on_it_and_begin_near_its_end() -> None:
    start, end = QPointF(0, 0), QPointF(120, 60)
    middles = [place.center() for place in along(start, end, QSizeF(20, 10))]
    assert all(abs(at.y() - at.x() / 2) < 1e-9 for at in middles)
    assert [at.x() for at in middles] == sorted((at.x() for at in middles), reverse=True)
    assert middles[0].x() == 110
