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


@pytest.mark.parametrize("value", [-1e-9, -1e-17, np.nextafter(0, -1), np.nextafter(1, 0), 1.0, 3.0, -0.0])
def test_on_a_torus_all_is_in_the_first_square_and_1_is_0(value: float) -> None:
    frame = PlaneFrame.torus()
    for found in (frame.to_plane(np.array([[value, 0.5]])), frame.to_z(np.array([[value, 0.5]])), frame.settled(np.array([[value, 0.5]]))):
        assert ((found >= 0) & (found < 1)).all()
        apart = abs(float(found[0, 0]) - value)
        assert abs(apart - round(apart)) < 1e-8 and found[0, 1] == 0.5
    narrow = frame.to_plane(np.array([[np.float32(value), np.inf]], np.float32))
    assert 0 <= narrow[0, 0] < 1 and np.isnan(narrow[0, 1])


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


# --- planes spanned by two axes ----------------------------------------------------------------------------------------------


@st.composite
def axes_frames(draw: st.DrawFn) -> tuple[PlaneFrame, int, int, np.ndarray]:
    d = draw(st.integers(2, 300))
    a = draw(st.integers(0, d - 1))
    b = draw(st.integers(0, d - 1).filter(lambda k: k != a))
    through = np.random.default_rng(draw(st.integers(0, 1000))).normal(0, 3, d)
    return PlaneFrame.axes(a, b, through), a, b, through


@given(axes_frames(), st.integers(0, 1000))
def test_a_plane_of_two_axes_selects_and_puts_in_exactly(frame: tuple[PlaneFrame, int, int, np.ndarray], seed: int) -> None:
    plane, a, b, through = frame
    assert plane.pair == (a, b)
    points = np.random.default_rng(seed).uniform(-5, 5, (6, 2))
    z = plane.to_z(points)
    for (u, v), found in zip(points, z, strict=True):
        for k, value in enumerate(found):
            assert value == (u if k == a else v if k == b else through[k])
    np.testing.assert_array_equal(plane.to_plane(z), points)
    anywhere = np.random.default_rng(seed + 1).standard_normal((5, len(through))).astype(np.float32)
    np.testing.assert_array_equal(plane.to_plane(anywhere), anywhere[:, [a, b]])
    general = PlaneFrame(plane.origin + 0.0, np.stack([np.eye(len(through))[a], np.eye(len(through))[b]]))
    assert general.same_as(plane)


def test_a_plane_of_two_axes_agrees_with_the_formula() -> None:
    frame = PlaneFrame.axes(3, 1, [1, 2, 3, 4, 5])
    assert frame.origin.tolist() == [1, 0, 3, 0, 5]
    assert frame.directions.tolist() == [[0, 0, 0, 1, 0], [0, 1, 0, 0, 0]]
    assert frame.to_z(np.array([0.5, -2.0])).tolist() == [1, -2, 3, 0.5, 5]


@pytest.mark.parametrize(("a", "b", "d"), [(1, 1, 3), (0, 3, 3), (-1, 0, 3), (0, 1, 1)])
def test_axes_that_span_no_plane_are_refused(a: int, b: int, d: int) -> None:
    with pytest.raises(ValueError, match="two different axes of 0 to"):
        PlaneFrame.axes(a, b, np.zeros(d))


@pytest.mark.parametrize(
    "directions",
    [[[0, 1, 1], [0, 0, 0]], [[0, 0, 2], [1, 0, 0]], [[1, 0, 0], [1, 0, 0]], [[1, 0, 0], [0, 1, 1e-9]], [[0, 0, -1], [0, 1, 0]]],
)
def test_other_directions_are_not_taken_for_axes(directions: list[list[float]]) -> None:
    assert PlaneFrame(np.zeros(3), np.array(directions)).pair is None
    assert PlaneFrame(np.array([0, 0.5, 0]), np.eye(2, 3)).pair is None  # its coordinates are not entries of z


def test_the_plane_of_one_dimension_is_a_line() -> None:
    frame = PlaneFrame.line()
    assert frame.latent_dim == 1
    points = np.array([[-1.5, 0.0], [2.0, 7.0], [2.0, -7.0]])
    assert frame.to_z(points).tolist() == [[-1.5], [2.0], [2.0]]  # nothing changes upwards
    assert frame.to_plane(np.array([[-1.5], [2.0]])).tolist() == [[-1.5, 0.0], [2.0, 0.0]]


# --- comparing planes --------------------------------------------------------------------------------------------------------


def test_planes_are_compared_by_where_they_lie() -> None:
    frame = PlaneFrame.axes(0, 2, [1, 2, 3, 4])
    assert frame.same_as(PlaneFrame.axes(0, 2, [9, 2, 9, 4]))
    assert not frame.same_as(PlaneFrame.axes(0, 2, [1, 2.5, 3, 4]))
    assert not frame.same_as(PlaneFrame.axes(2, 0, [1, 2, 3, 4]))
    assert not frame.same_as(PlaneFrame.identity())


