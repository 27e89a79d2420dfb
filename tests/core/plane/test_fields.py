"""Holes, contours and class regions: known truths, and what is offered to whom."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.plane.cells import Cells, cells_between, cells_for
from latent_explorer.core.plane.contours import MOST, contours_of
from latent_explorer.core.plane.density import aggregate_density
from latent_explorer.core.plane.field import PlaneField, class_field, kinds_for, split_name
from latent_explorer.core.plane.fields import (
    HOLE_LEVEL,
    Range,
    aggregate_ratio,
    covariance_on_plane,
    density_field,
    hole_mass,
    holes_field,
    log_ticks,
    prior_strength,
    regions_field,
    sensitivity_field,
    variance_on_plane,
    with_contours,
)
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.regions import Regions
from latent_explorer.core.types import Codes, ModelHandle, Slot

PLANE = PlaneFrame.identity()


def square(edge: float, count: int) -> Cells:
    return cells_between(np.full(2, -edge), np.full(2, edge), count, count)


def normal(count: int, spread: float = 0.3, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Posteriors whose mixture is N(0, I): means narrower than the prior by the posteriors' own variance."""
    mean = np.random.default_rng(seed).normal(size=(count, 2)) * math.sqrt(1 - spread**2)
    return mean, np.full((count, 2), spread**2)


# --- holes -------------------------------------------------------------------------------------------------------------------


def test_the_ratio_of_a_standard_normal_is_near_one() -> None:
    cells = square(2.0, 40)
    ratio = aggregate_ratio(*normal(100_000), PLANE, cells)
    assert np.abs(np.log10(ratio)).max() < 0.1
    assert hole_mass(*normal(20_000)) < 0.003


@pytest.mark.parametrize("wide", [0.5, 1.0])
def test_a_gap_is_a_hole_of_the_prior_s_mass_there(wide: float) -> None:
    """Codes as the prior has them, but none in a strip."""
    mean, variance = normal(40_000, 0.05)
    kept = np.abs(mean[:, 0]) > wide
    mass = hole_mass(mean[kept], variance[kept])
    # The posteriors reach into the gap: a tenth is left 1.28 of their standard deviations inside.
    assert mass == pytest.approx(math.erf((wide - 1.28 * 0.05) / math.sqrt(2)), abs=0.02)
    cells = square(2.5, 200)
    ratio = aggregate_ratio(mean[kept], variance[kept], PLANE, cells)
    inside = np.abs(cells.x) < wide - 0.15
    assert ratio[:, inside].max() < 0.1
    assert np.median(ratio[:, np.abs(cells.x) > wide + 0.15]) > 0.7


def test_the_line_around_a_hole_lies_at_its_edge() -> None:
    mean, variance = normal(100_000, 0.05)
    kept = np.hypot(*mean.T) > 1.0
    cells = square(2.0, 160)
    field = with_contours(holes_field(aggregate_ratio(mean[kept], variance[kept], PLANE, cells), cells), cells)
    (contour,) = field.contours
    assert contour.level == HOLE_LEVEL == -1.0
    radius = np.hypot(*contour.points.T)
    near = radius[radius < 1.3]
    assert len(near) > 100
    assert np.median(near) == pytest.approx(0.97, abs=0.06)


def test_tilted_posteriors_are_those_of_scipy_and_leave_larger_holes_than_their_axes_say() -> None:
    generator = np.random.default_rng(3)
    factor = np.tril(generator.normal(size=(30, 2, 2))) * 0.5 + 0.3 * np.eye(2)
    mean, covariance = generator.normal(size=(30, 2)), factor @ factor.transpose(0, 2, 1)
    mean[7] = np.nan  # adds nothing
    x, y = np.linspace(-3, 3, 41), np.linspace(2.5, -2.5, 60)
    places = np.stack(np.meshgrid(x, y), axis=-1)
    kept = [n for n in range(30) if n != 7 and min(covariance[n, 0, 0], np.linalg.det(covariance[n]) / covariance[n, 0, 0]) > 0.11**2]
    assert len(kept) > 12
    wanted = np.mean([multivariate_normal(mean[n], covariance[n]).pdf(places) for n in kept], axis=0)
    rows = [*kept, 7]
    np.testing.assert_allclose(aggregate_density(mean[rows], covariance[rows], x, y), wanted, atol=2e-5)
    line = np.array([[[1.0, 0.99], [0.99, 1.0]]])  # nearly all of it near x = y, though each axis by itself is as the prior
    x = -4.5 + 9 / 128 * (np.arange(128) + 0.5)
    square = np.stack(np.meshgrid(x, x), axis=-1)
    prior = multivariate_normal(np.zeros(2), np.eye(2)).pdf(square)
    holes = multivariate_normal(np.zeros(2), line[0]).pdf(square) < 0.1 * prior
    assert hole_mass(np.zeros((1, 2)), line) == pytest.approx(prior[holes].sum() / prior.sum(), abs=0.01)
    assert hole_mass(np.zeros((1, 2)), line) > 0.6
    assert hole_mass(np.zeros((1, 2)), np.ones((1, 2))) == 0


