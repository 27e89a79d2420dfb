"""What codes can be coloured by."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.plane.values import Values, note_on, pixels_of, score_of, title_of
from latent_explorer.core.types import Codes


def codes(**columns: np.ndarray) -> Codes:
    z = np.array([[0.0, 0.0], [3.0, -4.0], [0.5, 0.5]], np.float32)
    return Codes("mean", z, np.arange(3), np.full(3, -1), columns)


def test_columns_of_one_number_a_point_are_offered() -> None:
    age = np.array([1, 2, 3], np.float32)
    values = Values(codes(age=age, pair=np.zeros((3, 2), np.float32)))
    assert list(values) == ["age"]
    assert len(values) == 1
    np.testing.assert_array_equal(values["age"], age)
    assert "kl" not in values
    with pytest.raises(KeyError):
        values["pair"]


def test_kl_and_width_follow_from_the_posteriors() -> None:
    log_var = np.log(np.array([[1.0, 1.0], [1.0, 1.0], [0.25, 0.01]], np.float32))
    values = Values(codes(log_var=log_var))
    assert list(values) == ["kl", "width"]
    # KL of a unit Gaussian at distance 5 is 25 / 2; of N(0, I) itself nothing.
    expected = 0.5 * ((0.25 + 0.25 - 1 - np.log(0.25)) + (0.25 + 0.01 - 1 - np.log(0.01)))
    np.testing.assert_allclose(values["kl"], [0.0, 12.5, expected], atol=1e-5)
    np.testing.assert_allclose(values["width"], [1, 1, np.sqrt(0.5 * 0.1)], rtol=1e-5)


def test_a_kl_is_offered_only_where_the_closed_form_is_right() -> None:
    log_var = np.zeros((3, 2), np.float32)
    some = codes(log_var=log_var)
    for family, facts in FAMILIES.items():
        right = facts.encoder and facts.prior and facts.space == "plane" and not facts.levels
        assert ("kl" in Values(some, facts)) == right, family
    assert [family for family, facts in FAMILIES.items() if "kl" not in Values(some, facts)] == [
        *("qlvm", "qlvm-torus", "pca", "autoencoder", "hierarchical-vae", "hyperspherical-vae")
    ]
    one = np.ones(3, np.float32)
    for name, column in (("cov", np.tile(np.eye(2, dtype=np.float32), (3, 1, 1))), ("kappa", one), ("kl_top", one)):
        values = Values(codes(log_var=log_var, **{name: column}))
        assert "kl" not in values and "width" in values
        assert Values(codes(log_var=log_var, kl=one, **{name: column}))["kl"].tolist() == [1, 1, 1]
    exact = Codes("exact_mode", some.z.copy(), np.arange(3), np.full(3, -1), {"log_var": log_var.copy()})
    assert "kl" not in Values(exact)


def test_what_was_measured_counts_and_not_what_can_be_worked_out() -> None:
    values = Values(codes(log_var=np.zeros((3, 2), np.float32), kl=np.array([7, 8, 9], np.float32)))
    assert sorted(values) == ["kl", "width"]
    assert values["kl"].tolist() == [7, 8, 9]


def test_names_for_people() -> None:
    assert title_of("elbo") == "ELBO (nats)"
    assert title_of("my column") == "my column"


def test_scores_are_offered_as_what_is_strange() -> None:
    score = np.array([-120.0, -90.0, -400.0], np.float32)
    for column, name in (("ll", "surprise"), ("grey_score", "grey_surprise")):
        some = codes(**{column: score})
        values = Values(some)
        assert list(values) == [name]
        np.testing.assert_array_equal(values[name], -score)
        assert "Surprise" in title_of(name)
        assert score_of(some) == column
    assert score_of(codes()) == ""


@pytest.mark.parametrize(
    ("likelihood", "grey", "note"),
    [
        ("bernoulli", True, ", one draw"),
        ("bernoulli", False, ""),
        ("gaussian", True, ", density"),
        ("gaussian", False, ", density"),
        ("continuous_bernoulli", True, ", density"),
        ("discretised_logistic", True, ""),
    ],
)
def test_a_likelihood_is_named_by_the_pixels_that_it_is_of(likelihood: str, grey: bool, note: str) -> None:
    """As `image_columns` computes them: on a draw where pixels are grey and the decoder tells black from white only."""
    images = np.full((100, 4, 4, 1), 128 if grey else 255, np.uint8)
    config = ModelConfig((4, 4, 1), likelihood=likelihood)
    pixels = pixels_of(config, images)
    assert note_on("ll", pixels) == note
    assert note_on("grey_score", pixels) == note_on("mse", pixels) == note_on("kl", pixels) == ""
    score = np.array([-120.0, -90.0, -400.0], np.float32)
    values = Values(codes(ll=score, elbo=score, grey_score=score), FAMILIES["vae"], pixels)
    assert title_of("surprise", values) == f"Surprise, −log p(x){note} (nats)"
    assert title_of("elbo", values) == "ELBO (nats)"
    assert title_of("grey_surprise", values) == "Surprise, −grey score (nats)"


def test_images_that_are_not_here_count_as_grey_and_a_table_has_no_model() -> None:
    assert note_on("ll", pixels_of(ModelConfig((4, 4, 1)), None)) == ", one draw"
    assert note_on("ll", pixels_of(None, None)) == ""
