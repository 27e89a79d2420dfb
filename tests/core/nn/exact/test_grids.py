"""Nodes and their weights, for every kind of latent space, and the models that have none."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.core.nn.exact.grids import nodes_for, why_not

CASES = {
    "plane": ModelConfig((4, 5, 1)),
    "line": ModelConfig((4, 5, 1), 1),
    "torus": ModelConfig((4, 5, 1), family="qlvm-torus"),
    "sphere": ModelConfig((4, 5, 1), family="hyperspherical-vae"),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("side", [32, 100, 128])
def test_the_weights_are_the_prior_s_masses(kind: str, side: int) -> None:
    nodes = nodes_for(CASES[kind], side)
    assert nodes.kind == kind
    weights = np.exp(nodes.log_weight)
    assert weights.sum() == pytest.approx(1, abs=3e-5)
    assert len(nodes.z) == (16 * side if kind == "line" else side * side)
    moments = weights @ nodes.z.astype(float) ** 2
    expected = {"plane": 1.0, "line": 1.0, "torus": 1 / 3, "sphere": 1 / 3}[kind]
    assert moments == pytest.approx(expected, rel=1e-3)
    assert np.exp(nodes.log_cell) * len(nodes.z) == pytest.approx({"plane": 81, "line": 9, "torus": 1, "sphere": 4 * np.pi}[kind])
    if kind == "sphere":
        np.testing.assert_allclose(np.linalg.norm(nodes.z, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("kind", CASES)
def test_blocks_hold_every_node_once_and_near_ones_together(kind: str) -> None:
    nodes = nodes_for(CASES[kind], 128)
    np.testing.assert_array_equal(np.sort(nodes.blocks.ravel()), np.arange(len(nodes.z)))
    inside = nodes.z[nodes.blocks]
    size = np.linalg.norm(inside.max(1) - inside.min(1), axis=1).max()
    assert size < {"plane": 0.11, "line": 0.1, "torus": 0.012, "sphere": 0.35}[kind]


def test_a_plane_is_row_by_row_with_midpoints() -> None:
    nodes = nodes_for(CASES["plane"], 128)
    z = nodes.z.reshape(128, 128, 2)
    h = 9 / 128
    assert nodes.h == pytest.approx(h)
    np.testing.assert_allclose(z[5, :, 0], -4.5 + h * (np.arange(128) + 0.5), rtol=1e-6)
    np.testing.assert_allclose(z[:, 7, 1], z[7, :, 0])
    assert np.all(z[5, :, 1] == z[5, 0, 1])
    np.testing.assert_allclose(nodes.axis, z[0, :, 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (ModelConfig((4, 5, 1), family="autoencoder"), "no prior"),
        (ModelConfig((4, 5, 1), family="pca", hidden=(), likelihood="gaussian"), "no prior"),
        (ModelConfig((4, 5, 1), family="vae-gan"), "no likelihood"),
        (ModelConfig((4, 5, 1), family="hierarchical-vae"), "second level"),
        (ModelConfig((4, 5, 1), 3), "this model has 3"),
    ],
    ids=["autoencoder", "pca", "gan", "hierarchical", "three"],
)
def test_models_without_an_exact_posterior_say_why(config: ModelConfig, words: str) -> None:
    assert words in why_not(config)
    with pytest.raises(SettingError, match=words):
        nodes_for(config, 128)


@pytest.mark.parametrize("side", [0, 12, 130, 4096])
def test_an_unfit_resolution_is_refused(side: int) -> None:
    with pytest.raises(SettingError, match="resolution"):
        nodes_for(CASES["plane"], side)
    assert why_not(CASES["plane"]) == ""
