"""Figures by exact inference: each against a sum of the test's own, with its protocol, and a reason where there is none."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.nn import evaluation
from latent_explorer.core.nn.evaluation import evaluate, image_columns
from latent_explorer.core.nn.exact.grids import nodes_for
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.figures import exact
from latent_explorer.core.nn.likelihoods import fixed_binary_draw
from latent_explorer.core.types import ImageDataset, ModelHandle, Split
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import SHAPE, flat, lively

Figures = dict[str, dict[str, Any]]
CODES = ("mse", "sharpness", "active_units", "knn1", "knn5", "v_measure", "trustworthiness")


def toys(count: int = 70, tested: int = 30) -> ImageDataset:
    generator = np.random.default_rng(5)
    labels = generator.integers(0, 3, count)
    centres = generator.uniform(0.1, 0.9, (3, *SHAPE))
    grey = np.clip(centres[labels] + generator.normal(0, 0.2, (count, *SHAPE)), 0, 1)
    rows = np.arange(count)
    split = Split(rows[: count - tested], rows[:0], rows[count - tested :])
    return ImageDataset("toys", np.rint(grey * 255).astype(np.uint8), labels, ("a", "b", "c"), split)


DATASET = toys()
TEST = DATASET.images[DATASET.split.test]


def table_of(module: Model, handle: ModelHandle, side: int) -> np.ndarray:
    """log p(x|z_g) + log w_g of the fixed draw of the test images, float64 (N, G)."""
    nodes = nodes_for(handle.architecture, side)
    x = flat(fixed_binary_draw(TEST)).double().numpy()
    logits = module.decode(torch.from_numpy(nodes.z.copy())).double().numpy()
    table: np.ndarray = x @ logits.T - np.logaddexp(0, logits).sum(1) + nodes.log_weight
    return table


@pytest.fixture(scope="module")
def vae() -> tuple[Model, ModelHandle]:
    return lively(seed=31)


@pytest.fixture(scope="module")
def figures(vae: tuple[Model, ModelHandle]) -> Figures:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "SAMPLES", 400)
        return evaluate(vae[1], DATASET)


def test_every_key_of_the_contract_is_there(figures: Figures) -> None:
    wanted = {"elbo", "reconstruction", "kl", "iwae", "iwae_exact", "gap", "bits_per_dim", "mutual_information", "magnification_p99"}
    wanted |= {f"ll_quadrature.{side}" for side in (128, 256, 512)} | {f"narrow.{side}" for side in (128, 256, 512)}
    wanted |= {"ll_agreement.128_256", "ll_agreement.256_512", "ll_agreement.256_iwae"}
    wanted |= {"ll_adaptive", "ll_agreement.adaptive_256_512", "ll_agreement.adaptive_iwae"}
    wanted |= {"hole_mass", "leak", "hole_mass.exact", "leak.exact"}
    wanted |= {f"{key}{suffix}" for key in CODES for suffix in ("", ".exact_mode", ".exact_mean")}
    assert set(figures) == wanted
    for key, figure in figures.items():
        assert {"value", "se", "unit", "n", "protocol", "seed", "seconds"} <= set(figure)
        if figure["value"] is None:
            assert figure["reason"], key
        else:
            assert figure["protocol"] and math.isfinite(figure["value"]), key
    assert [key for key, figure in figures.items() if figure["value"] is None] == ["bits_per_dim"]
    json.dumps(figures, allow_nan=False)


def test_the_likelihood_is_that_of_the_fixed_draw(vae: tuple[Model, ModelHandle], figures: Figures) -> None:
    ll = np.logaddexp.reduce(table_of(*vae, 128), axis=1)
    figure = figures["ll_quadrature.128"]
    assert figure["value"] == pytest.approx(ll.mean(), abs=1e-4)
    assert figure["se"] == pytest.approx(ll.std(ddof=1) / math.sqrt(30), rel=1e-4)
    assert figure["n"] == 30
    assert "fixed binary draw (seed 20250101)" in figure["protocol"]
    assert "128 x 128 midpoints" in figure["protocol"]
    grids = [figures[f"ll_quadrature.{side}"]["value"] for side in (128, 256, 512)]
    assert max(grids) - min(grids) < 1e-3
    assert figures["ll_agreement.128_256"]["value"] == pytest.approx(grids[1] - grids[0], abs=1e-6)
    np.testing.assert_allclose(image_columns(vae[1], np.zeros((30, 2), np.float32), TEST)["ll"], ll, atol=1e-3)


def test_divided_cells_agree_from_two_grids_and_with_importance_weights(figures: Figures) -> None:
    adaptive = figures["ll_adaptive"]
    assert adaptive["value"] == pytest.approx(figures["ll_quadrature.512"]["value"], abs=1e-3)
    assert "cells divided until the sum settles, from the uniform grid of 256 x 256" in adaptive["protocol"]
    assert figures["ll_agreement.adaptive_256_512"]["value"] == pytest.approx(0, abs=1e-3)
    weighed = figures["ll_agreement.adaptive_iwae"]
    assert weighed["value"] == pytest.approx(figures["iwae_exact"]["value"] - adaptive["value"], abs=1e-6)
    assert abs(weighed["value"]) < 5 * weighed["se"] + 0.01


def test_divided_cells_are_right_where_grids_are_not() -> None:
    """Of a linear decoder with posteriors of a fifth of a cell of the coarsest grid that is asked for."""
    known = linear_gaussian(0.002)
    images = np.rint(255 * known.draw(12)).astype(np.uint8)
    found: Figures = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "SAMPLES", 400)
        patch.setattr(exact, "SIDES", (32, 64, 128))
        patch.setattr(exact, "LL_KEYS", tuple(f"ll_quadrature.{side}" for side in (32, 64, 128)))
        patch.setattr(exact, "SIDE", 64)
        exact.exact_figures(known.handle, images, None, None, lambda compute: found.update(compute()), lambda what, part: None)
    truth = np.mean([known.evidence(image.reshape(-1) / 255) for image in images])
    assert found["ll_adaptive"]["value"] == pytest.approx(truth, abs=0.3 * abs(found["ll_quadrature.64"]["value"] - truth))
    assert abs(found["ll_agreement.adaptive_256_512"]["value"]) < 5e-3 + 1e-6 / 0.002**2


def test_bounds_are_in_their_order(figures: Figures) -> None:
    assert figures["gap"]["value"] == pytest.approx(figures["ll_quadrature.256"]["value"] - figures["elbo"]["value"], abs=1e-6)
    assert figures["gap"]["value"] > 0
    assert figures["elbo"]["value"] < figures["iwae"]["value"] < figures["ll_quadrature.256"]["value"] + 0.05
    agreement = figures["ll_agreement.256_iwae"]
    assert abs(agreement["value"]) < 5 * agreement["se"] + 0.01
    assert "IWAE-400" in figures["iwae"]["protocol"] and "IWAE-400" in figures["iwae_exact"]["protocol"]


def test_the_aggregate_s_figures_are_those_of_all_posteriors(vae: tuple[Model, ModelHandle], figures: Figures) -> None:
    table = table_of(*vae, 256)
    share = np.exp(table - np.logaddexp.reduce(table, axis=1)[:, None])
    nodes = nodes_for(vae[1].architecture, 256)
    aggregate, prior = share.mean(0), np.exp(nodes.log_weight)
    entropy = -(aggregate * np.log(np.maximum(aggregate, 1e-300))).sum()
    each = -(share * np.log(np.maximum(share, 1e-300))).sum(1).mean()
    assert figures["mutual_information"]["value"] == pytest.approx(entropy - each, abs=1e-3)
    far = np.linalg.norm(nodes.z, axis=1) > 3.5
    assert figures["leak.exact"]["value"] == pytest.approx(aggregate[far].sum(), abs=1e-4)
    cells = [mass.reshape(128, 2, 128, 2).sum((1, 3)) for mass in (aggregate, prior)]
    assert figures["hole_mass.exact"]["value"] == pytest.approx(cells[1][cells[0] < 0.1 * cells[1]].sum() / prior.sum(), abs=2e-3)


def test_codes_by_the_exact_posterior_are_scored_on_their_own(vae: tuple[Model, ModelHandle], figures: Figures) -> None:
    """The mean's squared error by a sum over the grid, from the grey image."""
    module, handle = vae
    nodes = nodes_for(handle.architecture, 128)
    logits = module.decode(torch.from_numpy(nodes.z.copy())).double().numpy()
    grey = TEST.reshape(30, -1) / 255
    table = grey @ logits.T - np.logaddexp(0, logits).sum(1) + nodes.log_weight
    mean = np.exp(table - np.logaddexp.reduce(table, axis=1)[:, None]) @ nodes.z.astype(float)
    picture = module.mean_image(torch.from_numpy(mean.astype(np.float32))).double().numpy()
    assert figures["mse.exact_mean"]["value"] == pytest.approx(((picture - grey) ** 2).mean(), rel=1e-3)
    assert "mean of the exact posterior" in figures["mse.exact_mean"]["protocol"]
    assert "modes of the exact posteriors of 40 training images" in figures["knn5.exact_mode"]["protocol"]


