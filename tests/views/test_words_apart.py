"""Places for words, by hand."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSizeF

from latent_explorer.views.words_apart import FINE, MOST, FreePlaces, along, beside, dense

WHOLE = QRectF(0, 0, 100, 100)


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
    assert middles[0].x() == 117.5


def test_a_place_that_covers_no_line_comes_first_then_one_over_the_line_that_counts_least() -> None:
    """The curve goes through the left half, the grid line through all of the upper part."""
    curve = dense(np.array([0.0, 50.0]), np.array([0.0, 100.0]), WHOLE)
    grid = dense(np.array([0.0, 100.0]), np.array([15.0, 15.0]), WHOLE)
    on_curve, on_grid, clear = QRectF(10, 30, 20, 10), QRectF(60, 10, 20, 10), QRectF(70, 70, 20, 10)
    both = QRectF(2, 8, 20, 10)
    for wishes, best in (
        ([both, on_curve, on_grid, clear], clear),
        ([both, on_curve, on_grid], on_grid),
        ([both, on_curve], on_curve),
        ([both], both),
    ):
        places = FreePlaces(QRectF(0, 0, 100, 100))
        assert places.take(wishes, curve, grid, over=False) == (best if best is clear else None)
        assert places.take(wishes, curve, grid) == best or best is clear
    places = FreePlaces(QRectF(0, 0, 100, 100), [clear])
    assert places.take([on_curve, on_grid, clear], curve, grid) == on_grid


def test_a_line_s_points_leave_no_gap_and_are_not_too_many() -> None:
    wide = QRectF(0, 0, 1e7, 50)
    points = dense(np.array([0.0, 30.0, 30.0, 1e7]), np.array([0.0, 40.0, 40.0, 40.0]), wide)
    assert len(points) <= MOST + 2 and points[0].tolist() == [0, 0] and points[-1].tolist() == [1e7, 40]
    near = dense(np.array([0.0, 30.0, 30.0, 90.0]), np.array([0.0, 40.0, 40.0, 40.0]), wide)
    assert np.hypot(*np.diff(near, axis=0).T).max() <= FINE + 1e-9
    for x, y in near[near[:, 0] < 30]:
        assert abs(y - 4 / 3 * x) < 1e-9
    assert dense(np.array([3.0]), np.array([4.0]), wide).tolist() == [[3, 4]] and dense(np.zeros(0), np.zeros(0), wide).shape == (0, 2)
    assert dense(np.array([3.0]), np.array([60.0]), wide).shape == (0, 2)


def test_a_line_that_comes_from_far_away_has_all_its_points_on_the_plot() -> None:
    """From 1e7 pixels beyond; else the few points would lie far apart where they count."""
    points = dense(np.array([1e7, 60.0, 60.0, -1e7]), np.array([50.0, 50.0, 50.0, -1e7]), WHOLE)
    assert points[0].tolist() == [100, 50] and np.hypot(*np.diff(points, axis=0).T).max() <= FINE + 1e-6
    assert points.min() >= -1e-6 and points.max() <= 100 + 1e-6
    slope = (50 + 1e7) / (60 + 1e7)
    left = points[points[:, 0] < 60]
    assert len(left) > 25 and np.abs(left[:, 1] - (50 + slope * (left[:, 0] - 60))).max() < 1e-3
    assert left[-1, 0] < FINE or left[-1, 1] < FINE
    assert dense(np.array([-5.0, -5.0]), np.array([0.0, 100.0]), WHOLE).shape == (0, 2)
    assert len(dense(np.array([0.0, 0.0]), np.array([-50.0, 150.0]), WHOLE)) >= 51  # along an edge
    assert np.isfinite(dense(np.array([5.0, 5.0]), np.array([6.0, 6.0]), WHOLE)).all()


def test_places_that_are_no_numbers_are_left_out() -> None:
    x, y = np.array([np.nan, 0.0, 10.0, 20.0, np.inf]), np.array([0.0, 5.0, np.nan, 5.0, 5.0])
    assert np.array_equal(dense(x, y, WHOLE), dense(np.array([0.0, 20.0]), np.array([5.0, 5.0]), WHOLE))
    assert dense(np.full(3, np.nan), np.zeros(3), WHOLE).shape == (0, 2)
