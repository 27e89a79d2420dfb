"""The generated shapes against masks drawn the slow way: each pixel asked at many points whether it lies inside."""

from __future__ import annotations

import colorsys
import math
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from latent_explorer.core.checkpoint.library import resolve_model
from latent_explorer.core.checkpoint.record import read_record
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.data.shapes import FORMS, RANGES, draw_images, shapes
from latent_explorer.core.errors import DatasetError
from latent_explorer.core.types import ImageDataset

NAMES = {
    "shapes": (32, False),
    "shapes-28": (28, False),
    "shapes-64": (64, False),
    "shapes-colour": (32, True),
    "shapes-64-colour": (64, True),
}
FINE = 16  # points along each side of a pixel
PERIODS = {"square": math.tau / 4, "triangle": math.tau / 3, "cross": math.tau / 4}


def polygon(form: str, radius: float) -> NDArray[np.float64]:
    """Corners, counter-clockwise, of a form about its centre with the area of a disc of this radius; (K, 2)."""
    if form == "square":
        half = radius * math.sqrt(math.pi) / 2
        corners = [(half, half), (-half, half), (-half, -half), (half, -half)]
    elif form == "triangle":
        side = radius * math.sqrt(4 * math.pi / math.sqrt(3))  # the area is sqrt(3) / 4 times the side squared
        height = side * math.sqrt(3) / 2
        corners = [(0, height * 2 / 3), (-side / 2, -height / 3), (side / 2, -height / 3)]
    else:
        thin = radius * math.sqrt(math.pi / 20)  # five squares of twice this side
        long = 3 * thin
        arm = [(long, -thin), (long, thin), (thin, thin)]
        corners = [
            (x * math.cos(t) - y * math.sin(t), x * math.sin(t) + y * math.cos(t)) for t in np.arange(4) * math.pi / 2 for x, y in arm
        ]
    return np.array(corners)


def covered(form: str, x: float, y: float, radius: float, rotation: float, *, size: int) -> NDArray[np.float64]:
    """The part of each pixel that lies inside, (size, size): even-odd rule at FINE x FINE points a pixel."""
    points = (np.arange(size * FINE) + 0.5) / (size * FINE)
    right, up = np.meshgrid(points - x, 1 - points - y)
    if form == "disc":
        inside = right**2 + up**2 < radius**2
    else:
        turn = np.array([[math.cos(rotation), math.sin(rotation)], [-math.sin(rotation), math.cos(rotation)]])
        corners = polygon(form, radius) @ turn
        inside = np.zeros(right.shape, bool)
        for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
            crosses = (y0 > up) != (y1 > up)
            if y0 != y1:
                inside ^= crosses & (right < x0 + (up - y0) * (x1 - x0) / (y1 - y0))
    parts: NDArray[np.float64] = inside.reshape(size, FINE, size, FINE).mean(axis=(1, 3))
    return parts


def light(data: ImageDataset) -> NDArray[np.float64]:
    """Grey images as parts of full light, (N, H, W)."""
    return data.images[..., 0] / 255


