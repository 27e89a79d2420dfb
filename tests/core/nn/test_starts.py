"""Where quadrature begins: places by PCA against scikit-learn's, and another model's decoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm, spearmanr
from sklearn.decomposition import PCA

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.errors import SettingError, TrainingError
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import forget, module_of, weights_of
from latent_explorer.core.nn.starts import decoder_words, principal_places
from latent_explorer.core.nn.training import train

SETTINGS = TrainingConfig(epochs=10, batch_size=500, nodes=(6,), validation=100)


def model(family: str = "qlvm", width: int = 24) -> ModelConfig:
    return ModelConfig((8, 8, 1), family=family, hidden=(width,))


@pytest.mark.parametrize("family", ["qlvm", "qlvm-torus"])
def test_places_are_the_ranks_of_the_principal_scores(family: str) -> None:
    dataset = load_dataset("digits")
    images = torch.from_numpy(dataset.images.reshape(len(dataset.images), -1).copy())
    rows = torch.from_numpy(dataset.split.train.copy())
    places = principal_places(images, rows, model(family)).numpy()
    scores = PCA(2).fit_transform(images[rows].numpy() / 255)
    for axis in range(2):
        assert abs(spearmanr(places[rows, axis], scores[:, axis]).statistic) > 0.999
    u = places[rows] if family == "qlvm-torus" else norm.cdf(places[rows])
    np.testing.assert_allclose(np.sort(u, axis=0), np.tile((np.arange(len(rows)) + 0.5)[:, None] / len(rows), 2), atol=2e-6)
    others = np.setdiff1d(np.arange(len(images)), rows)
    assert not places[others].any()


def test_a_run_that_begins_with_pca_puts_images_near_their_scores() -> None:
    dataset = load_dataset("digits")
    settings = TrainingConfig(epochs=20, batch_size=50, nodes=(12,), lr=3e-3, validation=100, start="pca")
    *_, last = train(model(), settings, dataset, device="cpu")
    assert last.outcome == "finished" and last.codes is not None and last.snapshot is not None
    images = torch.from_numpy(dataset.images.reshape(len(dataset.images), -1).copy())
    places = principal_places(images, torch.from_numpy(dataset.split.test.copy()), model()).numpy()[last.codes.index]
    agreement = [spearmanr(last.codes.z[:, axis], places[:, axis]).statistic for axis in range(2)]
    forget(last.snapshot)
    assert min(agreement) > 0.5  # a run from scratch turns and tears its plane as it likes


def test_a_run_can_begin_with_another_models_decoder() -> None:
    vae = build(ModelConfig((8, 8, 1), hidden=(24,)), 5)
    begin = vae.config, {name: tensor.numpy() for name, tensor in vae.state_dict().items()}
    run = train(
        model(), TrainingConfig(epochs=1, batch_size=500, nodes=(6,), validation=100, start="model"), load_dataset("digits"), begin=begin
    )
    first = next(run)
    assert first.snapshot is not None
    torch.testing.assert_close(module_of(first.snapshot).decoder.state_dict(), vae.decoder.state_dict())
    run.close()
    forget(first.snapshot)


OTHERS: dict[str, dict[str, Any]] = {
    "wider": {"hidden": (25,)},
    "other images": {"hidden": (24,), "image_shape": (6, 8, 1)},
    "another likelihood": {"hidden": (24,), "likelihood": "continuous_bernoulli"},
    "another activation": {"hidden": (24,), "activation": "relu"},
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_model_that_cannot_be_begun_with_is_refused(name: str) -> None:
    """Also where all shapes fit: the same numbers would mean other pictures."""
    other = ModelConfig(**{"image_shape": (8, 8, 1)} | OTHERS[name])
    begin = other, {key: tensor.numpy() for key, tensor in build(other, 0).state_dict().items()}
    settings = TrainingConfig(epochs=1, nodes=(6,), start="model")
    with pytest.raises(TrainingError, match="choose the same network") as caught:
        next(train(model(), settings, load_dataset("digits"), begin=begin))
    for config in (other, model()):
        assert decoder_words(config) in str(caught.value)
    assert decoder_words(other) != decoder_words(replace(model(), family="vae"))


def test_a_run_that_begins_with_no_model_is_refused() -> None:
    with pytest.raises(TrainingError, match="no model to start from"):
        next(train(model(), TrainingConfig(epochs=1, nodes=(6,), start="model"), load_dataset("digits")))


def test_only_quadrature_starts_elsewhere() -> None:
    with pytest.raises(SettingError, match="only a model that is trained by quadrature"):
        TrainingConfig(start="pca").for_model(ModelConfig((8, 8, 1)))


def test_a_continued_run_of_averaged_weights_goes_on_exactly() -> None:
    """Stopped half way and continued from what it kept, a run ends with the same weights as one that was not stopped."""
    dataset = load_dataset("digits")
    settings = TrainingConfig(epochs=4, batch_size=400, nodes=(6, 8), validation=100, average=0.9, weight_decay=0.1, start="pca")
    *_, whole = train(model(), settings, dataset, device="cpu")
    for half in train(model(), settings, dataset, device="cpu"):
        if half.resumable and half.epoch == 2:
            break
    assert whole.snapshot is not None and half.snapshot is not None
    from latent_explorer.core.nn.handles import state_of

    *_, rest = train(model(), settings, dataset, device="cpu", resume=(weights_of(half.snapshot), state_of(half.snapshot), half.history))
    assert rest.snapshot is not None
    one, two = weights_of(whole.snapshot), weights_of(rest.snapshot)
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])
    for progress in (whole, half, rest):
        assert progress.snapshot is not None
        forget(progress.snapshot)
