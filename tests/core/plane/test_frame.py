"""The plane in latent space: there and back, whatever its directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latent_explorer.core.plane.frame import PlaneFrame


def random_frame(d: int, seed: int) -> PlaneFrame:
    generator = np.random.default_rng(seed)
    return PlaneFrame(generator.standard_normal(d), generator.standard_normal((2, d)))


@given(st.integers(2, 40), st.integers(0, 1000))
def test_there_and_back(d: int, seed: int) -> None:
    frame = random_frame(d, seed)
    plane = np.random.default_rng(seed + 1).uniform(-5, 5, (20, 2))
    z = frame.to_z(plane)
    assert z.shape == (20, d)
    assert frame.latent_dim == d
    condition = np.linalg.cond(frame.directions)
    np.testing.assert_allclose(frame.to_plane(z), plane, atol=1e-11 * condition**2)


def test_to_z_is_origin_and_two_directions() -> None:
    frame = random_frame(5, 0)
    for u, v in ((0, 0), (1, 0), (0, 1), (2.5, -3)):
        expected = frame.origin + u * frame.directions[0] + v * frame.directions[1]
        np.testing.assert_allclose(frame.to_z(np.array([u, v])), expected)


@given(st.integers(3, 20), st.integers(0, 1000))
def test_a_point_off_the_plane_is_projected_at_a_right_angle(d: int, seed: int) -> None:
    frame = random_frame(d, seed)
    z = np.random.default_rng(seed + 1).standard_normal((7, d))
    off = z - frame.to_z(frame.to_plane(z))
    np.testing.assert_allclose(off @ frame.directions.T, 0, atol=1e-9 * np.linalg.cond(frame.directions) ** 2)


def test_the_plane_of_a_two_dimensional_model_is_z() -> None:
    frame = PlaneFrame.identity()
    points = np.random.default_rng(0).standard_normal((4, 3, 2)).astype(np.float32)
    np.testing.assert_array_equal(frame.to_z(points), points)
    np.testing.assert_array_equal(frame.to_plane(points), points)
    assert frame.latent_dim == 2
    assert frame.kind == "affine"


@pytest.mark.parametrize("lead", [(), (3,), (2, 5), (0,)])
def test_any_number_of_axes_in_front(lead: tuple[int, ...]) -> None:
    frame = random_frame(4, 1)
    z = frame.to_z(np.ones((*lead, 2)))
    assert z.shape == (*lead, 4)
    assert z.dtype == np.float64
    assert frame.to_plane(z).shape == (*lead, 2)


def test_a_frame_is_read_only_and_keeps_copies() -> None:
    origin, directions = np.zeros(3), np.eye(2, 3)
    frame = PlaneFrame(origin, directions)
    origin[0] = 9
    directions[0, 0] = 9
    assert frame.origin[0] == 0
    assert frame.directions[0, 0] == 1
    for array in (frame.origin, frame.directions):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(AttributeError):
        frame.kind = "torus"  # type: ignore[misc]


@pytest.mark.parametrize(("origin", "directions"), [((2,), (2, 3)), ((3,), (3, 3)), ((2, 2), (2, 2)), ((3,), (3,))])
def test_shapes_that_do_not_fit_are_refused(origin: tuple[int, ...], directions: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a plane needs an origin"):
        PlaneFrame(np.zeros(origin), np.ones(directions))
