"""Sharpness by hand, of pictures that are blurred on purpose, and of every kind of model."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from latent_explorer.core.nn.evaluation import evaluate
from latent_explorer.core.nn.figures import sharpness, terms
from latent_explorer.core.nn.figures.sharpness import laplacian_variance, sharpness_figure
from latent_explorer.core.nn.inference import decode, encode
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.lively import SHAPE, lively
from tests.core.nn.small import architecture, module_for, toy

FAMILIES = ("vae", "vae-gan", "autoencoder", "wae-mmd", "hyperspherical-vae", "hierarchical-vae", "conditional-vae", "full-covariance-vae")


def test_it_is_the_variance_of_scipys_laplacian_inside_the_picture() -> None:
    pictures = np.random.default_rng(0).random((5, 9, 7, 3))
    expected = [laplace(picture.mean(2))[1:-1, 1:-1].var() for picture in pictures]
    np.testing.assert_allclose(laplacian_variance(pictures), expected)


def test_blurred_pictures_have_less_the_more_they_are_blurred() -> None:
    picture = np.random.default_rng(1).random((1, 28, 28, 1))
    found = [laplacian_variance(gaussian_filter(picture, (0, width, width, 0)))[0] for width in (0.0, 0.5, 1.0, 2.0)]
    assert found == sorted(found, reverse=True) and found[3] < 0.01 * found[0]
    y, x = np.mgrid[:9, :9]
    slope = (2.0 * x - y + 3)[None, :, :, None]
    np.testing.assert_allclose(laplacian_variance(slope), 0, atol=1e-20)  # an even slope has no edge


def test_images_that_come_back_have_one_and_those_of_half_the_contrast_a_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = np.random.default_rng(2).integers(0, 256, (40, 28, 28, 1), np.uint8)
    _, handle = module_for(architecture(toy()))
    z = np.arange(40, dtype=np.float32)[:, None].repeat(2, axis=1)
    for contrast in (1.0, 0.5):

        def back(handle: ModelHandle, z: np.ndarray, told: object, contrast: float = contrast) -> np.ndarray:
            return contrast * pictures[z[:, 0].astype(int)].astype(np.float32) / 255

        monkeypatch.setattr(sharpness, "decode", back)
        monkeypatch.setattr(sharpness, "BATCH", 16)
        figure = sharpness_figure(handle, z, pictures)["sharpness"]
        assert figure["value"] == pytest.approx(contrast**2, rel=1e-5)
        assert figure["se"] == pytest.approx(0, abs=1e-6) and figure["n"] == 40


def test_value_and_error_are_those_of_a_quotient_of_means() -> None:
    """The standard error against that of many samples with repetition."""
    dataset = toy(60, 40)
    _, handle = module_for(architecture(dataset), seed=4)
    images = dataset.images[dataset.split.test]
    mu = encode(handle, images)[0]
    figure = sharpness_figure(handle, mu, images)["sharpness"]
    ours, own = laplacian_variance(decode(handle, mu)), laplacian_variance(images.astype(np.float32) / 255)
    assert figure["value"] == pytest.approx(ours.mean() / own.mean(), rel=1e-6)
    rows = np.random.default_rng(0).integers(0, len(own), (4000, len(own)))
    assert figure["se"] == pytest.approx((ours[rows].mean(1) / own[rows].mean(1)).std(), rel=0.15)
    assert f"{own.mean():.4g}" in figure["protocol"] and terms.colours(handle) in figure["protocol"]


def test_pictures_without_an_edge_or_without_room_have_no_figure() -> None:
    _, handle = module_for(architecture(toy()))
    flat = np.full((3, 28, 28, 1), 9, np.uint8)
    assert sharpness_figure(handle, np.zeros((3, 2), np.float32), flat)["sharpness"]["value"] is None
    assert "3 × 4" in sharpness_figure(handle, np.zeros((3, 2), np.float32), flat[:, :2])["sharpness"]["reason"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_it(family: str) -> None:
    _, handle = lively(family, **({"classes": 3} if family == "conditional-vae" else {}))
    figure = evaluate(handle, toy(20, 30, SHAPE), quick=True)["sharpness"]
    assert figure["value"] is not None and figure["value"] >= 0 and figure["unit"] == "ratio"