def test_a_posterior_that_is_a_line_keeps_its_mass_between_cells() -> None:
    for slope in (0.0, 1.0, 40.0):
        along = np.array([1.0, slope]) / math.hypot(1, slope) * 0.5
        x = np.linspace(-4, 4, 161)
        density = aggregate_density(np.zeros((1, 2)), np.outer(along, along)[None], x, x)
        assert density.sum() * (x[1] - x[0]) ** 2 == pytest.approx(1, abs=2e-3)


def test_outside_the_prior_the_lack_of_codes_is_no_hole() -> None:
    cells = square(6.0, 60)
    ratio = aggregate_ratio(np.array([[5.0, 0.0]]), np.array([[0.04, 0.04]]), PLANE, cells)
    radius = np.hypot(*cells.centres().T).reshape(ratio.shape)
    assert np.isnan(ratio[(radius > 3.8) & (cells.x[None] < 0)]).all()
    assert not np.isnan(ratio[radius < 3.6]).any()
    assert np.nanmax(ratio) > 1e3  # codes where the prior expects none are shown


def test_colours_of_holes_fade_where_the_prior_has_hardly_any_mass() -> None:
    cells = square(6.0, 60)
    strength = prior_strength(PLANE, cells)
    radius = np.hypot(*cells.centres().T).reshape(strength.shape)
    assert (strength[radius < 3.0] == 1).all()  # 99 % of the mass lie within 3.035
    assert 0.05 < strength[np.abs(radius - 3.7) < 0.1].mean() < 0.2
    assert strength[radius > 5].max() < 1e-3
    ratio = np.full(strength.shape, 100.0, np.float32)
    alpha = holes_field(ratio, cells, "", strength).words(dark=True) >> 24
    assert np.abs(alpha - 255 * strength).max() < 1


def test_in_the_coordinates_phi_holes_are_the_same_places() -> None:
    mean, variance = normal(5_000, 0.2)
    kept = mean[:, 0] > 0
    shown = PLANE.shown_as("phi")
    x, y = shown.to_plane(np.array([0.4, 1.0]))
    one = aggregate_ratio(mean[kept], variance[kept], shown, Cells(x - 5e-4, y + 5e-4, 1e-3, 1e-3, 2, 2))
    two = aggregate_ratio(mean[kept], variance[kept], PLANE, Cells(0.4 - 5e-4, 1.0 + 5e-4, 1e-3, 1e-3, 2, 2))
    assert one[0, 0] == pytest.approx(two[0, 0], rel=1e-3)


def test_covariances_follow_the_axes_of_the_plane() -> None:
    covariance = np.array([[[0.3, 0.1, 0.0], [0.1, 0.2, -0.05], [0.0, -0.05, 0.4]]])
    np.testing.assert_allclose(covariance_on_plane(PlaneFrame.axes(2, 1, (0, 0, 0)), covariance)[0], [[0.4, -0.05], [-0.05, 0.2]])
    assert covariance_on_plane(PlaneFrame.line(), covariance[:, :1, :1])[0, 0, 0] == pytest.approx(0.3)
    turned = PlaneFrame(np.zeros(2), np.array([[2.0, 2.0], [-1.0, 1.0]]))
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(2), covariance[0, :2, :2], 200_000)
    np.testing.assert_allclose(covariance_on_plane(turned, covariance[:, :2, :2])[0], np.cov(turned.to_plane(draws).T), atol=3e-3)


def test_variances_follow_the_axes_of_the_plane() -> None:
    log_var = np.log(np.array([[0.1, 0.2, 0.3]]))
    assert variance_on_plane(PlaneFrame.axes(2, 0, (0, 0, 0)), log_var)[0] == pytest.approx([0.3, 0.1])
    assert variance_on_plane(PlaneFrame.line(), log_var[:, :1])[0, 0] == pytest.approx(0.1)


