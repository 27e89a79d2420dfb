"""Counts and distances of the codes around a point, against brute force, and the sentence that says them."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray

from latent_explorer.core.plane import neighbours as neighbours_module
from latent_explorer.core.plane.neighbours import (
    NEAR,
    NEAREST,
    Neighbours,
    Surroundings,
    densest_place,
    images_of,
    radius_for,
    sentence,
)
from latent_explorer.core.types import Codes, ImageDataset

NAMES = ("zero", "one", "two")


def by_hand(z: NDArray[np.float64], labels: NDArray[np.int64], point: NDArray[np.float64], radius: float) -> Surroundings:
    distances = np.sqrt(((z - point) ** 2).sum(1))
    near = np.flatnonzero(distances <= radius)
    if not len(near):
        return Surroundings(0, distances.min(), int(labels[distances.argmin()]), 0.0)
    votes = Counter(labels[near].tolist())
    best = min(votes, key=lambda label: (-votes[label], label))
    return Surroundings(len(near), distances.min(), best, votes[best] / len(near))


def same(one: Surroundings, two: Surroundings) -> None:
    assert (one.near, one.label) == (two.near, two.label)
    assert [one.distance, one.share] == pytest.approx([two.distance, two.share])


@pytest.fixture(params=[20_000, 0], ids=["one by one", "by a tree"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few codes are looked through in another way than many."""
    monkeypatch.setattr(neighbours_module, "FEW", request.param)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_around_is_what_brute_force_finds(d: int, way: None) -> None:
    generator = np.random.default_rng(d)
    z = (0.5 * generator.standard_normal((600, d))).astype(np.float32)
    labels = generator.integers(-1, 3, 600)
    neighbours = Neighbours(z, labels)
    found = []
    for point in np.concatenate([generator.standard_normal((60, d)), z[:20]]):
        around = neighbours.around(point)
        same(around, by_hand(z.astype(float), labels, np.asarray(point, float), neighbours.radius))
        assert (around.radius, around.dimensions) == (neighbours.radius, d)
        distances = np.sqrt(((z.astype(float) - point) ** 2).sum(1))
        assert list(around.nearest) == np.argsort(distances)[:NEAREST].tolist()
        assert around.distances == pytest.approx(np.sort(distances)[:NEAREST])
        found.append(around.near)
    assert max(found) > 3
    assert min(found) == 0


@pytest.mark.parametrize("d", [1, 2])
def test_on_a_plane_the_radius_is_always_the_same(d: int) -> None:
    assert radius_for(np.random.default_rng(0).standard_normal((100, d))) == NEAR