def test_a_model_without_an_encoder_has_the_exact_figures_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "SAMPLES", 100)
    _, handle = lively("qlvm-torus")
    figures = evaluate(handle, DATASET)
    for key in ("elbo", "reconstruction", "kl", "gap", "iwae", "mse", "knn5", "hole_mass", "leak", "leak.exact"):
        assert figures[key]["value"] is None and figures[key]["reason"], key
    for key in ("ll_quadrature.512", "iwae_exact", "mse.exact_mode", "knn5.exact_mean", "hole_mass.exact", "mutual_information"):
        assert figures[key]["value"] is not None, key
    assert "cosines and sines" in figures["knn5.exact_mode"]["protocol"]


def test_a_model_without_a_likelihood_says_so() -> None:
    _, handle = lively("autoencoder")
    figures = evaluate(handle, DATASET)
    assert figures["mse"]["value"] is not None and figures["knn5"]["value"] is not None
    for key in ("elbo", "ll_quadrature.256", "iwae", "iwae_exact", "gap", "mse.exact_mode", "hole_mass", "mutual_information"):
        assert figures[key]["value"] is None, key
        assert "no prior" in figures[key]["reason"]
    assert set(image_columns(handle, np.zeros((30, 2), np.float32), TEST)) == {"mse"}


def test_a_slow_likelihood_is_summed_on_the_coarsest_grid_and_has_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "SAMPLES", 100)
    monkeypatch.setattr(exact, "SLOW", 6)
    _, handle = lively(likelihood="discretised_logistic")
    figures = evaluate(handle, DATASET)
    ll = figures["ll_quadrature.128"]
    assert ll["n"] == 6
    assert ll["protocol"].startswith("log p(x)")
    assert figures["bits_per_dim"]["value"] == pytest.approx(-ll["value"] / (20 * math.log(2)))
    assert "coarsest grid" in figures["ll_quadrature.256"]["reason"]
    assert figures["gap"]["n"] == 6


