"""Every family with every network and likelihood: weights counted, trained, saved, loaded, encoded and decoded."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.checkpoint.weights import load_model, save_model
from latent_explorer.core.config import CONVOLUTIONAL, ModelConfig
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.nn.families.registry import FAMILIES as BUILT
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.transformer import TransformerEncoder
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.nn.inference import codes_of, decode, encode
from latent_explorer.core.nn.records import run_record
from latent_explorer.core.sizes import encoder_outputs
from latent_explorer.core.types import ImageDataset
from tests.core.nn.small import history_table, run, settings, toy

WITH_ELBO = [key for key, facts in FAMILIES.items() if facts.bound == "elbo"]


def config(family: str, shape: tuple[int, int, int], classes: int = 10, **more: Any) -> ModelConfig:
    facts = FAMILIES[family]
    usual: dict[str, Any] = {"hidden": () if family == "pca" else (16, 12), "likelihood": facts.likelihoods[0]}
    if facts.conditional:
        usual["classes"] = classes
    if more.get("network") in CONVOLUTIONAL:
        usual["channels"] = (4, 6)
    return ModelConfig(shape, family=family, **{**usual, **more})


def test_every_family_is_built() -> None:
    assert set(BUILT) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_are_counted_as_they_are(family: str) -> None:
    """For every network and likelihood, and images whose sides are no multiples of anything."""
    facts = FAMILIES[family]
    for network, likelihood, shape in product(facts.networks, facts.likelihoods, [(9, 7, 3), (28, 28, 1), (1, 1, 1)]):
        for hidden in ((),) if family == "pca" else ((7, 6, 6), ()):
            model = config(family, shape, network=network, likelihood=likelihood, hidden=hidden)
            with torch.device("meta"):
                module = BUILT[family](model)
            assert model.parameters == sum(p.numel() for p in module.parameters()), (network, likelihood, shape, hidden)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_trained_saved_loaded_and_explored(family: str, digits: ImageDataset, tmp_path: Path) -> None:
    model = config(family, digits.image_shape)
    how = settings(epochs=2, batch_size=128, validation=100, nodes=(12,)).for_model(model)
    last = run(digits, how, model)
    assert last.outcome == "finished" and last.snapshot is not None
    assert np.isfinite(history_table(last)["validation_loss"]).any()
    path = tmp_path / "model.safetensors"
    save_model(path, run_record(last, how, digits.with_validation(100), name=family, command=""))
    loaded = load_model(path)
    assert loaded.handle.architecture == model and loaded.training == how
    rows = digits.split.test[:50]
    codes = codes_of(loaded.handle, digits, rows)
    assert codes.z.shape == (50, model.latent_dim) and np.isfinite(codes.z).all()
    assert ("log_var" in codes.columns) == model.facts.spread
    assert all(np.isfinite(column).all() and column.dtype == np.float32 for column in codes.columns.values())
    stored = loaded.codes["mean"]
    np.testing.assert_allclose(codes.z, stored.z[:50], atol=2e-4)
    assert {name: column.shape[1:] for name, column in stored.columns.items()} == {n: c.shape[1:] for n, c in codes.columns.items()}
    assert {"full-covariance-vae": "cov", "hyperspherical-vae": "kappa", "hierarchical-vae": "kl_top"}.get(family, "z") in {
        "z",
        *codes.columns,
    }
    mu, _ = encode(loaded.handle, digits.images[rows], codes.labels)
    np.testing.assert_allclose(mu, codes.z, atol=2e-4)
    pictures = decode(loaded.handle, codes.z, codes.labels if model.facts.conditional else None)
    assert pictures.shape == (50, *digits.image_shape)
    assert pictures.min() >= 0 and pictures.max() <= 1


@pytest.mark.parametrize("family", WITH_ELBO)
@pytest.mark.parametrize("network", ["residual", "conv", "resconv"])
def test_every_network_and_likelihood_learns(family: str, network: str) -> None:
    dataset = toy(60, 4, (9, 7, 1))
    likelihoods = ("bernoulli", "continuous_bernoulli", "gaussian", "discretised_logistic")
    likelihood = likelihoods[(WITH_ELBO.index(family) + len(network)) % 4]
    model = config(family, dataset.image_shape, 3, network=network, likelihood=likelihood)
    last = run(dataset, settings(epochs=8, batch_size=20, lr=0.01, validation=12), model)
    assert last.outcome == "finished"
    losses = history_table(last)["validation_loss"]
    losses = losses[~np.isnan(losses)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("family", WITH_ELBO)
def test_terms_are_sums_over_pixels_and_dimensions(family: str) -> None:
    """Twice the pixels is twice the reconstruction, twice the batch changes nothing, and each image has its own terms.

    The circulating errors: a mean over pixels (effective beta 784), over dimensions (1/d), or both.
    """
    once, twice = config(family, (4, 5, 1), 3), config(family, (4, 10, 1), 3)
    found = []
    for model in (once, twice):
        module = build(model, 0)
        with torch.no_grad():
            module.decoder.last_bias().fill_(0.3)
            last = list(module.decoder.layers)[-1]
            last.weight.zero_()  # type: ignore[operator]
        x = torch.zeros((6, model.pixels))
        labels = torch.zeros(6, dtype=torch.int64)
        found.append(module.terms(x, torch.Generator().manual_seed(0), labels=labels))
        assert found[-1].reconstruction.shape == found[-1].kl.shape == (6,)
    one = torch.nn.functional.softplus(torch.tensor(0.3))  # -log p(0) of each pixel
    torch.testing.assert_close(found[0].reconstruction, (20 * one).expand(6))
    torch.testing.assert_close(found[1].reconstruction, (40 * one).expand(6))


@pytest.mark.parametrize("network", ["dense", "residual", "conv", "resconv"])
@pytest.mark.parametrize("family", WITH_ELBO)
def test_what_an_encoder_says_has_no_bounds_and_weights_of_its_own(family: str, network: str) -> None:
    """The circulating errors: a ReLU on mu or log_var, which leaves one quadrant of the plane; one layer for both."""
    model = config(family, (9, 7, 1), 3, network=network)
    module = build(model, 0)
    assert isinstance(module, VAE)
    beside = None if not model.facts.conditional else torch.nn.functional.one_hot(torch.arange(64) % 3, 3)
    x = torch.rand((64, model.pixels), generator=torch.Generator().manual_seed(0))
    numbers = module.encoder.numbers(x, beside)
    assert numbers.shape == (64, encoder_outputs(model))
    last = (module.encoder.last if isinstance(module.encoder, TransformerEncoder) else module.encoder.layers)[-1]
    rows = [torch.autograd.grad(numbers[0, k], last.bias, retain_graph=True)[0] for k in range(numbers.shape[1])]
    assert torch.equal(torch.stack(rows), torch.eye(numbers.shape[1]))  # one for each number, and nothing after them
    for far in (-1e4, 1e4):
        with torch.no_grad():
            last.bias.fill_(far)
        torch.testing.assert_close(module.encoder.numbers(x, beside), torch.full_like(numbers, far), rtol=0.01, atol=0)


@pytest.mark.parametrize("family", WITH_ELBO)
def test_images_do_not_share_their_noise(family: str) -> None:
    model = config(family, (4, 5, 1), 3)
    module = build(model, 0)
    x = torch.rand((1, 20), generator=torch.Generator().manual_seed(0)).expand(8, 20).contiguous()
    labels = torch.ones(8, dtype=torch.int64)
    terms = module.terms(x, torch.Generator().manual_seed(0), labels=labels)
    assert len(torch.unique(terms.reconstruction)) == 8
    again = module.terms(x, torch.Generator().manual_seed(0), labels=labels)
    assert torch.equal(terms.reconstruction, again.reconstruction)


@pytest.mark.parametrize("family", WITH_ELBO)
def test_it_can_be_stopped_and_goes_on_with_bfloat16_and_several_draws(family: str) -> None:
    dataset = toy(24, 4)
    model = config(family, dataset.image_shape, 3, network="resconv")
    for changes in ({"precision": "bfloat16"}, {"samples": 3, "objective": "iwae"}):
        last = run(dataset, settings(epochs=1, **changes), model)
        assert last.outcome == "finished"
        assert last.snapshot is not None
        assert all(torch.isfinite(p).all() for p in module_of(last.snapshot).parameters())


def test_a_conditional_model_is_not_trained_without_classes() -> None:
    dataset = toy(24, 4)
    model = config("conditional-vae", dataset.image_shape, 3)
    bare = ImageDataset("bare", dataset.images, None, (), dataset.split)
    with pytest.raises(TrainingError, match=r"needs the class of every image, and bare lacks some; choose the family vae\.$"):
        run(bare, settings(), model)
    with pytest.raises(TrainingError, match=r"^The model is for 5 classes, but toy has 3\.$"):
        run(dataset, settings(), config("conditional-vae", dataset.image_shape, 5))