@pytest.mark.parametrize(("d", "count"), [(3, 64), (5, 40), (32, 64), (256, 20)])
def test_in_more_dimensions_the_radius_is_how_near_codes_lie_to_each_other(d: int, count: int) -> None:
    z = np.random.default_rng(d).normal(5, 1, (count, d)).astype(np.float32)
    nearest = sorted(min(math.dist(a, b) for k, b in enumerate(z) if k != j) for j, a in enumerate(z))
    median = (nearest[(count - 1) // 2] + nearest[count // 2]) / 2
    assert radius_for(z) == pytest.approx(median, rel=0.06)  # it is told with two digits
    assert radius_for(z) == float(f"{radius_for(z):.2g}")
    near = [Neighbours(z, np.zeros(count, np.int64)).around(point).near for point in z]
    assert 0.3 * count < sum(n > 1 for n in near) < 0.7 * count  # about half of them have another one as near


@pytest.mark.parametrize("z", [np.ones((50, 4), np.float32), np.ones((1, 4), np.float32), np.zeros((0, 4), np.float32)])
def test_codes_at_one_place_leave_a_radius(z: NDArray[np.float32]) -> None:
    assert radius_for(z) == NEAR


@pytest.mark.parametrize("d", [2, 3, 8, 40])
def test_the_densest_place_lies_in_the_closest_of_several_clouds(d: int) -> None:
    generator = np.random.default_rng(d)
    centres = np.zeros((3, d))
    centres[1, 0], centres[2, 1] = 8, -8
    kinds = zip(centres, (1, 0.3, 1), (150, 90, 150), strict=True)
    clouds = [centre + scale * generator.standard_normal((count, d)) for centre, scale, count in kinds]
    place = densest_place(np.concatenate(clouds).astype(np.float32))
    assert np.linalg.norm(place - centres[1]) < 0.3 * math.sqrt(d)
    one = generator.standard_normal((1, d))
    assert densest_place(one) == pytest.approx(one[0])


def test_codes_that_are_not_finite_are_left_out(way: None) -> None:
    z = np.array([[0, 0], [np.nan, 0], [0.05, np.inf], [0.05, 0], [3, 3]], np.float32)
    around = Neighbours(z, np.array([2, 0, 0, 2, 1])).around(np.zeros(2))
    assert (around.near, around.label, around.share, around.distance) == (2, 2, 1.0, 0.0)
    assert around.nearest == (0, 3, 4)  # rows of what was given, not of what was left over
    far = Neighbours(z, np.array([2, 0, 0, 2, 1])).around(np.array([3.0, 2.0]))
    assert (far.near, far.label, far.distance) == (0, 1, 1.0)


@pytest.mark.parametrize("z", [np.zeros((0, 2), np.float32), np.full((3, 2), np.nan, np.float32)])
def test_no_codes_at_all(z: NDArray[np.float32], way: None) -> None:
    around = Neighbours(z, np.zeros(len(z), np.int64)).around(np.array([1.0, 1.0]))
    assert (around.near, around.label, around.share) == (0, -1, 0.0)
    assert around.nearest == around.distances == ()
    assert math.isnan(around.distance)
    assert sentence(around, NAMES) == "No codes to compare with."


def test_later_changes_of_the_codes_do_not_matter(way: None) -> None:
    z, labels = np.zeros((4, 2), np.float32), np.zeros(4, np.int64)
    neighbours = Neighbours(z, labels)
    z += 5
    assert neighbours.around(np.zeros(2)).near == 4


def test_images_of_codes_are_the_rows_of_their_data_set(digits: ImageDataset) -> None:
    rows = digits.split.test[[5, 3, 9]]
    codes = Codes("mean", np.zeros((3, 2), np.float32), rows, np.zeros(3, np.int64))
    found = images_of(codes, (2, 0), digits)
    assert found is not None
    np.testing.assert_array_equal(found, digits.images[rows[[2, 0]]])
    assert images_of(codes, (), digits) is None


@pytest.mark.parametrize("row", [-1, 1797])
def test_a_row_outside_the_data_set_has_no_image(digits: ImageDataset, row: int) -> None:
    """A foreign file may say what it likes."""
    codes = Codes("mean", np.zeros((2, 2), np.float32), np.array([0, row]), np.zeros(2, np.int64))
    assert images_of(codes, (0, 1), digits) is None
    assert images_of(codes, (0,), digits) is not None


@pytest.mark.parametrize(
    ("around", "text"),
    [
        (Surroundings(0, 0.25, 1, 0), "No code within 0.1; the nearest lies 0.250 away (class one)."),
        (Surroundings(0, 0.25, -1, 0), "No code within 0.1; the nearest lies 0.250 away (no label)."),
        (Surroundings(0, 0.25, 7, 0), "No code within 0.1; the nearest lies 0.250 away (no label)."),
        (Surroundings(1, 0.01, 2, 1), "1 code within 0.1, of class two; the nearest 0.010 away."),
        (Surroundings(1, 0.01, 7, 1), "1 code within 0.1, with no label; the nearest 0.010 away."),
        (Surroundings(1234, 0.01, 0, 0.914), "1,234 codes within 0.1, 91% of them class zero; the nearest 0.010 away."),
        (Surroundings(5, 0.0, -1, 1), "5 codes within 0.1; the nearest 0.000 away."),
        (
            Surroundings(0, 3.25, 1, 0, radius=2.9, dimensions=32),
            "No code within 2.9 in all 32 dimensions; the nearest lies 3.250 away (class one).",
        ),
        (
            Surroundings(12, 2.1, 2, 0.75, radius=2.9, dimensions=32),
            "12 codes within 2.9 in all 32 dimensions, 75% of them class two; the nearest 2.100 away.",
        ),
    ],
)
def test_the_sentence_states_counts_and_distances(around: Surroundings, text: str) -> None:
    assert sentence(around, NAMES) == text


def test_one_code_has_a_class_and_a_sphere_chords() -> None:
    assert sentence(Surroundings(1, 0.0, 2, 1.0), NAMES) == f"1 code within 0.1, of class {NAMES[2]}; the nearest 0.000 away."
    z = np.array([[1, 0, 0], [0.9987503, 0.0499792, 0], [0, 1, 0]], np.float32)  # the second 0.05 radians from the first
    around = Neighbours(z, np.array([2, 2, 0]), kind="sphere").around(np.array([1.0, 0.0, 0.0]))
    assert sentence(around, NAMES) == f"2 codes within 0.1 (chord), 100% of them class {NAMES[2]}; the nearest 0.000 away."
    assert around.distances[1] == pytest.approx(2 * math.sin(0.025), abs=1e-6)


def test_the_sentence_promises_nothing() -> None:
    """No word of trust, confidence or probability: it counts."""
    for near in (0, 1, 50):
        for label in (-1, 0, 2):
            text = sentence(Surroundings(near, 0.05, label, 0.5), NAMES).lower()
            assert not re.search(r"trust|confiden|probab|certain|likely|reliab|sure|good|bad|should", text)


@pytest.mark.parametrize("count", [200, 30_000], ids=["one by one", "by a tree"])
def test_on_a_torus_ways_go_round_the_ends(count: int) -> None:
    z = np.random.default_rng(7).random((count, 2)).astype(np.float32)
    point = np.array([0.995, 0.002])
    around = Neighbours(z, np.zeros(count, np.int64), kind="torus").around(point)
    ways = np.abs(z.astype(np.float64) - point)
    ways = np.hypot(*np.minimum(ways, 1 - ways).T)
    assert around.near == (ways <= 0.1).sum()
    np.testing.assert_allclose(around.distances, np.sort(ways)[:6], rtol=1e-6)
    assert around.nearest == tuple(np.argsort(ways)[:6].tolist())


def test_a_sphere_counts_within_the_same_radius_as_a_plane() -> None:
    z = np.random.default_rng(0).standard_normal((500, 3))
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    around = Neighbours(z, np.zeros(len(z), np.int64), kind="sphere").around(z[7])
    assert around.radius == NEAR
    assert around.near == np.count_nonzero(np.linalg.norm(z - z[7], axis=1) <= NEAR)
