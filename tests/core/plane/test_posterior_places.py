"""Where a posterior in several parts lies on the plane, and what window shows all of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.posterior_places import SIGHT, longest, next_window, peaks, rectangles
from latent_explorer.core.posterior import Part, Posterior
from latent_explorer.core.scene import Camera

PLANE, TORUS = PlaneFrame.identity(), PlaneFrame.torus()
NARROW = np.diag([0.02**2, 0.01**2])


def posterior(space: str, *parts: tuple[float, tuple[float, ...]], covariance: np.ndarray = NARROW) -> Posterior:
    """The first part has the mode; mean and covariance are those of the mixture, of one part its own."""
    places = np.array([place for _, place in parts])
    shares = np.array([share for share, _ in parts])
    mean = shares @ places
    spread = covariance + (places - mean).T @ (shares[:, None] * (places - mean))
    numbers = {"log_evidence": 0.0, "score": "ll", "entropy": 0.0, "information": 0.0, "width": 0.01}
    several = tuple(Part(share, np.array(place), covariance) for share, place in parts) if len(parts) > 1 else ()
    grid = np.ones((1, 1), np.float32), places[:1].astype(np.float32)
    return Posterior(space, *grid, 0.1, mode=places[0], mean=mean, covariance=spread, parts=several, **numbers)  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.6, 0.98])
def test_all_parts_are_in_the_first_window_and_each_in_its_own(share: float) -> None:
    """Also where one has 2 % only: four standard deviations of the whole around its mean would miss it."""
    found = posterior("plane", (1 - share, (2.0, -1.0)), (share, (-2.0, 1.0)))
    whole, *each = rectangles(found, PLANE)
    for place in ((2.0, -1.0), (-2.0, 1.0)):
        assert (whole[0] <= np.array(place) - SIGHT * 0.01).all() and (whole[1] >= np.array(place) + SIGHT * 0.01).all()
    assert (whole[1] - whole[0]).max() < 4.5
    np.testing.assert_allclose([window.mean(axis=0) for window in each], [(-2, 1), (2, -1)], atol=1e-9)  # the heaviest first
    np.testing.assert_allclose([window[1] - window[0] for window in each], 2 * SIGHT * 0.02)
    np.testing.assert_allclose(peaks(found, PLANE), [(2, -1), (-2, 1)])  # that of the mode first


def test_one_part_is_seen_around_its_mean_and_is_as_long_as_it_is() -> None:
    found = posterior("plane", (1.0, (0.3, 0.4)))
    (window,) = rectangles(found, PLANE)
    np.testing.assert_allclose(window, [[0.3 - 0.08, 0.4 - 0.08], [0.3 + 0.08, 0.4 + 0.08]])
    assert longest(found, PLANE) == pytest.approx(4 * 0.02)
    np.testing.assert_allclose(peaks(found, PLANE), [(0.3, 0.4)])


def test_of_a_main_part_alone_the_window_and_the_length_are_its_own() -> None:
    """Two hundredths that lie far away would make the whole's standard deviation twenty times as long."""
    found = posterior("plane", (0.98, (1.0, 0.5)), (0.02, (-2.0, 0.0)))
    found = replace(found, parts=found.parts[:1], stray=np.array([-2.0, 0.0]))
    assert np.sqrt(found.covariance[0, 0]) > 20 * 0.02
    (window,) = rectangles(found, PLANE)
    np.testing.assert_allclose(window, [[1 - 0.08, 0.5 - 0.08], [1 + 0.08, 0.5 + 0.08]])
    assert longest(found, PLANE) == pytest.approx(4 * 0.02)
    np.testing.assert_array_equal(found.spread, NARROW)


def test_parts_far_apart_are_as_narrow_as_each_of_them() -> None:
    found = posterior("plane", (0.5, (2.0, 0.0)), (0.5, (-2.0, 0.0)))
    assert longest(found, PLANE) == pytest.approx(4 * 0.02)
    assert np.sqrt(found.covariance[0, 0]) > 1.9


def test_on_a_torus_the_copies_nearest_to_the_mode_are_meant() -> None:
    found = posterior("torus", (0.6, (0.05, 0.5)), (0.4, (0.95, 0.5)))
    np.testing.assert_allclose(peaks(found, TORUS), [(0.05, 0.5), (-0.05, 0.5)])
    assert (rectangles(found, TORUS)[0][1] - rectangles(found, TORUS)[0][0]).max() < 0.3
    assert longest(found, TORUS) == pytest.approx(4 * 0.02)  # not cut at the square's edge


def test_where_the_display_bends_the_plane_windows_follow_it() -> None:
    phi = PLANE.shown_as("phi")
    found = posterior("plane", (0.5, (2.0, 0.0)), (0.5, (-2.0, 0.0)))
    whole = rectangles(found, phi)[0]
    assert whole[0][0] < phi.to_plane(np.array([-2.0, 0.0]))[0] and whole[1][0] > phi.to_plane(np.array([2.0, 0.0]))[0]
    assert whole.min() > -1e-3 and whole.max() < 1 + 1e-3


def test_behind_a_globe_there_is_no_window() -> None:
    globe = PlaneFrame.globe()
    front, behind = tuple(globe.origin), tuple(-globe.origin)
    flat = 1e-4 * np.eye(3)
    both = posterior("sphere", (0.7, behind), (0.3, front), covariance=flat)
    assert len(rectangles(both, globe)) == 1
    np.testing.assert_allclose(rectangles(both, globe)[0].mean(axis=0), [0, 0], atol=1e-9)
    assert np.isnan(peaks(both, globe)[0]).all() and np.isfinite(peaks(both, globe)[1]).all()
    assert len(rectangles(posterior("sphere", (1.0, behind), covariance=flat), globe)) == 0
    assert np.isnan(longest(posterior("sphere", (1.0, behind), covariance=flat), globe))


def test_zoom_goes_on_where_one_part_s_window_shows_the_others() -> None:
    """A broad part at 0 and a narrow one within its sight: the window of both and that of the broad one are the same."""
    several = tuple(Part(share, np.array([x, 0.0]), sd**2 * np.eye(2)) for share, x, sd in ((0.6, 0.0, 0.5), (0.4, 1.5, 0.1)))
    found = replace(posterior("plane", (1.0, (0.0, 0.0))), parts=several)
    choices = [Camera(*((low + high) / 2).tolist(), float((high - low).max())) for low, high in rectangles(found, PLANE)]
    assert len(choices) == 3
    camera, spans = Camera(), []
    for _ in range(4):
        camera = next_window(choices, camera)
        spans.append(camera.span)
    assert spans == pytest.approx([4.0, 0.8, 4.0, 0.8])