def centre_and_area(parts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centre of mass x and y (upward) and area of images (N, S, S), in parts of the side."""
    size = parts.shape[1]
    middles = (np.arange(size) + 0.5) / size
    mass = parts.sum(axis=(1, 2))
    return (parts.sum(axis=1) @ middles) / mass, (parts.sum(axis=2) @ (1 - middles)) / mass, mass / size**2


def drawn(form: str, rotation: float, *, x: float = 0.5, y: float = 0.5, radius: float = 0.17, size: int = 32) -> NDArray[np.uint8]:
    """One grey image (size, size)."""
    columns = {name: np.array([v], np.float32) for name, v in (("x", x), ("y", y), ("size", radius), ("rotation", rotation))}
    image: NDArray[np.uint8] = draw_images(columns, np.array([FORMS.index(form)]), size)[0, :, :, 0]
    return image


@pytest.fixture(scope="module")
def sets() -> dict[str, ImageDataset]:
    return {name: shapes(count=600, size=size, colour=colour) for name, (size, colour) in NAMES.items()}


# --- what is drawn ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shapes", "shapes-28", "shapes-64"])
def test_pixels_are_lit_as_far_as_they_are_covered(sets: dict[str, ImageDataset], name: str) -> None:
    data = sets[name]
    size = data.image_shape[0]
    for row in range(40):
        x, y, radius, rotation = (float(data.columns[key][row]) for key in ("x", "y", "size", "rotation"))
        truth = covered(FORMS[row % 4], x, y, radius, rotation, size=size)
        error = np.abs(light(data)[row] - truth)
        # The distance to the edge tells the covered part only nearly where the edge is oblique, and less well at corners.
        assert error.max() < 0.35, (row, FORMS[row % 4])
        assert error.sum() < 0.035 * truth.sum(), (row, FORMS[row % 4])


@pytest.mark.parametrize("name", ["shapes", "shapes-28", "shapes-64"])
def test_centre_of_mass_and_area_are_the_factors(sets: dict[str, ImageDataset], name: str) -> None:
    data = sets[name]
    x, y, area = centre_and_area(light(data))
    pixel = 1 / data.image_shape[0]
    assert np.abs(x - data.columns["x"]).max() < 0.1 * pixel
    assert np.abs(y - data.columns["y"]).max() < 0.1 * pixel  # upward: a small y lies low in the image
    relative = area / (np.pi * data.columns["size"] ** 2)
    disc = data.labels == 0
    assert np.abs(relative[disc] - 1).max() < 0.01
    assert np.abs(relative - 1).max() < 0.04


def test_y_points_up_and_x_to_the_right() -> None:
    image = drawn("disc", 0, x=0.3, y=0.6)
    rows, columns = np.nonzero(image)
    assert rows.mean() < 15.5
    assert columns.mean() < 15.5


def test_a_turn_is_counter_clockwise() -> None:
    """The triangle's upper corner goes left."""
    radius = 0.2
    image = drawn("triangle", math.pi / 8, radius=radius, size=256)
    highest = np.nonzero(image)[0].min()
    corner = np.nonzero(image[highest])[0].mean()
    reach = radius * math.sqrt(4 * math.pi / math.sqrt(27))
    assert corner == pytest.approx(128 - math.sin(math.pi / 8) * reach * 256, abs=2)
    assert highest == pytest.approx(128 - math.cos(math.pi / 8) * reach * 256, abs=2)


@pytest.mark.parametrize("form", PERIODS)
@pytest.mark.parametrize("rotation", [0.0, -0.3, 0.25])
def test_a_turn_by_the_symmetry_changes_nothing(form: str, rotation: float) -> None:
    # Half a symmetry away it does, and by much.
    one, same, other = (drawn(form, rotation + part * PERIODS[form]).astype(int) for part in (0, 1, 0.5))
    assert np.abs(one - same).max() <= 1
    assert np.abs(one - other).sum() > 0.15 * one.sum()


def test_no_two_rotations_look_alike() -> None:
    low, high = RANGES["rotation"]
    assert low == -high
    for form, period in PERIODS.items():
        assert high - low < period
        images = [drawn(form, angle, size=64).astype(int) for angle in np.linspace(low, high, 9)]
        distances = [[np.abs(one - other).sum() for other in images] for one in images]
        assert min(distances[a][b] for a in range(9) for b in range(a)) > 0.02 * images[0].sum(), form
    turned = [drawn("disc", angle) for angle in (0.0, 0.3)]
    assert np.abs(turned[0].astype(int) - turned[1]).max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_no_image_is_empty_or_touches_the_border(name: str) -> None:
    images = load_dataset(name).images
    size, channels = NAMES[name][0], 3 if NAMES[name][1] else 1
    assert images.shape == (12_000, size, size, channels)
    assert images.dtype == np.uint8
    assert images.max(axis=(1, 2, 3)).min() == 255
    for border in (images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]):
        assert int(border.max()) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [28, 32, 64, 256])
def test_the_extremes_of_the_ranges_fit(form: str, size: int) -> None:
    for x in RANGES["x"]:
        for y in RANGES["y"]:
            for rotation in np.linspace(*RANGES["rotation"], 16):
                image = drawn(form, rotation, x=x, y=y, radius=RANGES["size"][1], size=size)
                assert max(image[0].max(), image[-1].max(), image[:, 0].max(), image[:, -1].max()) == 0


def test_colours(sets: dict[str, ImageDataset]) -> None:
    grey, colour = sets["shapes"], sets["shapes-colour"]
    inside = light(grey)[..., np.newaxis]
    hues = np.array([colorsys.hsv_to_rgb(float(h), 0.7, 1.0) for h in colour.columns["hue"]])
    np.testing.assert_allclose(colour.images, inside * hues[:, np.newaxis, np.newaxis] * 255, atol=1.01)
    assert np.ptp(hues[:, 1]) > 0.65
    assert "hue" not in grey.columns


