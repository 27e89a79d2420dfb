"""Recipes and draws from the prior."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.errors import SettingError
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.prior import prior_draws
from latent_explorer.core.recipes import DRAWS, RECIPES, Recipe
from latent_explorer.core.usual import with_usual

MODEL_FIELDS = {field.name for field in fields(ModelConfig)} - {"image_shape", "classes"}
TRAINING_FIELDS = {field.name for field in fields(TrainingConfig)}


def configurations(recipe: Recipe) -> list[tuple[ModelConfig, TrainingConfig]]:
    found = []
    for part in recipe.parts:
        family = part.settings.get("family", "vae")
        values = with_usual(family, {"family": family}, frozenset(part.settings)) | dict(part.settings)
        assert values.keys() <= MODEL_FIELDS | TRAINING_FIELDS
        told = {"classes": 10} if FAMILIES[family].conditional else {}  # the data say how many there are
        model = ModelConfig((28, 28, 1), **told, **{name: value for name, value in values.items() if name in MODEL_FIELDS})
        training = TrainingConfig(**{name: value for name, value in values.items() if name in TRAINING_FIELDS})
        found.append((model, training.for_model(model)))
    return found


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_one_of_settings_that_exist(name: str) -> None:
    recipe = RECIPES[name]
    assert recipe.name == name and recipe.sentence.endswith(".") and recipe.parts
    keys = [part.key for part in recipe.parts]
    assert len(set(keys)) == len(keys)
    assert keys == [""] or all(keys)
    for (model, _), part in zip(configurations(recipe), recipe.parts, strict=True):
        assert not part.draws or model.facts.prior


def test_the_reference_systems_are_what_they_are_called() -> None:
    ((linear, how),) = configurations(RECIPES["linear-encoder"])
    assert linear.hidden == () and linear.decoder_widths and linear.likelihood == "bernoulli" and how.binarize == "none"
    ((small, how),) = configurations(RECIPES["dense-128-128"])
    assert (small.hidden, how.batch_size, how.epochs, RECIPES["dense-128-128"].parts[0].draws) == ((128, 128), 128, 10, DRAWS)
    assert DRAWS == 100
    pair = configurations(RECIPES["autoencoder-against-vae"])
    assert [model.family for model, _ in pair] == ["autoencoder", "vae"]
    assert {(model.hidden, model.latent_dim, how.binarize) for model, how in pair} == {((256,), 32, "none")}
    betas = configurations(RECIPES["posterior-collapse"])
    assert [how.beta for _, how in betas] == [1, 10, 100] and len({model for model, _ in betas}) == 1
    (mse, _), (learned, _) = configurations(RECIPES["sigma-vae"])
    assert (
        (mse.hidden, mse.latent_dim, mse.likelihood) == (learned.hidden, learned.latent_dim, learned.likelihood) == ((128,), 2, "gaussian")
    )
    assert mse.sigma is not None and mse.sigma**2 == pytest.approx(0.5)  # SSE / (2 sigma^2) + KL = SSE + KL
    assert learned.sigma is None


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_fit_small_sets_too(name: str) -> None:
    """How many images validate is left to the data, or is none: a number made for MNIST would be refused elsewhere."""
    digits = load_dataset("digits")
    for _, how in configurations(RECIPES[name]):
        assert len(digits.with_validation(how.validation).split.train) > 0


# --- draws of the prior -----------------------------------------------------------------------------------------------------


def test_draws_are_of_each_familys_prior() -> None:
    from scipy.stats import kstest

    plane = prior_draws(ModelConfig((28, 28, 1)), 4000, 1)
    torus = prior_draws(ModelConfig((28, 28, 1), family="qlvm-torus"), 4000, 1)
    sphere = prior_draws(ModelConfig((28, 28, 1), family="hyperspherical-vae"), 4000, 1)
    assert plane.shape == torus.shape == (4000, 2) and sphere.shape == (4000, 3)
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 1, rtol=1e-6)
    for values, law in ((plane, "norm"), (torus, "uniform"), ((sphere + 1) / 2, "uniform")):  # Archimedes: each coordinate is even
        for column in values.T:
            assert kstest(column, law).pvalue > 0.001
    np.testing.assert_array_equal(plane, prior_draws(ModelConfig((28, 28, 1)), 4000, 1))
    assert not np.array_equal(plane, prior_draws(ModelConfig((28, 28, 1)), 4000, 2))


def test_what_has_no_prior_is_not_sampled() -> None:
    for family in (facts for facts in FAMILIES.values() if not facts.prior):
        likelihood = family.likelihoods[0]
        with pytest.raises(SettingError, match="has no prior"):
            prior_draws(ModelConfig((28, 28, 1), family=family.key, likelihood=likelihood), 3, 0)
