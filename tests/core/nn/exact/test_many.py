"""Codes of many images by the exact posterior, and the aggregate posterior."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latent_explorer.core.nn.exact import climbing, many, sums
from latent_explorer.core.nn.exact.grids import nodes_for
from latent_explorer.core.nn.exact.many import aggregate_of, exact_codes, log_likelihoods, moments_of
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.types import ImageDataset, Split
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import binary_images, grey_images, lively


def dataset(count: int, images: np.ndarray | None = None) -> ImageDataset:
    rows = np.arange(count)
    labels = np.arange(count) % 3
    return ImageDataset("few", grey_images(count) if images is None else images, labels, ("a", "b", "c"), Split(rows[:0], rows[:0], rows))


@pytest.mark.parametrize("few", [1, 10_000], ids=["bounded", "all"])
def test_codes_are_the_posteriors_modes_and_means(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", few)
    monkeypatch.setattr(climbing, "PIECE", 3)
    monkeypatch.setattr(many, "PIXELS", 4 * 40)
    exact = linear_gaussian(0.1)
    images = np.rint(exact.draw(10) * 255).astype(np.uint8)
    rows = np.array([7, 2, 9, 4, 0, 1])
    found = exact_codes(exact.handle, dataset(10, images), rows, side=128)
    assert set(found) == {"exact_mode", "exact_mean"}
    for kind, codes in found.items():
        assert codes.kind == kind
        np.testing.assert_array_equal(codes.index, rows)
        np.testing.assert_array_equal(codes.labels, rows % 3)
        assert codes.columns["cov"].shape == (6, 2, 2)
        for k, row in enumerate(rows):
            x = images[row].reshape(-1) / 255
            mean, covariance = exact.posterior(x)
            np.testing.assert_allclose(codes.z[k], mean, atol=5e-3)
            np.testing.assert_allclose(codes.columns["cov"][k], covariance, atol=1e-3)
            np.testing.assert_allclose(np.exp(codes.columns["log_var"][k]), np.diag(covariance), rtol=0.02)
            assert codes.columns["ll"][k] == pytest.approx(exact.evidence(x), abs=5e-3)
            assert codes.columns["width"][k] == pytest.approx(np.sqrt(np.linalg.eigvalsh(covariance)[0]), rel=0.05)


def test_grey_scores_are_called_so_and_binary_images_have_a_likelihood() -> None:
    _, handle = lively()
    grey = exact_codes(handle, dataset(4), np.arange(4), ("exact_mean",), side=32)
    assert set(grey) == {"exact_mean"}
    assert "grey_score" in grey["exact_mean"].columns
    assert "ll" not in grey["exact_mean"].columns
    black = exact_codes(handle, dataset(4, (255 * binary_images(4)).astype(np.uint8)), np.arange(4), side=32)
    assert "ll" in black["exact_mode"].columns


@pytest.mark.parametrize("family", ["vae", "qlvm-torus"])
def test_many_images_have_the_posteriors_that_single_ones_have(family: str) -> None:
    _, handle = lively(family)
    images = grey_images(5, 3)
    codes = exact_codes(handle, dataset(5, images), np.arange(5), side=64)
    for k, image in enumerate(images):
        one = posterior(handle, image, 64)
        np.testing.assert_allclose(codes["exact_mode"].z[k], one.mode, atol=1e-4)
        np.testing.assert_allclose(codes["exact_mean"].z[k], one.mean, atol=1e-4)
        np.testing.assert_allclose(codes["exact_mode"].columns["cov"][k], one.covariance, atol=1e-4)


@pytest.mark.parametrize("few", [1, 10_000], ids=["bounded", "all"])
def test_the_aggregate_posterior_is_the_mean_of_all(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", few)
    _, handle = lively()
    images = binary_images(6)
    evidence = log_likelihoods(handle, images, 32)
    found = aggregate_of(handle, images, evidence, 32)
    singles = np.stack([posterior(handle, image, 32).probability.ravel() for image in images])
    np.testing.assert_allclose(found, singles.mean(0), atol=1e-5)
    assert found.sum() == pytest.approx(1)


def test_no_images_are_no_error() -> None:
    _, handle = lively()
    assert log_likelihoods(handle, binary_images(0), 32).shape == (0,)
    assert exact_codes(handle, dataset(4), np.zeros(0, np.int64), side=32)["exact_mode"].z.shape == (0, 2)


def test_progress_is_told_in_parts_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", 1)
    _, handle = lively()
    told: list[float] = []
    moments_of(handle, binary_images(5), 64, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_mode_is_no_worse_than_the_best_node_and_not_on_a_node() -> None:
    module, handle = lively()
    images = binary_images(8)
    codes = exact_codes(handle, dataset(8, (255 * images).astype(np.uint8)), np.arange(8), side=32)["exact_mode"]
    nodes = nodes_for(handle.architecture, 32)
    best = nodes.z[moments_of(handle, images, 32).node]
    x = torch.from_numpy(images.reshape(8, -1))

    def joint(z: np.ndarray) -> np.ndarray:
        places = torch.from_numpy(z.astype(np.float32))
        return (module.likelihood.log_prob(x, module.decode(places)) - 0.5 * places.square().sum(1)).numpy()

    assert np.all(joint(codes.z) >= joint(best) - 1e-5)
    assert np.abs(codes.z - best).max() > 0.01