# --- what is told about it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_factors_fill_their_ranges(sets: dict[str, ImageDataset], name: str) -> None:
    data = sets[name]
    factors = [key for key in RANGES if key != "hue" or NAMES[name][1]]
    assert list(data.columns) == [*factors, "form"]
    for key in factors:
        column, (low, high) = data.columns[key], RANGES[key]
        assert column.dtype == np.float32
        drawn_for = column[data.labels != 0] if key == "rotation" else column
        assert np.float32(low) <= column.min()
        assert column.max() <= np.float32(high)
        counts = np.histogram(drawn_for, bins=4, range=(low, high))[0]
        assert np.abs(counts / len(drawn_for) - 0.25).max() < 0.08
    np.testing.assert_array_equal(data.columns["form"], data.labels)
    assert not data.columns["rotation"][data.labels == 0].any()


def test_position_dominates_and_x_most_of_all(sets: dict[str, ImageDataset]) -> None:
    """What the images' pixels change along each factor: far more along x than along y, and least along the others."""
    data = sets["shapes-64-colour"]
    wide, high = (RANGES[key][1] - RANGES[key][0] for key in ("x", "y"))
    assert wide > 2 * high
    middle = {key: np.full(400, np.mean(RANGES[key]), np.float32) for key in RANGES}
    spread = {}
    for key in RANGES:
        columns = {**middle, key: np.linspace(*RANGES[key], 400, dtype=np.float32)}
        images = np.concatenate([draw_images(columns, np.full(400, form), 64) for form in (1, 2, 3)]).reshape(3, 400, -1) / 255
        steps = np.sqrt((np.diff(images, axis=1) ** 2).sum(axis=2))
        spread[key] = float(steps.sum(axis=1).mean())  # length of the way through the space of images
    assert spread["x"] > 1.5 * spread["y"], spread
    assert spread["y"] > 1.5 * max(spread["size"], spread["rotation"], spread["hue"]), spread
    corner = np.abs(np.corrcoef([column[data.labels != 0] for key, column in data.columns.items() if key != "form"]))
    assert (corner - np.eye(len(corner))).max() < 0.15  # drawn independently


def test_labels_and_split(sets: dict[str, ImageDataset]) -> None:
    for name, data in sets.items():
        assert (data.name, data.source) == (name, "built in")
        assert data.class_names == FORMS
        assert data.labels is not None
        np.testing.assert_array_equal(np.bincount(data.labels), [150] * 4)
        np.testing.assert_array_equal(np.bincount(data.labels[data.split.test]), [25] * 4)
        assert [len(part) for part in (data.split.train, data.split.validation)] == [450, 50]
        rows = np.concatenate([data.split.train, data.split.validation, data.split.test])
        np.testing.assert_array_equal(np.sort(rows), np.arange(600))


def test_the_registry_gives_each_by_its_name() -> None:
    for name, (size, colour) in NAMES.items():
        data = load_dataset(name)
        assert data.name == name
        assert data.image_shape == (size, size, 3 if colour else 1)
        assert [len(part) for part in (data.split.train, data.split.validation, data.split.test)] == [9_000, 1_000, 2_000]


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (shapes(count=50, seed=seed) for seed in (3, 3, 4))
    assert first.content_hash == again.content_hash
    for key, column in first.columns.items():
        np.testing.assert_array_equal(column, again.columns[key])
    assert first.content_hash != other.content_hash
    assert np.abs(first.columns["x"] - other.columns["x"]).max() > 0.1


def test_an_image_depends_neither_on_the_count_nor_its_factors_on_size_and_colour(sets: dict[str, ImageDataset]) -> None:
    few = shapes(count=37)
    np.testing.assert_array_equal(few.images, sets["shapes"].images[:37])
    for data in sets.values():
        for key, column in few.columns.items():
            np.testing.assert_array_equal(column, data.columns[key][:37])


def test_any_size_and_any_count() -> None:
    assert shapes(count=1).images.shape == (1, 32, 32, 1)
    odd = shapes(count=9, size=41, colour=True)
    assert odd.name == "shapes-41-colour"
    assert odd.images.shape == (9, 41, 41, 3)


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": -3}, {"size": 27}, {"size": 257}, {"seed": -1}])
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DatasetError, match=r"1 image or more, a size of 28 to 256 pixels and a seed of 0 or more\.$"):
        shapes(**wrong)


def test_shapes_28_have_the_size_of_the_models_of_mnist() -> None:
    """So that they can be the foreign images of ``evaluate --against``."""
    model = read_record(resolve_model("mnist-dense")).handle.architecture
    assert load_dataset("shapes-28").image_shape == model.image_shape
