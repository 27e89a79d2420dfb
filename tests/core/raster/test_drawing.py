"""Points to pixels against a slow drawing of the tests' own: positions, colours, borders, no order. By numpy and by compiled code."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.raster import drawing, engine, kernels, plain
from latent_explorer.core.raster.bands import FAINTEST
from latent_explorer.core.raster.drawing import draw as draw_points
from latent_explorer.core.raster.stamps import MAX_RADIUS
from latent_explorer.core.raster.view import Look, View
from tests.core.raster.clouds import scatter_of

Points = NDArray[np.float64]
RED, GREEN = [255, 0, 0], [0, 255, 0]


@pytest.fixture(autouse=True, params=[plain, kernels], ids=["numpy", "compiled"], scope="module")
def code(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Both ways to draw give what the slow drawing gives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_kernels", request.param)
        yield request.param


def rasterize(
    points: NDArray[np.floating], colours: NDArray[np.uint8], *, width: int, height: int, radius: float, alpha: float, **more: Any
) -> NDArray[np.uint32]:
    """Points in pixels; each has its own colour."""
    view = View((1.0, 1.0), (0.0, 0.0), width, height)
    return draw_points(scatter_of(points, colours), Look(2 * radius, alpha), view, **more).words


def parts(words: NDArray[np.uint32]) -> Points:
    """Red, green, blue and alpha of each pixel, 0..255, colours no longer multiplied by alpha."""
    found = np.stack([words >> shift & 255 for shift in (16, 8, 0, 24)], axis=2).astype(float)
    assert (found[..., :3] <= found[..., 3:]).all()  # else no Qt painting is defined
    found[..., :3] *= 255 / np.maximum(found[..., 3:], 1)
    return found


def draw(points: object, colours: object = None, **more: float) -> Points:
    """Rounded to whole levels."""
    spots = np.array(points, float).reshape(-1, 2)
    hues = np.array([RED] * len(spots) if colours is None else colours, np.uint8).reshape(-1, 3)
    settings = {"width": 24, "height": 18, "radius": 3.0, "alpha": 0.6, **more}
    return np.rint(parts(rasterize(spots, hues, **settings)))  # type: ignore[arg-type]


def slowly(points: Points, colours: NDArray[np.uint8], *, width: int, height: int, radius: float, alpha: float) -> Points:
    """Pixel by pixel: opacity 1 - prod(1 - a), colour by the weights -log(1 - a); a is alpha times the covered part of the pixel."""
    picture = np.zeros((height, width, 4))
    for row in range(height):
        for column in range(width):
            left, weights = 1.0, []
            for x, y in points:
                distance = np.hypot(column + 0.5 - x, row + 0.5 - y)
                a = alpha * min(max(radius + 0.5 - distance, 0), 1)
                left *= 1 - a
                weights.append(-np.log(1 - a))
            if 1 - left > 0.002:
                picture[row, column, :3] = np.average(colours, axis=0, weights=weights)
                picture[row, column, 3] = 255 * (1 - left)
    return picture


def on_the_grid(count: int, seed: int, low: float = -4, high: float = 26) -> Points:
    """Random points at the middles of eighths of pixels, where the quick drawing has no rounding."""
    points = np.random.default_rng(seed).uniform(low, high, (count, 2))
    return np.floor(points * 8) / 8 + 1 / 16


@pytest.mark.parametrize(("radius", "alpha", "count"), [(0.5, 0.9, 40), (1.3, 0.5, 30), (3.0, 0.65, 25), (7.5, 0.2, 12)])
def test_it_is_what_the_slow_drawing_gives(radius: float, alpha: float, count: int) -> None:
    """Points inside, on the borders and outside."""
    points = on_the_grid(count, count)
    colours = np.random.default_rng(0).integers(0, 256, (count, 3)).astype(np.uint8)
    words = rasterize(points, colours, width=24, height=18, radius=radius, alpha=alpha)
    expected = slowly(points, colours, width=24, height=18, radius=radius, alpha=alpha)
    assert words.dtype == np.uint32
    assert words.shape == (18, 24)
    assert words.flags["C_CONTIGUOUS"]
    found = parts(words)
    np.testing.assert_allclose(found[..., 3], expected[..., 3], atol=1)
    seen = expected[..., 3] > 2
    assert seen.any()
    # A level of the product is worth more levels of the colour, the fainter the pixel is.
    assert (np.abs(found - expected)[seen][:, :3] <= 0.5 + 255 / expected[seen][:, 3:]).all()


@given(st.floats(6, 18), st.floats(6, 12), st.floats(0.5, 5))
def test_the_middle_of_a_disc_is_where_its_point_is(x: float, y: float, radius: float) -> None:
    """Within a quarter of a pixel, of a larger disc a tenth; the centre of the upper left pixel is (0.5, 0.5)."""
    opacity = draw([x, y], radius=radius, alpha=0.9)[..., 3].astype(float)
    rows, columns = np.indices(opacity.shape)
    off = 0.12 if radius > 1 else 0.25
    assert (opacity * (columns + 0.5)).sum() / opacity.sum() == pytest.approx(x, abs=off)
    assert (opacity * (rows + 0.5)).sum() / opacity.sum() == pytest.approx(y, abs=off)


@given(st.floats(1.5, 6), st.floats(0.1, 0.9))
def test_a_disc_covers_its_area(radius: float, alpha: float) -> None:
    covered = draw([12.0, 9.0], radius=radius, alpha=alpha)[..., 3].astype(float).sum() / (255 * alpha)
    assert covered == pytest.approx(np.pi * radius**2, rel=0.08)


@pytest.mark.parametrize("counts", [None, np.array([[0, 0, 90], [255, 255, 0]], np.uint8)], ids=["colours", "counts"])
@pytest.mark.parametrize("size", [0.4, 5.0], ids=["dots", "discs"])
def test_copies_are_what_as_many_points_are(size: float, counts: NDArray[np.uint8] | None) -> None:
    """Of several blocks each, some copies in sight, some cut and one beside the picture."""
    points, copies = on_the_grid(1500, 8, 0, 8) / 8, ((0.0, 0.0), (1.0, 0.0), (-1.0, 1.0), (2.0, 1.0), (90.0, 0.0))
    colours = np.random.default_rng(3).integers(0, 256, (1500, 3)).astype(np.uint8)
    look, view = Look(size, 0.3, counts), View((8.0, -8.0), (4.0, 12.0), 24, 18)
    found = draw_points(scatter_of(points, colours), look, replace(view, copies=copies))
    whole = scatter_of(np.concatenate([points + copy for copy in copies]), np.tile(colours, (len(copies), 1)))
    expected = draw_points(whole, look, view)
    assert np.abs(parts(found.words)[..., 3] - parts(expected.words)[..., 3]).max() <= 1
    assert np.abs(parts(found.words) - parts(expected.words))[parts(expected.words)[..., 3] > 20].max() <= 13  # 255 / 20
    assert found.most == pytest.approx(expected.most, rel=1e-5)
    assert (found.words != draw_points(scatter_of(points, colours), look, view).words).any()


def test_colours_and_opacity_of_discs_that_do_not_touch() -> None:
    picture = draw([[5.5, 5.5], [18.5, 12.5]], [[10, 200, 30], [250, 0, 90]], alpha=0.6)
    assert picture[5, 5].tolist() == [10, 200, 30, 153]
    assert picture[12, 18].tolist() == [250, 0, 90, 153]
    assert (picture[picture[..., 3] == 0] == 0).all()
    assert picture[0, 0].tolist() == [0, 0, 0, 0]


def test_where_two_discs_overlap_no_colour_wins() -> None:
    picture = draw([[12.5, 9.5], [12.5, 9.5]], [RED, GREEN], alpha=0.5)
    assert np.abs(picture[9, 12].astype(int) - [128, 128, 0, 191]).max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_points_does_not_matter(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points, colours = generator.uniform(-5, 30, (3000, 2)), generator.integers(0, 256, (3000, 3))
    order = generator.permutation(3000)
    one, two = draw(points, colours), draw(points[order], colours[order])
    assert np.abs(one.astype(int) - two).max() <= 1  # sums of float32


def test_pieces_of_any_size_give_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(5)
    points, colours = generator.uniform(-5, 30, (500, 2)), generator.integers(0, 256, (500, 3))
    whole = draw(points, colours)
    monkeypatch.setattr(plain, "PIECE", 1000)
    assert np.abs(draw(points, colours).astype(int) - whole).max() <= 1


def test_duplicates_add_up_to_opaque() -> None:
    assert draw([[12.5, 9.5]] * 50, alpha=0.2)[9, 12].tolist() == [*RED, 255]


@pytest.mark.parametrize("point", [(-3.4, 9), (27.4, 9), (12, -3.4), (12, 21.4)])
def test_a_disc_is_clipped_at_the_border(point: tuple[float, float]) -> None:
    """A sliver of it is seen on its own side, and nothing wraps around to the other."""
    x, y = point
    opacity = draw(point)[..., 3]
    rows, columns = np.nonzero(opacity)
    if x < 0 or x > 24:
        assert set(columns) <= ({0} if x < 0 else {23})
    else:
        assert set(rows) <= ({0} if y < 0 else {17})
    nearer = draw(np.clip(point, 0, [24, 18]))[..., 3]
    assert nearer.astype(int).sum() > opacity.astype(int).sum()


@pytest.mark.parametrize("far", [-1e300, -1e9, -40.0, 70.0, 1e9, 1e300, np.inf, -np.inf, np.nan])
def test_points_outside_or_not_finite_are_not_drawn(far: float) -> None:
    for point in ((far, 9), (12, far), (far, far)):
        assert not draw(point).any()
        np.testing.assert_array_equal(draw([point, (12, 9), point]), draw([12, 9]))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_point_a_hair_below_a_border_is_drawn_there(kind: type[np.floating]) -> None:
    hair = np.nextafter(kind(0), kind(-1))
    for point in ((12, hair), (hair, 9), (hair, hair)):
        np.testing.assert_array_equal(draw(np.array([point], kind)), draw([(x or -1e-3, y or -1e-3) for x, y in [np.round(point)]]))


def test_no_points_give_an_empty_picture() -> None:
    picture = draw(np.zeros((0, 2)))
    assert picture.shape == (18, 24, 4)
    assert not picture.any()


def test_a_picture_of_one_pixel() -> None:
    assert draw([0.5, 0.5], width=1, height=1).tolist() == [[[*RED, 153]]]


def test_radius_and_opacity_are_held_within_bounds() -> None:
    np.testing.assert_array_equal(draw([12, 9], radius=1e9), draw([12, 9], radius=MAX_RADIUS))
    speck = draw([12.4, 9.4], radius=0.01)[..., 3]
    assert speck[9, 12] == round(255 * 0.6 * FAINTEST)
    assert np.count_nonzero(speck) == 1
    assert draw([12, 9], radius=1e9)[..., 3].min() > 0
    assert draw([12.5, 9.5], alpha=7.0)[9, 12, 3] == 254
    assert not draw([12, 9], alpha=-1.0).any()


def test_float32_points_are_drawn_alike() -> None:
    points = on_the_grid(50, 1)
    colours = np.full((50, 3), 90, np.uint8)
    size = {"width": 24, "height": 18, "radius": 2.0, "alpha": 0.5}
    np.testing.assert_array_equal(
        rasterize(points.astype(np.float32), colours, **size),
        rasterize(points, colours, **size),  # type: ignore[arg-type]
    )


def test_what_is_given_is_not_changed() -> None:
    points, colours = on_the_grid(20, 2), np.full((20, 3), 90, np.uint8)
    points.setflags(write=False)
    colours.setflags(write=False)
    rasterize(points, colours, width=24, height=18, radius=2.0, alpha=0.5)


@pytest.mark.parametrize("band", [1, 300, 700])
def test_the_picture_is_the_same_in_bands_of_any_height(band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discs that lie across the border of two bands are in both, and none is there twice."""
    generator = np.random.default_rng(6)
    points, colours = generator.uniform(-5, 90, (800, 2)), generator.integers(0, 256, (800, 3))
    for radius in (0.5, 2.5, 4.0):
        settings = {"width": 30, "height": 85, "radius": radius}
        whole = draw(points, colours, **settings)
        monkeypatch.setattr(drawing, "BAND", band)
        monkeypatch.setattr(drawing, "BANDS", 85)
        assert np.abs(draw(points, colours, **settings) - whole).max() <= 1
        monkeypatch.undo()


