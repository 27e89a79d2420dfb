"""The globe: an orthographic map there and back, what lies behind it, and how it is turned."""

from __future__ import annotations

import math

import numpy as np
import pytest

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.globe import degree_marks, degrees_words, facing, graticule, place_on_globe, turned
from latent_explorer.core.plane.slices import frame_of

TURNS = [(0.0, 0.0), (30.0, 40.0), (-170.0, -85.0), (90.0, 90.0)]


def sphere(count: int = 500) -> np.ndarray:
    points = np.random.Generator(np.random.PCG64(1)).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


@pytest.mark.parametrize("turn", TURNS)
def test_the_nearer_half_goes_there_and_back_and_the_farther_is_not_drawn(turn: tuple[float, float]) -> None:
    frame, z = PlaneFrame.globe(*turn), sphere()
    np.testing.assert_allclose(frame.directions @ frame.directions.T, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(np.cross(*frame.directions), frame.origin, atol=1e-12)  # right, up and towards the viewer
    plane, near = frame.to_plane(z), z @ frame.origin >= 0
    assert 100 < near.sum() < 400
    assert np.isnan(plane[~near]).all()
    assert frame.contains(plane[near]).all()
    np.testing.assert_allclose(frame.to_z(plane[near]), z[near], atol=1e-7)
    np.testing.assert_allclose(frame.to_z(np.zeros(2)), frame.origin, atol=1e-12)


def test_beside_the_globe_there_is_nothing_but_its_rim() -> None:
    frame = PlaneFrame.globe(20.0, 10.0)
    beside = np.array([(1.5, 0.0), (3.0, -4.0)])
    assert not frame.contains(beside).any()
    z = frame.to_z(beside)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1.0)
    np.testing.assert_allclose(z @ frame.directions.T, beside / np.linalg.norm(beside, axis=1, keepdims=True), atol=1e-12)


def test_a_turned_globe_continues_the_one_before_and_is_not_parallel_to_it() -> None:
    one, two = PlaneFrame.globe(), PlaneFrame.globe(5.0, 0.0)
    assert two.continues(one)
    assert not two.parallel_to(one)
    assert one.parallel_to(PlaneFrame.globe())
    assert one.key != two.key
    assert not one.continues(PlaneFrame.identity())
    assert one.pair is None and not one.sliced and one.bounds == ((-1.0, -1.0), (1.0, 1.0))
    assert frame_of(3, None, space="sphere").same_as(one)


def test_a_hand_takes_the_globe_with_it() -> None:
    """What was in the middle lies where the hand let go, while it moves a little."""
    for turn in TURNS[:2]:
        before = PlaneFrame.globe(*turn)
        after = PlaneFrame.globe(*turned(turn, 0.01, 0.02))
        np.testing.assert_allclose(after.to_plane(before.origin), (0.01, 0.02), atol=3e-4)


def test_a_globe_is_not_turned_over_its_poles() -> None:
    assert turned((0.0, 80.0), 0.0, -5.0)[1] == 90.0
    longitude, _ = turned((179.0, 0.0), -0.1, 0.0)
    assert -180.0 <= longitude < -170.0


def test_any_point_can_be_turned_to_the_viewer() -> None:
    for z in sphere(20):
        np.testing.assert_allclose(PlaneFrame.globe(*facing(tuple(z.tolist()))).origin, z, atol=1e-12)


def test_the_graticule_lies_on_the_globe() -> None:
    frame = PlaneFrame.globe(15.0, 25.0)
    lines = graticule(frame)
    seen = lines[np.isfinite(lines).all(axis=1)]
    assert len(seen) > 300
    assert (np.square(seen).sum(axis=1) <= 1 + 1e-9).all()
    pole = frame.to_plane(np.array([0.0, 0.0, 1.0]))
    assert np.abs(seen - pole).sum(axis=1).min() < 1e-9  # all meridians meet there
    equator = frame.to_z(seen)[:, 2]
    assert (np.abs(equator) < 1e-9).sum() > 30


def test_what_lies_near_the_globe_is_brought_onto_it() -> None:
    frame = PlaneFrame.globe()
    np.testing.assert_allclose(frame.settled(np.array([0.0, 3.0, 4.0])), (0.0, 0.6, 0.8))
    np.testing.assert_allclose(frame.settled(np.zeros(3)), frame.origin)
    assert math.isclose(float(np.linalg.norm(frame.foot(np.array([0.1, 0.2, 0.3])))), 1.0)


@pytest.mark.parametrize("turn", [(0.0, 0.0), (35.0, -20.0), (-170.0, 60.0)], ids=str)
def test_each_line_s_degrees_stand_on_it(turn: tuple[float, float]) -> None:
    frame = PlaneFrame.globe(*turn)
    marks = degree_marks(frame)
    assert {words[-1] for _, _, words in marks} <= set("NSEW°")
    for x, y, words in marks:
        z = frame.to_z(np.array([x, y]) * (1 - 1e-9))
        longitude, latitude = facing(tuple(z.tolist()))
        number = float(words.split("°")[0])
        if words.endswith(("N", "S")):
            assert latitude == pytest.approx(number if words.endswith("N") else -number, abs=0.5)
        elif words.endswith(("E", "W")):
            assert longitude == pytest.approx(number if words.endswith("E") else -number, abs=0.5)
            assert latitude == pytest.approx(0.0, abs=0.5)
        else:
            assert min(abs(latitude), abs(longitude), 180 - abs(longitude)) < 0.5
        assert words.endswith(("N", "S")) or np.hypot(x, y) <= 1.0


def test_degrees_are_written_as_on_a_map() -> None:
    assert [degrees_words(degrees, "EW") for degrees in (0, 30, -120, 180)] == ["0°", "30° E", "120° W", "180°"]
    assert [degrees_words(degrees, "NS", 1) for degrees in (12.34, -0.06, -0.04, 0.0)] == ["12.3° N", "0.1° S", "0.0°", "0.0°"]
    assert [degrees_words(degrees, "EW", 1) for degrees in (-179.96, 179.94, -180.0)] == ["180.0°", "179.9° E", "180.0°"]


def test_a_place_is_told_in_the_degrees_of_the_lines() -> None:
    for longitude, latitude, words in (
        (45.6, 12.3, "12.3° N, 45.6° E"),
        (-120.0, -30.0, "30.0° S, 120.0° W"),
        (0.0, 0.0, "0.0°, 0.0°"),
        (180.0, 0.0, "0.0°, 180.0°"),
        (77.0, 90.0, "90.0° N"),  # where all longitudes are the same place
        (-77.0, -89.97, "90.0° S"),
        (-77.0, 89.9, "89.9° N, 77.0° W"),
    ):
        z = tuple(PlaneFrame.globe(longitude, latitude).origin.tolist())  # what lies in the middle of a globe turned so
        assert place_on_globe(z) == words
    for x, y, words in degree_marks(PlaneFrame.globe()):
        found = place_on_globe(tuple(PlaneFrame.globe().to_z(np.array([x, y])).tolist()))
        number = words.replace("°", ".0°")
        assert number in found, words
