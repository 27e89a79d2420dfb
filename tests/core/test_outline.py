"""The outline of many discs is where their distance says."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.outline import DARK, EDGE, LIGHT, LINE, Veil, grown, marks, one_a_pixel, outline


def distances(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """From each pixel to the nearest of the points, (H, W)."""
    row, column = np.mgrid[:height, :width]
    away = np.full((height, width), np.inf)
    for x, y in points:
        np.minimum(away, np.hypot(column - x, row - y), out=away)
    return away


@pytest.mark.parametrize("radius", [0.0, 1.0, 2.5, 6.0])
def test_growing_is_by_distance(radius: float) -> None:
    points = np.random.Generator(np.random.PCG64(0)).integers(0, 40, (12, 2))
    mask = np.zeros((30, 40), np.bool_)
    points = points[points[:, 1] < 30]
    mask[points[:, 1], points[:, 0]] = True
    assert np.array_equal(grown(mask, radius), distances(points, 40, 30) <= radius)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_light_line_in_a_dark_one_at_the_radius_and_clear_inside(ratio: float) -> None:
    generator = np.random.Generator(np.random.PCG64(1))
    points = np.concatenate([generator.integers(20, 60, (30, 2)), [[90, 20], [-3, 50], [5000, 5000]]])
    words = outline(points + 0.5, (1.0, 1.0), (0.0, 0.0), 120, 100, 6.0 * ratio, ratio)
    away, half = distances(points, 120, 100), LINE * ratio / 2
    assert set(np.unique(words).tolist()) == {0, DARK, LIGHT}
    edge = half + EDGE * ratio
    assert (words[np.abs(away - 6.0 * ratio) > edge + 1e-9] == 0).all()
    assert (words[np.abs(away - 6.0 * ratio) < half - 1e-9] == LIGHT).all()
    assert (words[(np.abs(away - 6.0 * ratio) < edge - 1e-9) & (np.abs(away - 6.0 * ratio) > half + 1e-9)] == DARK).all()


def test_the_border_of_the_picture_is_no_border_of_discs() -> None:
    """A disc whose middle lies outside reaches in, and none gets an edge where the picture ends."""
    words = outline(np.array([[-1.5, 10.5]]), (1.0, 1.0), (0.0, 0.0), 20, 20, 6.0)
    whole = outline(np.array([[-1.5, 10.5]]), (1.0, 1.0), (30.0, 30.0), 100, 100, 6.0)
    assert np.array_equal(words, whole[30:50, 30:50])


def test_points_are_scaled_and_what_cannot_be_seen_is_passed_over() -> None:
    points = np.array([[0.1, -0.2], [np.nan, 0.0], [1e300, 0.0], [np.inf, -np.inf]])
    words = outline(points, (100.0, -100.0), (40.0, 40.0), 100, 100, 6.0)
    assert np.array_equal(words, outline(np.array([[50.0, 60.0]]), (1.0, 1.0), (0.0, 0.0), 100, 100, 6.0))
    assert words.any()


def test_copies_are_what_the_points_moved_are() -> None:
    generator = np.random.Generator(np.random.PCG64(2))
    points, others = generator.random((2, 40, 2))
    points[0] = np.nan
    copies = [(0, 0), (1, 0), (-1, 2), (5, -3)]
    window = (40.0, -40.0), (60.0, 90.0), 150, 120, 6.0
    moved, beside = ((some + np.array(copies)[:, None]).reshape(-1, 2) for some in (points, others))
    whole = outline(moved, *window, veil=Veil(beside, 3.0, 0x80102030, 10**6))
    found = outline(points, *window, veil=Veil(others, 3.0, 0x80102030, 10**6), copies=copies)
    assert np.array_equal(found, whole)
    assert (found != outline(points, *window)).any()


def test_of_many_points_of_a_small_square_one_stands_for_all_in_its_pixel() -> None:
    points = np.random.Generator(np.random.PCG64(3)).random((5000, 2)).astype(np.float32) * (1.0, 0.5)
    points[0] = np.nan
    scale = (37.3, -41.8)
    few = one_a_pixel(points, scale)
    assert len(few) <= 38 * 42
    away = np.abs(points[1:, None] - few) * np.abs(scale)
    assert away.max(axis=2).min(axis=1).max() <= 0.5 + 1e-6  # each point has one that near
    assert away.max(axis=2).min(axis=0).max() <= 0.5 + 1e-6  # and none is where no point is
    shift = (3.0, 50.0)
    plain, thin = (grown(marks(some, scale, shift, 60, 60), 2.0) for some in (points, few))
    assert (plain != thin).mean() < 0.05
    assert one_a_pixel(points, (1000.0, -1000.0)) is points


def test_some_of_many_points_are_drawn_from_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latent_explorer.core.outline.PIECE", 10)
    points = np.stack([np.arange(40.0) * 2.0 + 5, np.full(40, 50.0)], axis=1)
    words = outline(points, (1.0, 1.0), (0.0, 0.0), 100, 100, 6.0, step=2)
    columns = np.flatnonzero(words.any(axis=0))
    assert columns.min() < 5 and columns.max() > 80


def test_a_line_that_would_take_much_of_the_picture_is_thin_and_faint() -> None:
    points = np.stack(np.meshgrid(np.arange(10.0, 190, 16), np.arange(10.0, 190, 16)), axis=-1).reshape(-1, 2)
    window = (1.0, 1.0), (0.0, 0.0), 200, 200, 5.0
    plain, faint, fainter = (outline(points, *window, most=most) for most in (1.0, 0.12, 0.08))
    assert np.count_nonzero(faint) < 0.4 * np.count_nonzero(plain)
    (strength,), (less,) = (np.unique(words[words != 0] >> 24).tolist() for words in (faint, fainter))
    assert 70 < less < strength < 255
    assert np.array_equal(outline(points[:3], *window, most=0.12), outline(points[:3], *window))


def test_others_are_dimmed_where_no_selected_point_is_near() -> None:
    chosen, others = np.array([[50.5, 50.5]]), np.array([[20.5, 30.5], [51.5, 50.5], [np.nan, 0.0]])
    words = outline(chosen, (1.0, 1.0), (0.0, 0.0), 100, 100, 6.0, veil=Veil(others, 3.0, 0xA0040506, 10))
    dimmed = words == 0xA0040506
    assert dimmed[28:33, 18:23].all()
    assert not dimmed[40:, 40:][8:13, 8:13].any()  # the selected point and what lies on it
    assert words[50, 51] == words[50, 50] == 0
