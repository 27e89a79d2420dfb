"""Very many points: dots whose density is true, a quick picture that looks like the exact one, colours by counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from latent_explorer.core.palette import value_table
from latent_explorer.core.raster import bands, engine, kernels, plain
from latent_explorer.core.raster.bands import FAINTEST
from latent_explorer.core.raster.cloud import FEW, ROOM, Cloud, share_of_size
from latent_explorer.core.raster.colouring import ByClass
from latent_explorer.core.raster.drawing import draw
from latent_explorer.core.raster.scatter import Scatter
from latent_explorer.core.raster.view import Look, Picture, View
from tests.core.raster.clouds import scatter_of

SIDE = 64
VIEW = View((SIDE / 8, -SIDE / 8), (SIDE / 2, SIDE / 2), SIDE, SIDE)  # y up, 8 plane units wide


@pytest.fixture(params=[plain, kernels], ids=["numpy", "compiled"])
def code(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(engine, "_kernels", request.param)
    yield request.param


def channels(picture: Picture) -> NDArray[np.int64]:
    """Red, green, blue, alpha as they stand in the words, multiplied by alpha."""
    return np.stack([picture.words >> shift & 255 for shift in (16, 8, 0, 24)], axis=2).astype(np.int64)


def crowd(count: int = 50_000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(-1, 3, count)
    return (generator.normal(0, 1.2, (count, 2)) + labels[:, None]).astype(np.float32), labels


def pixel_of(points: NDArray[np.float32]) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]]:
    """Which points lie in the picture, and in which row and column."""
    x = np.floor(points[:, 0].astype(float) * VIEW.scale[0] + VIEW.shift[0]).astype(int)
    y = np.floor(points[:, 1].astype(float) * VIEW.scale[1] + VIEW.shift[1]).astype(int)
    return (x >= 0) & (x < SIDE) & (y >= 0) & (y < SIDE), y, x


def expected(scatter: Scatter, points: NDArray[np.float32], colours: NDArray[np.float64], look: Look) -> NDArray[np.float64]:
    """Dots pixel by pixel: opacity 1 - (1 - a)^n, at least a part of the chosen one, and the mean colour."""
    radius = look.size / 2 * share_of_size(scatter.drawn, scatter.cloud.sorted.area * VIEW.scale[0] ** 2)
    assert radius < 0.5
    a = look.opacity * (radius / 0.5) ** 2
    inside, y, x = pixel_of(points)
    counts, sums = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE, 3))
    np.add.at(counts, (y[inside], x[inside]), 1)
    np.add.at(sums, (y[inside], x[inside]), colours[inside])
    opacity = np.where(counts > 0, np.maximum(1 - (1 - a) ** counts, FAINTEST * look.opacity), 0)
    mean = sums / np.maximum(counts, 1)[..., None]
    return np.concatenate([mean * opacity[..., None], 255 * opacity[..., None]], axis=2)


@pytest.mark.parametrize("look", [Look(), Look(4.0, 1.0), Look(3.0, 0.2)], ids=["usual", "opaque", "faint"])
def test_each_pixel_is_as_dense_as_the_points_in_it(code: Any, look: Look) -> None:
    points, labels = crowd()
    scatter = Scatter(Cloud(points), ByClass(labels, 3))
    colours = scatter.colouring.table[labels].astype(float)
    found = channels(draw(scatter, look, VIEW))
    assert np.abs(found - expected(scatter, points, colours, look)).max() <= 1


def test_a_hidden_class_leaves_no_trace(code: Any) -> None:
    points, labels = crowd()
    colouring = ByClass(labels, 3)
    scatter = Scatter(Cloud(points), colouring, colouring.seen({1, -1}))
    kept = (labels != 1) & (labels >= 0)
    assert scatter.drawn == kept.sum()
    alone = Scatter(Cloud(points), ByClass(labels, 3), None, kept)
    assert alone.drawn == kept.sum()
    found = channels(draw(scatter, Look(2.0), VIEW))
    np.testing.assert_array_equal(found, channels(draw(alone, Look(2.0), VIEW)))
    colours = colouring.table[labels[kept]].astype(float)
    assert np.abs(found - expected(scatter, points[kept], colours, Look(2.0))).max() <= 1


def test_hiding_a_class_sorts_nothing_again() -> None:
    points, labels = crowd(5000)
    colouring = ByClass(labels, 3)
    scatter = Scatter(Cloud(points), colouring)
    assert not scatter.ready
    arranged = scatter.arranged
    other = scatter.with_seen(colouring.seen({0}))
    assert other.ready
    assert other.arranged is arranged
    assert other.drawn == (labels != 0).sum()


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_points_does_not_matter(code: Any, seed: int) -> None:
    points, labels = crowd(30_000, seed)
    order = np.random.default_rng(seed + 9).permutation(len(points))
    one = channels(draw(Scatter(Cloud(points), ByClass(labels, 3)), Look(), VIEW))
    two = channels(draw(Scatter(Cloud(points[order]), ByClass(labels[order], 3)), Look(), VIEW))
    assert np.abs(one - two).max() <= 1


@given(st.integers(0, 2**32 - 1), st.floats(0.02, 2.0), st.floats(1.0, 20.0), st.floats(0.05, 1.0), st.integers(1, 6000))
def test_numpy_and_compiled_code_draw_the_same(seed: int, zoom: float, size: float, opacity: float, count: int) -> None:
    generator = np.random.default_rng(seed)
    points = generator.standard_t(2, (count, 2)).astype(generator.choice([np.float32, np.float64]))
    points[generator.random(points.shape) < 0.02] = generator.choice([np.nan, np.inf, -np.inf, 1e30, 5.0])
    colours = generator.integers(0, 256, (count, 3)).astype(np.uint8)
    view = View((SIDE * zoom, -SIDE * zoom), (SIDE * generator.random(), SIDE * generator.random()), SIDE, 40, 1.0)
    look = Look(size, opacity, None if seed % 2 else value_table(64))
    pictures = []
    for module in (plain, kernels):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "_kernels", module)
            pictures.append(draw(scatter_of(points, colours), look, view))
    one, two = (channels(picture) for picture in pictures)
    if look.counts is None:
        assert np.abs(one - two).max() <= 1
    else:  # on the border of two colours either is right
        assert (np.abs(one - two).max(axis=2) > 1).mean() < 0.01
        assert pictures[0].most == pytest.approx(pictures[1].most, rel=1e-4)


# --- how large points are ----------------------------------------------------------------------------------------------------


@given(st.integers(1, FEW), st.floats(0, 1e12))
def test_few_points_have_the_size_that_was_chosen(count: int, area: float) -> None:
    assert share_of_size(count, area) == 1.0


@given(st.integers(FEW, 10**8), st.floats(1.0, 1e9), st.floats(1.0, 50.0))
def test_the_nearer_one_looks_the_larger_points_are(count: int, area: float, zoom: float) -> None:
    assert 0 < share_of_size(count, area) <= share_of_size(count, area * zoom) <= 1
    assert share_of_size(count * 2, area) <= share_of_size(count, area)
    assert share_of_size(count, count * ROOM**2) == pytest.approx(1.0)


def test_the_cover_of_the_screen_does_not_depend_on_the_number() -> None:
    covers = [count * share_of_size(count, 500_000.0) ** 2 for count in (100_000, 1_000_000, 50_000_000)]
    assert covers == pytest.approx([covers[0]] * 3)


def test_a_million_equal_points_are_one_disc(code: Any) -> None:
    scatter = Scatter(Cloud(np.full((40_000, 2), 0.5, np.float32)), ByClass(np.zeros(40_000, np.int64), 1))
    picture = channels(draw(scatter, Look(), VIEW))
    assert picture[28, 36, 3] == 255
    assert 12 <= (picture[..., 3] > 200).sum() <= 45


# --- quick -------------------------------------------------------------------------------------------------------------------


def test_what_takes_little_time_is_exact_also_when_quick(code: Any) -> None:
    points, labels = crowd(5000)
    scatter = Scatter(Cloud(points), ByClass(labels, 3))
    quick, whole = draw(scatter, Look(), VIEW, quick=True), draw(scatter, Look(), VIEW)
    assert quick.exact
    assert whole.exact
    np.testing.assert_array_equal(quick.words, whole.words)


@pytest.mark.parametrize(("at_once", "size"), [(60_000, 5.0), (20_000, 5.0), (30_000, 60.0)], ids=["half", "an eighth", "discs"])
def test_a_quick_picture_has_as_much_ink_in_the_same_places(code: Any, monkeypatch: pytest.MonkeyPatch, at_once: int, size: float) -> None:
    points, labels = crowd(120_000)
    scatter = Scatter(Cloud(points), ByClass(labels, 3))
    look = Look(size, 0.05)
    monkeypatch.setattr(bands, "FAINTEST", 0.0)
    whole = channels(draw(scatter, look, VIEW))
    monkeypatch.setattr(bands, "AT_ONCE", at_once)
    made = draw(scatter, look, VIEW, quick=True)
    assert not made.exact
    quick = channels(made)

    def ink(picture: NDArray[np.int64]) -> NDArray[np.float64]:
        """-log(1 - opacity), in squares of 16 x 16 pixels."""
        weights = -np.log1p(-np.minimum(picture[..., 3], 254) / 255)
        found: NDArray[np.float64] = weights.reshape(4, 16, 4, 16).sum(axis=(1, 3))
        return found

    assert ink(quick).sum() == pytest.approx(ink(whole).sum(), rel=0.15)
    np.testing.assert_allclose(ink(quick), ink(whole), rtol=0.3, atol=0.05 * ink(whole).max())
    seen = (quick[..., 3] > 40) & (whole[..., 3] > 40)
    hues = [picture[seen][:, :3] / picture[seen][:, 3:] for picture in (quick, whole)]
    assert np.abs(hues[0] - hues[1]).mean() < 0.1


# --- counts ------------------------------------------------------------------------------------------------------------------


def test_colours_by_counts_are_those_of_the_scale(code: Any) -> None:
    points, labels = crowd()
    scatter, table = Scatter(Cloud(points), ByClass(labels, 3)), value_table(256)
    picture = draw(scatter, Look(5.0, 1.0, table), VIEW)
    inside, y, x = pixel_of(points)
    counts = np.zeros((SIDE, SIDE))
    np.add.at(counts, (y[inside], x[inside]), 1)
    assert picture.most == pytest.approx(counts.max(), rel=1e-3)
    found = channels(picture)
    assert (found[counts == 0] == 0).all()
    assert (found[counts > 0][:, 3] == 255).all()
    wanted = np.log(counts[counts > 0]) / np.log(counts.max()) * 255
    distance = np.abs(table.astype(int)[None] - found[counts > 0][:, None, :3]).sum(axis=2)
    assert np.abs(distance.argmin(axis=1) - wanted).max() <= 1
    assert (distance.min(axis=1) == 0).all()


def test_one_point_counts_one(code: Any) -> None:
    table = value_table(16)
    picture = draw(scatter_of(np.array([[0.06, 0.06]]), np.zeros((1, 3), np.uint8)), Look(6.0, 0.5, table), VIEW)
    assert picture.most == pytest.approx(1.0)
    centre = channels(picture)[31, 32]
    assert centre[3] == 128
    np.testing.assert_allclose(centre[:3], table[0] / 2, atol=1)