def test_a_drawing_that_breaks_off_leaves_nothing_for_the_next_one(monkeypatch: pytest.MonkeyPatch, code: Any) -> None:
    points = on_the_grid(40, 7)
    expected = draw(points)
    with monkeypatch.context() as patch:
        patch.setattr(code, "shade", lambda *arguments: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            draw(points)
    np.testing.assert_array_equal(draw(points), expected)
    np.testing.assert_array_equal(draw(points), expected)


def test_threads_do_not_draw_into_each_others_pictures() -> None:
    clouds = [np.random.default_rng(k).uniform(0, 60, (3000, 2)) for k in range(4)]
    size = {"width": 60, "height": 60, "radius": 2.5}
    expected = [draw(cloud, **size) for cloud in clouds]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            for found, wanted in zip(pool.map(lambda cloud: draw(cloud, **size), clouds), expected, strict=True):
                np.testing.assert_array_equal(found, wanted)


def test_it_draws_over_what_is_there() -> None:
    points, colours = on_the_grid(30, 3), np.full((30, 3), 200, np.uint8)
    settings: dict[str, Any] = {"width": 24, "height": 18, "radius": 2.0, "alpha": 0.5}
    out = np.full((18, 24), 0xFFFFFFFF, np.uint32)
    assert rasterize(points, colours, out=out, **settings) is out
    np.testing.assert_array_equal(out, rasterize(points, colours, **settings))


def test_several_processors_draw_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "ALONE", 0)
    monkeypatch.setattr(drawing.os, "cpu_count", lambda: 3)
    generator = np.random.default_rng(8)
    points, colours = generator.uniform(-5, 90, (900, 2)), generator.integers(0, 256, (900, 3)).astype(np.uint8)
    settings: dict[str, Any] = {"width": 30, "height": 85, "radius": 2.5, "alpha": 0.5}
    before = threading.active_count()
    together = rasterize(points, colours, **settings)
    assert threading.active_count() == before
    np.testing.assert_array_equal(together, rasterize(points, colours, threads=1, **settings))


