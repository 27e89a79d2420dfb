"""Which losses can be compared, and what a run's rate and distortion are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.losses import Measure, measure_of, rate_distortion
from latent_explorer.core.types import History

VAE = ModelConfig((28, 28, 1))
USUAL = measure_of(VAE, TrainingConfig(), "mnist")


def of(family: str, likelihood: str = "bernoulli", sigma: float | None = None, data: str = "mnist", **settings: object) -> Measure:
    classes = 10 if family == "conditional-vae" else None
    model = ModelConfig((28, 28, 1), family=family, likelihood=likelihood, sigma=sigma, classes=classes)
    return measure_of(model, replace(TrainingConfig(), **settings).for_model(model), data)  # type: ignore[arg-type]  # names of settings


@pytest.mark.parametrize("family", ["transformer-vae", "full-covariance-vae", "hyperspherical-vae", "hierarchical-vae", "beta-vae"])
def test_elbos_of_the_same_pixels_can_be_compared_whatever_the_family(family: str) -> None:
    measure = of(family, epochs=7, lr=0.1, seed=3)
    assert measure == USUAL
    assert measure.model is not None and measure.model.family == family


@pytest.mark.parametrize(
    ("family", "more"),
    [
        ("vae", {"data": "digits"}),
        ("vae", {"likelihood": "gaussian"}),
        ("vae", {"binarize": "none"}),
        ("vae", {"beta": 4.0}),
        ("vae", {"objective": "iwae", "samples": 5}),
        ("qlvm", {}),
        ("autoencoder", {}),
        ("wae-mmd", {}),
        ("conditional-vae", {}),
    ],
    ids=str,
)
def test_other_losses_cannot(family: str, more: dict[str, object]) -> None:
    assert of(family, **more) != USUAL  # type: ignore[arg-type]  # as above


def test_the_terms_of_two_betas_can_be_compared_and_those_of_two_widths_cannot() -> None:
    assert of("vae", beta=4.0).same_terms(USUAL)
    assert of("vae", objective="iwae", samples=5).same_terms(USUAL)
    assert not of("qlvm").same_terms(USUAL)
    narrow, wide = (of("vae", "gaussian", sigma) for sigma in (0.1, 1.0))
    assert not narrow.same_terms(wide)


def test_rate_and_distortion_are_of_validation_images_as_soon_as_there_are_any() -> None:
    epoch = np.arange(1, 7, dtype=np.float32)
    columns = {"train_kl": epoch, "train_reconstruction": 100 - epoch}
    columns |= {"validation_kl": np.full(6, np.nan, np.float32), "validation_reconstruction": np.full(6, np.nan, np.float32)}
    rate, distortion, part = rate_distortion(History(epoch.copy(), {name: values.copy() for name, values in columns.items()}))
    assert part == "training"
    np.testing.assert_array_equal(rate, epoch)
    columns["validation_kl"][[2, 5]] = 1.5, 2.5
    columns["validation_reconstruction"][[2, 5]] = 90, 80
    run = History(epoch, columns)
    rate, distortion, part = rate_distortion(run)
    assert (rate.tolist(), distortion.tolist(), part) == ([1.5, 2.5], [90, 80], "validation")
    assert rate_distortion(run, "training")[2] == "training" and len(rate_distortion(run, "training")[0]) == 6
    assert len(rate_distortion(None)[0]) == len(rate_distortion(History(epoch[:0], {}))[0]) == 0
