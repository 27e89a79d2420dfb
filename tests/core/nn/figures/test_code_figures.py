"""Figures of codes on clouds whose answers are known, and anomaly scores by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from latent_explorer.core.nn.figures.against import anomaly_figures
from latent_explorer.core.nn.figures.codes import distances_in, trustworthiness, v_measure
from latent_explorer.core.nn.figures.planes import plane_figures
from tests.core.nn.exact.lively import lively


def test_clusters_that_are_the_classes_have_a_v_measure_of_one() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 25)
    centres = np.array([[0, 0], [9, 0], [0, 9], [9, 9]])
    codes = (centres[labels] + generator.standard_normal((100, 2))).astype(np.float32)
    figure = v_measure(codes, labels)["v_measure"]
    assert figure["value"] == pytest.approx(1.0)
    assert figure["n"] == 100
    assert "4 clusters" in figure["protocol"]
    mixed = v_measure(codes, generator.permutation(labels))["v_measure"]
    assert mixed["value"] < 0.3
    assert v_measure(codes, np.zeros(100, np.int64))["v_measure"]["value"] is None


def test_a_plane_that_keeps_neighbours_is_trusted() -> None:
    generator = np.random.default_rng(0)
    z = generator.standard_normal((300, 2)).astype(np.float32)
    images = np.clip(127 + 40 * (z @ generator.standard_normal((2, 20))), 0, 255).astype(np.uint8).reshape(300, 4, 5, 1)
    assert trustworthiness(z, images)["trustworthiness"]["value"] > 0.97
    torn = trustworthiness(generator.permutation(z), images)["trustworthiness"]["value"]
    assert 0.4 < torn < 0.6
    assert trustworthiness(z[:20], images[:20])["trustworthiness"]["value"] is None


def test_codes_near_both_ends_of_a_torus_are_near() -> None:
    _, handle = lively("qlvm-torus")
    places, words = distances_in(handle.architecture, np.array([[0.01, 0.5], [0.99, 0.5], [0.5, 0.5]], np.float32))
    assert np.linalg.norm(places[0] - places[1]) < 0.2 < np.linalg.norm(places[0] - places[2])
    assert "cosines" in words


def test_leak_and_holes_of_known_clouds() -> None:
    _, handle = lively()
    generator = np.random.default_rng(0)
    mu = generator.standard_normal((4000, 2)).astype(np.float32)
    log_var = np.full_like(mu, -6)
    usual = plane_figures(handle, mu, log_var)
    assert usual["leak"]["value"] == pytest.approx(math.exp(-(3.5**2) / 2 / (1 + math.exp(-6))), abs=2e-3)
    assert usual["hole_mass"]["value"] < 0.1
    gathered = plane_figures(handle, 0.1 * mu, log_var)
    assert gathered["hole_mass"]["value"] > 0.9
    assert gathered["leak"]["value"] == 0
    far = plane_figures(handle, mu + np.float32(8), log_var)
    assert far["leak"]["value"] > 0.99


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    own, foreign = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.5, 5.0, math.nan])
    figures = anomaly_figures(own, foreign, "score", "others")
    assert figures["auroc"]["value"] == pytest.approx((2 + 4 + 4) / 12)  # what is no number is strangest
    assert figures["aupr"]["value"] == pytest.approx((1 / 1 + 2 / 2 + 3 / 5) / 3)
    assert figures["auroc"]["se"] > 0