# --- regions -----------------------------------------------------------------------------------------------------------------


def test_regions_of_two_blobs_part_in_the_middle() -> None:
    generator = np.random.default_rng(2)
    points = generator.normal(size=(400, 2)) * 0.2 + np.repeat([(-1.0, 0.0), (1.0, 0.0)], 200, axis=0)
    labels = np.repeat(np.array([3, 7]), 200)
    cells = square(2.0, 40)
    found, share = Regions(points, labels).at(cells.centres())
    x = cells.centres()[:, 0]
    assert (found[x < -0.3] == 3).all() and (found[x > 0.3] == 7).all()
    assert (share[np.abs(x) > 0.7] == 1.0).all()
    assert share[np.abs(x) < 0.2].min() < 1.0


def test_of_classes_with_equally_many_the_nearest_wins() -> None:
    labels, share = Regions(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([5, 2])).at(np.array([[0.4, 0.0], [0.6, 0.0]]))
    assert labels.tolist() == [5, 2]
    assert share.tolist() == [0.5, 0.5]


BAD = [
    (np.zeros((0, 2)), np.zeros(0, np.int64), -1, 0.0),
    (np.array([[np.nan, 0.0], [1e308, 0.0]]), np.array([1, 1]), -1, 0.0),
    (np.zeros((3, 2)), np.array([-1, -1, -1]), -1, 0.0),
    (np.zeros((1, 2)), np.array([4]), 4, 1.0),
    (np.full((5000, 2), 0.25), np.full(5000, 2), 2, 1.0),
    (np.array([[np.nan, 0.0], [0.0, 0.0], [np.inf, 0.0]]), np.array([1, 9, 1]), 9, 1.0),
]


@pytest.mark.parametrize(("points", "labels", "label", "share"), BAD, ids=["none", "no numbers", "no labels", "one", "equal", "one good"])
def test_regions_of_hardly_anything(points: NDArray[np.float64], labels: NDArray[np.int64], label: int, share: float) -> None:
    found, part = Regions(points, labels).at(square(1.0, 3).centres())
    assert set(found.tolist()) == {label}
    assert set(part.tolist()) == {share}


# --- contours ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [50, 300, 2 * MOST + 37])
def test_a_contour_lies_where_the_number_is(count: int) -> None:
    cells = Cells(-2.0, 3.0, 4.0 / count, 4.0 / count, count, count)
    values = np.hypot(cells.x[None], cells.y[:, None] - 1.0).astype(np.float32)
    (contour,) = contours_of(values, cells, (1.0,))
    radius = np.hypot(contour.points[:, 0], contour.points[:, 1] - 1.0)
    assert np.abs(radius - 1.0).max() < 2 * (4.0 / min(count, MOST)) ** 2
    assert contour.joined[:-1].all() and not contour.joined[-1]
    assert len(contour.points) < 8 * MOST


def test_two_lines_of_one_level_are_not_joined() -> None:
    cells = square(2.0, 80)
    values = np.broadcast_to(np.abs(cells.x), (80, 80)).astype(np.float32)
    (contour,) = contours_of(values, cells, (1.0,))
    first = int(np.flatnonzero(~contour.joined)[0])
    assert contour.points[first, 0] * contour.points[first + 1, 0] < 0
    assert (~contour.joined).sum() == 2


def test_where_there_is_no_number_there_is_no_line() -> None:
    cells = square(2.0, 60)
    values = np.broadcast_to(cells.x, (60, 60)).astype(np.float32).copy()
    values[:30] = np.nan
    (contour,) = contours_of(values, cells, (0.0,))
    assert contour.points[:, 1].max() < 0.05
    assert contours_of(np.full((60, 60), np.nan, np.float32), cells, (0.0,)) == ()
    assert contours_of(values[:1], cells, (0.0,)) == contours_of(values, cells, ()) == ()


# --- words, cells, offers ----------------------------------------------------------------------------------------------------


def test_densities_are_coloured_by_their_logarithm() -> None:
    cells = square(1.0, 2)
    field = density_field("density", np.array([[0.5, 0.05], [0.005, 0.0]], np.float32), cells, 0.5)
    assert (field.high - field.low, field.log) == (pytest.approx(2.0), True)
    assert 10 ** field.values[0, 1] == pytest.approx(0.05)
    assert np.isfinite(field.values).all()
    assert [round(10**level, 4) for level in field.levels] == [0.01, 0.03, 0.1, 0.3]
    assert log_ticks(-0.5, 1.2) == pytest.approx((0.0, 0.4771, 1.0), abs=1e-4)