def test_what_breaks_in_another_thread_is_told_in_this_one(monkeypatch: pytest.MonkeyPatch, code: Any) -> None:
    monkeypatch.setattr(drawing, "ALONE", 0)
    shade, here = code.shade, threading.current_thread()

    def break_elsewhere(*arguments: Any) -> None:
        if threading.current_thread() is not here:
            raise ZeroDivisionError
        shade(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(code, "shade", break_elsewhere)
        patch.setattr(drawing.os, "cpu_count", lambda: 4)
        with pytest.raises(ZeroDivisionError):
            for _ in range(50):  # another thread may find all bands taken
                rasterize(on_the_grid(20, 2), np.zeros((20, 3), np.uint8), width=24, height=400, radius=2.0, alpha=0.5)


def test_a_picture_that_nobody_waits_for_is_not_drawn_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "BAND", 24 * 8)
    looks = iter([False, False, True])
    with pytest.raises(Cancelled):
        rasterize(
            on_the_grid(20, 2), np.zeros((20, 3), np.uint8), width=24, height=40, radius=2.0, alpha=0.5, overtaken=lambda: next(looks)
        )


def test_a_picture_without_rows_or_columns_is_empty() -> None:
    for width, height in ((0, 5), (5, 0), (0, 0)):
        assert rasterize(on_the_grid(5, 1), np.zeros((5, 3), np.uint8), width=width, height=height, radius=2.0, alpha=0.5).size == 0


def test_drawing_loads_nothing_but_numpy() -> None:
    code = """
import sys
import numpy as np
from tests.core.raster.clouds import scatter_of
from latent_explorer.core.raster.drawing import draw
from latent_explorer.core.raster.view import Look, View
before = set(sys.modules)
draw(scatter_of(np.ones((3, 2)), np.ones((3, 3), np.uint8)), Look(), View((1.0, 1.0), (0.0, 0.0), 5, 5))
late = {name.partition(".")[0] for name in set(sys.modules) - before}
assert not late - {"numpy"}, late
assert not {"scipy", "numba"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