@pytest.mark.parametrize("family", ["full-covariance-vae", "conditional-vae", "transformer-vae", "hyperspherical-vae", "hierarchical-vae"])
def test_bounds_are_in_their_order_for_every_family(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """ELBO, IWAE-K by the same q, exact log p(x) (of a conditional model given the class); two levels are not summed by a grid."""
    monkeypatch.setattr(exact, "SAMPLES", 300)
    _, handle = lively(family, **({"classes": 3} if family == "conditional-vae" else {}))
    figures = evaluate(handle, DATASET)
    elbo, iwae = figures["elbo"]["value"], figures["iwae"]["value"]
    assert elbo < iwae
    assert figures["knn5"]["value"] is not None
    if family == "hyperspherical-vae":
        assert figures["active_units"]["value"] is None and "unit vectors" in figures["active_units"]["reason"]
        assert figures["active_units.exact_mode"]["value"] is None
    if family == "hierarchical-vae":
        assert "upper level plus a mean over 16 draws" in figures["kl"]["protocol"] and figures["kl"]["seed"] is not None
        assert "second level" in figures["ll_quadrature.256"]["reason"]
        return
    assert iwae < figures["ll_quadrature.256"]["value"] + 0.1
    assert figures["gap"]["value"] > 0
    assert ("given the image's class" in figures["ll_quadrature.256"]["protocol"]) == (family == "conditional-vae")
    assert figures["mse.exact_mode"]["value"] < figures["mse"]["value"] + 0.01


def test_a_density_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "SAMPLES", 50)
    _, handle = lively(likelihood="gaussian", sigma=0.3)
    figures = evaluate(handle, DATASET)
    assert "log density of x" in figures["ll_quadrature.256"]["protocol"]
    assert "as they are" in figures["ll_quadrature.256"]["protocol"]
    assert "Bits per dimension need" in figures["bits_per_dim"]["reason"]