@given(st.integers(3, 20), st.integers(0, 1000))
def test_a_parallel_plane_projects_alike(d: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    frame = PlaneFrame.axes(2, 0, generator.standard_normal(d))
    moved, z = PlaneFrame.axes(2, 0, generator.standard_normal(d)), generator.standard_normal((9, d))
    assert frame.parallel_to(moved)
    np.testing.assert_array_equal(frame.to_plane(z), moved.to_plane(z))
    assert not frame.parallel_to(PlaneFrame.axes(0, 2, frame.origin))
    shifted = PlaneFrame(frame.origin + frame.directions[0], frame.directions)
    assert not frame.parallel_to(shifted)
    assert not shifted.parallel_to(frame)
    assert not np.array_equal(frame.to_plane(z), shifted.to_plane(z))


@given(st.integers(2, 20), st.integers(0, 1000))
def test_the_plane_through_three_points_holds_them_at_their_distances(d: int, seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal((3, d)) * 3
    frame = PlaneFrame.through(points)
    plane = frame.to_plane(points)
    np.testing.assert_allclose(frame.to_z(plane), points, atol=1e-7)
    for one, two in ((0, 1), (0, 2), (1, 2)):
        distance = np.linalg.norm(plane[one] - plane[two])
        assert distance == pytest.approx(np.linalg.norm(points[one] - points[two]), rel=1e-7)
    assert plane[1, 0] > plane[0, 0]
    assert plane[1, 1] == pytest.approx(plane[0, 1], abs=1e-7)
    assert plane[2, 1] > plane[0, 1]


@pytest.mark.parametrize("third", [[2.0, 4.0, 6.0], [1.0, 2.0, 3.0], [0.0, 0.0, 0.0], [-1e5, -2e5, -3e5]], ids=str)
def test_three_points_on_one_line_span_no_plane(third: list[float]) -> None:
    with pytest.raises(ValueError, match="lie on one line"):
        PlaneFrame.through([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0], third])
    with pytest.raises(ValueError, match="lie on one line"):
        PlaneFrame.through([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [5.0, 0.0, 0.0]])


def test_the_principal_plane_is_that_of_a_singular_value_decomposition() -> None:
    generator = np.random.default_rng(3)
    codes = (generator.standard_normal((500, 6)) @ generator.standard_normal((6, 6)) + 4).astype(np.float32)
    frame = PlaneFrame.principal(np.vstack([codes, np.full((2, 6), np.nan, np.float32)]))
    centred = codes.astype(np.float64) - codes.mean(axis=0, dtype=np.float64)
    rows = np.linalg.svd(centred, full_matrices=False)[2][:2]
    np.testing.assert_allclose(np.abs(frame.directions @ rows.T), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(frame.origin, codes.mean(axis=0), rtol=1e-5)
    assert (frame.directions.max(axis=1) > -frame.directions.min(axis=1)).all()
    spread = frame.to_plane(codes).var(axis=0)
    assert spread[0] > spread[1]
    assert spread.sum() > max(codes[:, [a, b]].var(axis=0).sum() for a in range(6) for b in range(a))


def test_the_principal_plane_of_no_codes_is_that_of_the_first_axes() -> None:
    assert PlaneFrame.principal(np.zeros((0, 5), np.float32)).pair == (0, 1)


def test_a_torus_begins_anew_beyond_its_ends() -> None:
    frame = PlaneFrame.torus()
    places = np.array([(0.25, 0.75), (1.25, -0.25), (-2.75, 3.75)])
    np.testing.assert_allclose(frame.to_z(places), [(0.25, 0.75)] * 3)
    assert frame.contains(places).all()
    z = np.array([(0.0, 0.999), (0.5, 0.5)])
    np.testing.assert_array_equal(frame.to_plane(z), z)
    beyond = np.array([(-0.25, 1.5), (7.0, 0.5), (np.nan, np.inf)])
    np.testing.assert_array_equal(frame.to_plane(beyond), [(0.75, 0.5), (0.0, 0.5), (np.nan, np.nan)])
    assert not frame.shows_z and PlaneFrame.identity().shows_z
    assert frame.bounds == ((0.0, 0.0), (1.0, 1.0)) and frame.centre == (0.5, 0.5)
    assert frame.key != PlaneFrame.identity().key
    assert not frame.parallel_to(PlaneFrame.identity())
    np.testing.assert_allclose(frame.settled(np.array([-0.1, 1.3])), (0.9, 0.3))


def test_there_are_no_other_kinds() -> None:
    with pytest.raises(ValueError, match="torus"):
        PlaneFrame(np.zeros(2), np.eye(2), kind="cone")