def test_fields_say_what_they_are() -> None:
    cells, four = square(1.0, 2), np.zeros((2, 2), np.float32)
    assert density_field("class_density", four, cells, 1.0, name="shoe").title == "Density of class shoe"
    assert density_field("density", four, cells, 1.0, line=True).unit == "per unit"
    assert sensitivity_field("sensitivity", four, cells, Range(0.0, 5.0)).levels == (1.0, 2.0, 3.0, 4.0)
    regions = regions_field(np.arange(4), np.ones(4, np.float32), cells, "", 0.2)
    assert (regions.low, regions.high) == (0.2, 1.0)
    assert regions.values.tolist() == [[0, 1], [2, 3]] and regions.strength is not None


def test_a_field_whose_parts_do_not_fit_is_refused() -> None:
    four = np.zeros((2, 2), np.float32)
    with pytest.raises(ValueError, match="float32"):
        PlaneField("density", "", "", four.astype(np.float64), (0, 0, 1, 1), "depth", 0, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="strength"):
        PlaneField("regions", "", "", four, (0, 0, 1, 1), "classes", 0, 1, strength=four[:1])


@pytest.mark.parametrize("size", [1, 2, 8, 32])
@pytest.mark.parametrize("margin", [0.0, 0.25])
def test_cells_begin_at_a_pixel_s_edge_and_cover_the_window(size: int, margin: float) -> None:
    window = (-1.3, 2.2, 3.7, 2.6)
    cells = cells_for(window, (370, 260), size, margin)
    assert cells.step_x == pytest.approx(0.01 * size) and cells.step_y == pytest.approx(0.01 * size)
    left, bottom, width, height = cells.rectangle
    assert left <= -1.3 + 1e-9 and bottom <= 2.2 + 1e-9 and left + width >= 2.4 - 1e-9 and bottom + height >= 4.8 - 1e-9
    assert (cells.left + 1.3) / cells.step_x == pytest.approx(round((cells.left + 1.3) / cells.step_x), abs=1e-6)
    assert cells.centres()[0] == pytest.approx((cells.x[0], cells.y[0]))
    assert len(cells.centres()) == cells.columns * cells.rows


def test_a_large_screen_has_larger_cells() -> None:
    cells = cells_for((0.0, 0.0, 3.84, 2.16), (3840, 2160), 1)
    assert cells.columns * cells.rows <= 1 << 20
    assert cells_for((0.0, 0.0, 1.0, 1.0), (0, 0), 1).columns == 1


def slot(*, labels: tuple[int, ...] | None = (0, 1), model: str | None = "bernoulli") -> Slot:
    handle = None if model is None else ModelHandle("m", ModelConfig((2, 2, 1), likelihood=model))
    count = len(labels or ())
    codes = Codes("mean", np.zeros((count, 2), np.float32), np.arange(count), np.array(labels or (), np.int64))
    return Slot(0, 1, PLANE, {} if labels is None else {"mean": codes}, handle)


ALL = ("density", "class_density", "prior", "holes", "sensitivity", "information", "regions")
OFFERS = [
    (slot(), ALL),
    (slot(model="gaussian"), tuple(kind for kind in ALL if kind != "information")),
    (slot(labels=(2, 2, -1)), ALL[:-1]),
    (slot(labels=(-1, -1)), ("density", "prior", "holes", "sensitivity", "information")),
    (slot(model=None), ("density", "class_density", "regions")),
    (slot(labels=None), ("prior", "sensitivity", "information")),
    (slot(labels=()), ("prior", "sensitivity", "information")),
    (None, ()),
]


@pytest.mark.parametrize(("shown", "kinds"), OFFERS)
def test_only_what_is_defined_is_offered(shown: Slot | None, kinds: tuple[str, ...]) -> None:
    assert kinds_for(shown) == kinds


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("density", ("density", -1)),
        (class_field(12), ("class_density", 12)),
        ("", ("", -1)),
        ("class_density", ("", -1)),
        ("class_density:x", ("", -1)),
        ("density:3", ("density", 3)),
        ("unknown", ("", -1)),
    ],
)
def test_names_of_fields(name: str, expected: tuple[str, int]) -> None:
    assert split_name(name) == (expected if name != "density:3" else ("", -1))
