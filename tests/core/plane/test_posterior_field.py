"""The exact posterior as a field: against a normal density, whose regions have a closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest

from latent_explorer.core.plane.cells import Cells, cells_between
from latent_explorer.core.plane.contours import contours_of
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.posterior_field import DECADES, REGIONS, ellipses, log_density, posterior_field, region_levels
from latent_explorer.core.posterior import Posterior

MEAN, COVARIANCE = np.array([0.4, -0.7]), np.array([[0.25, 0.12], [0.12, 0.16]])
PEAK = -math.log(2 * math.pi) - 0.5 * np.linalg.slogdet(COVARIANCE)[1]


def normal(z: np.ndarray) -> np.ndarray:
    away = z - MEAN
    return np.asarray(PEAK - 0.5 * np.einsum("ni,ij,nj->n", away, np.linalg.inv(COVARIANCE), away))


def grid(side: int = 128, space: str = "plane") -> Posterior:
    low, h = (0.0, 1 / side) if space == "torus" else (-4.5, 9 / side)
    axis = low + h * (np.arange(side) + 0.5)
    z = np.stack([np.tile(axis, side), np.repeat(axis, side)], axis=1)
    logs = normal(z) if space == "plane" else np.cos(2 * np.pi * z).sum(axis=1)
    mass = np.exp(logs) * h * h
    mass /= mass.sum() if space == "torus" else 1.0
    probability = mass.reshape(side, side).astype(np.float32)
    numbers = {"log_evidence": 0.0, "score": "ll", "entropy": 0.0, "information": 0.0, "width": 0.3}
    return Posterior(space, probability, z.astype(np.float32), h, mode=MEAN, mean=MEAN, covariance=COVARIANCE, **numbers)  # type: ignore[arg-type]


def test_between_the_nodes_the_logarithm_is_interpolated() -> None:
    found = grid()
    places = np.random.default_rng(0).normal(MEAN, 0.5, (200, 2))
    bend = np.abs(np.linalg.inv(COVARIANCE)).sum()
    np.testing.assert_allclose(log_density(found, places), normal(places), atol=bend * found.h**2 / 4)
    np.testing.assert_allclose(log_density(found, found.z[5000:5100].astype(float)), normal(found.z[5000:5100]), atol=1e-4)


def test_off_the_grid_there_is_nothing() -> None:
    assert np.isneginf(log_density(grid(), np.array([[4.6, 0.0], [0.0, -9.0]]))).all()
    assert np.isfinite(log_density(grid(), np.array([[4.49, 0.0]]))).all()


def test_around_the_torus_the_ends_are_joined() -> None:
    found = grid(32, "torus")
    places = np.random.default_rng(1).uniform(0, 1, (50, 2))
    there = log_density(found, places)
    for by in ([1.0, 0.0], [0.0, -2.0], [3.0, 5.0]):
        np.testing.assert_allclose(log_density(found, places + by), there, atol=1e-9)
    seam = log_density(found, np.array([[1 - 1e-9, 0.3], [1e-9, 0.3]]))
    assert seam[0] == pytest.approx(seam[1], abs=1e-6)
    assert seam[0] > log_density(found, np.array([[0.2, 0.3]]))[0]


def test_on_the_sphere_it_is_that_of_the_nearest_node() -> None:
    z = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1.0]], np.float32)
    numbers = {"log_evidence": 0.0, "score": "ll", "entropy": 0.0, "information": 0.0, "width": 0.3}
    shares = np.array([0.5, 0.3, 0.2], np.float32)
    found = Posterior("sphere", shares, z, 1.0, mode=z[0], mean=z[0], covariance=np.eye(3), **numbers)  # type: ignore[arg-type]
    np.testing.assert_allclose(log_density(found, np.array([[0.1, 0.2, 0.9], [0.8, 0.1, 0.0]])), np.log([0.2, 0.5]), rtol=1e-6)


def test_regions_hold_their_share_of_a_normal_density() -> None:
    """In two dimensions the density at the edge of the region with share s is the peak's times 1 - s."""
    found = grid(256)
    mass = found.probability.ravel().astype(float)
    mass = mass[mass > 0]
    levels = region_levels(mass, np.log(mass) - 2 * math.log(found.h))
    assert levels == pytest.approx([PEAK + math.log(1 - share) for share in REGIONS], abs=0.02)


def test_ellipses_and_contours_of_the_same_normal_agree() -> None:
    lines = ellipses(PlaneFrame.identity(), MEAN, COVARIANCE)
    inverse = np.linalg.inv(COVARIANCE)
    for share, line in zip(REGIONS, lines, strict=True):
        away = line - MEAN
        square = np.einsum("ni,ij,nj->n", away, inverse, away)
        np.testing.assert_allclose(square, -2 * math.log(1 - share), rtol=1e-9)
        np.testing.assert_allclose(line[0], line[-1], atol=1e-12)
    cells = cells_between(np.full(2, -2.5), np.full(2, 2.5), 200, 200)
    field = posterior_field(normal(cells.centres()), cells, PEAK, tuple(PEAK + math.log(1 - share) for share in REGIONS), "A note.")
    for contour, share in zip(contours_of(field.values, cells, field.levels), REGIONS, strict=True):
        away = contour.points - MEAN
        np.testing.assert_allclose(np.einsum("ni,ij,nj->n", away, inverse, away), -2 * math.log(1 - share), rtol=0.02)


def test_ellipses_follow_the_plane_s_display_and_are_of_two_dimensions_only() -> None:
    phi = PlaneFrame.identity().shown_as("phi")
    flat, shown = ellipses(PlaneFrame.identity(), MEAN, COVARIANCE), ellipses(phi, MEAN, COVARIANCE)
    np.testing.assert_allclose(shown[0], phi.to_plane(flat[0]))
    assert ellipses(PlaneFrame.line(), np.zeros(1), np.eye(1)) == ()


def test_the_field_is_clear_where_there_is_next_to_nothing() -> None:
    cells = Cells(0.0, 1.0, 1.0, 1.0, 4, 1)
    logs = np.array([0.0, -1.0, -20.0, -np.inf])
    field = posterior_field(logs, cells, 0.0, (-2.0, -1.0), "A note.", space="sphere")
    assert field.unit == "per steradian"
    assert field.strength is not None
    np.testing.assert_allclose(field.strength[0], [1, 1, 0, 0])
    assert field.high == 0 and field.low == -DECADES
    assert np.isfinite(field.values).all()
    assert field.names == ("95%", "68%") and len(field.levels) == 2
