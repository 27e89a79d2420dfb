"""Figures of codes on clouds whose answers are known, and anomaly scores by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.figures.against import anomaly_figures
from latent_explorer.core.nn.figures.codes import distances_in, trustworthiness, v_measure
from latent_explorer.core.nn.figures.planes import plane_figures
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.lively import SHAPE, lively
from tests.core.nn.small import toy


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


def test_leak_and_holes_of_tilted_posteriors_are_those_of_their_whole_covariance() -> None:
    _, handle = lively("full-covariance-vae")
    mu, log_var = np.zeros((500, 2), np.float32), np.log(np.full((500, 2), 2.0, np.float32))
    covariance = np.tile(np.array([[2.0, 1.99], [1.99, 2.0]], np.float32), (500, 1, 1))
    found = plane_figures(handle, mu, log_var, covariance)
    # |z|^2 is nearly 3.99 times chi squared with one degree of freedom; by the axes alone it would be 2 times that with two.
    assert found["leak"]["value"] == pytest.approx(math.erfc(3.5 / math.sqrt(2 * 3.99)), abs=0.01)
    assert plane_figures(handle, mu, log_var)["leak"]["value"] == pytest.approx(math.exp(-(3.5**2) / 4), abs=0.006)
    assert found["hole_mass"]["value"] > 0.5
    assert "whole covariances" in found["hole_mass"]["protocol"]


def test_evaluation_takes_the_whole_covariance() -> None:
    """Every image has the same tilted posterior: both figures are those of its covariance."""
    data = toy(40, 40, SHAPE)
    handle = ModelHandle("all the same", ModelConfig(SHAPE, hidden=(), family="full-covariance-vae"))
    module = build(handle.architecture, 0)
    with torch.no_grad():
        for weights in module.encoder.parameters():
            weights.zero_()
        module.encoder.layers[-1].bias.copy_(torch.tensor([0.0, 0.0, 0.3, -3.0, 1.35]))
    publish(handle, module.eval().requires_grad_(False), None)
    figures = evaluate(handle, data, quick=True)
    factor = np.array([[math.exp(0.3), 0.0], [1.35, math.exp(-3)]])
    z = np.random.default_rng(0).standard_normal((200_000, 2)) @ factor.T
    far = (np.linalg.norm(z, axis=1) > 3.5).mean()
    assert figures["leak"]["value"] == pytest.approx(far, abs=5 * math.sqrt(far / 640))
    assert figures["hole_mass"]["value"] > 0.7  # by its axes alone it would be 0


def test_codes_that_are_points_are_as_wide_as_the_kernel_of_the_plane() -> None:
    _, handle = lively("wae-mmd")
    mu = np.random.default_rng(0).standard_normal((4000, 2)).astype(np.float32)
    for log_var in (None, np.full_like(mu, -np.inf)):
        found = plane_figures(handle, mu, log_var)
        assert found["hole_mass"]["value"] < 0.05  # as points they would leave nearly all of the prior empty
        assert found["leak"]["value"] == (np.linalg.norm(mu, axis=1) > 3.5).mean()
    assert plane_figures(handle, 0.1 * mu, None)["hole_mass"]["value"] > 0.9
    assert "standard deviation of 0." in found["hole_mass"]["protocol"]


def test_auroc_is_the_share_of_pairs_in_the_right_order() -> None:
    own, foreign = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.5, 5.0, math.nan])
    figures = anomaly_figures(own, foreign, "score", "others")
    assert figures["auroc"]["value"] == pytest.approx((2 + 4 + 4) / 12)  # what is no number is strangest
    assert figures["aupr"]["value"] == pytest.approx((1 / 1 + 2 / 2 + 3 / 5) / 3)
    assert figures["auroc"]["se"] > 0