# --- anomalies -----------------------------------------------------------------------------------------------------------------------


def test_foreign_images_are_ranked_against_the_own_ones(vae: tuple[Model, ModelHandle]) -> None:
    module, handle = vae
    generator = np.random.default_rng(1)
    rows = np.arange(20)
    noise = ImageDataset("noise", generator.integers(0, 256, (20, *SHAPE), dtype=np.uint8), None, (), Split(rows[:0], rows[:0], rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "SAMPLES", 10)
        figures = evaluate(handle, DATASET, against=noise)
    x = flat(fixed_binary_draw(noise.images)).double().numpy()
    nodes = nodes_for(handle.architecture, 128)
    logits = module.decode(torch.from_numpy(nodes.z.copy())).double().numpy()
    foreign = -np.logaddexp.reduce(x @ logits.T - np.logaddexp(0, logits).sum(1) + nodes.log_weight, axis=1)
    own = -np.logaddexp.reduce(table_of(module, handle, 128), axis=1)
    area = (foreign[:, None] > own).mean() + 0.5 * (foreign[:, None] == own).mean()
    assert figures["auroc"]["value"] == pytest.approx(area, abs=1e-3)
    assert figures["auroc"]["n"] == 50
    assert "20 test images of noise against 30 own ones" in figures["auroc"]["protocol"]
    for key in ("aupr", "auroc.reconstruction", "aupr.reconstruction"):
        assert 0 <= figures[key]["value"] <= 1
    quick = evaluate(handle, DATASET, quick=True, against=noise)
    assert quick["auroc"]["reason"]
    assert quick["auroc.reconstruction"]["value"] == figures["auroc.reconstruction"]["value"]


def test_a_slow_likelihood_ranks_a_sample_of_the_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "SAMPLES", 10)
    monkeypatch.setattr(exact, "SLOW", 6)
    monkeypatch.setattr(evaluation, "SLOW", 6)
    figures = evaluate(lively(likelihood="discretised_logistic")[1], DATASET, against=toys(60, 20))
    assert figures["auroc"]["n"] == 12
    assert "6 test images of toys against 6 own ones" in figures["auroc"]["protocol"]
    assert "at most 6 of each" in figures["auroc"]["protocol"]
    assert figures["auroc.reconstruction"]["n"] == 50


def test_magnification_on_the_torus_is_that_of_differences() -> None:
    module, handle = lively("qlvm-torus", seed=5)
    found = evaluate(handle, DATASET, quick=True)["magnification_p99"]
    along = (np.arange(64) + 0.5) / 64
    z = torch.from_numpy(np.stack([np.tile(along, 64), np.repeat(along, 64)], axis=1))
    step = 1e-4
    wide = module.double()
    x, y = (
        (torch.sigmoid(wide.decode(z + shift)) - torch.sigmoid(wide.decode(z - shift))).flatten(1) / (2 * step)
        for shift in step * torch.eye(2, dtype=torch.float64)
    )
    area = torch.sqrt((x * x).sum(1) * (y * y).sum(1) - (x * y).sum(1) ** 2).numpy()
    expected = np.sort(area)[int(np.ceil(0.99 * len(area))) - 1]  # all places of the torus are as probable
    assert found["value"] == pytest.approx(expected, rel=2e-3)


def test_a_quick_look_points_to_no_figure_that_is_not_there() -> None:
    figures = evaluate(lively("qlvm", seed=6)[1], DATASET, quick=True)
    assert figures["knn5"]["value"] is None and "were left out" in figures["knn5"]["reason"]
    assert not any("see the keys" in (figure.get("reason") or "") for figure in figures.values())
