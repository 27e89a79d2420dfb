"""The model doctor: made-up histories and codes whose illness is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.doctor import Finding, diagnose, diagnose_record
from latent_explorer.core.symptoms.codes import kl_by_dimension
from latent_explorer.core.types import Codes, DataReference, History, ModelHandle, ModelRecord

MODEL = ModelConfig((28, 28, 1))
EPOCHS = 20
ROWS = 10  # in an epoch


def found(*arguments: Any, **more: Any) -> dict[str, Finding]:
    findings = diagnose(*arguments, **more)
    assert len({finding.key for finding in findings}) == len(findings)
    order = [("problem", "advice", "fine").index(finding.severity) for finding in findings]
    assert order == sorted(order)  # the worst first
    assert all(finding.sentence.endswith(".") and (not finding.suggestion or finding.suggestion.endswith(".")) for finding in findings)
    assert all(finding.suggestion for finding in findings if finding.severity != "fine")
    return {finding.key: finding for finding in findings}


def history(train: NDArray[np.floating], validation: NDArray[np.floating]) -> History:
    """Losses at `ROWS` rows an epoch, and validation losses at its end."""
    epoch = ((1 + np.arange(len(train))) / ROWS).astype(np.float32)
    at_ends = np.full(len(train), np.nan, np.float32)
    at_ends[ROWS - 1 :: ROWS] = validation
    return History(epoch, {"train_loss": train.astype(np.float32), "validation_loss": at_ends})


def course(epochs: int = EPOCHS, *, fall: float = 60.0, pace: float = 1.0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A training loss that falls from 205 to a level, and a validation loss a little above its ends."""
    epoch = (1 + np.arange(epochs * ROWS)) / ROWS
    noise = np.random.default_rng(0).normal(0, 0.3, len(epoch))
    train = 205 - fall * (1 - np.exp(-epoch / pace)) + noise
    return train, 205 - fall * (1 - np.exp(-np.arange(1, epochs + 1) / pace)) + 2.0


def codes(
    mean: NDArray[np.floating], log_var: float | NDArray[np.floating] | None = -4.0, labels: NDArray[np.int64] | None = None
) -> Codes:
    count = len(mean)
    columns = {} if log_var is None else {"log_var": np.broadcast_to(np.float32(log_var), mean.shape).copy()}
    return Codes("mean", mean.astype(np.float32), np.arange(count), np.zeros(count, np.int64) if labels is None else labels, columns)


def normal(count: int = 1500, d: int = 2, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((count, d))


# --- losses -----------------------------------------------------------------------------------------------------------------


def test_a_healthy_run_is_fine() -> None:
    train, validation = course()
    findings = found(MODEL, TrainingConfig(), history(train, validation), codes(normal()))
    assert {finding.severity for finding in findings.values()} == {"fine"}
    assert findings.keys() == {"fit", "kl", "units", "holes"}
    assert "2.08 nats above" in findings["fit"].sentence


def test_a_validation_loss_that_turns_is_overfitting() -> None:
    train, validation = course()
    turned = validation + 0.3 * np.maximum(0, np.arange(1, EPOCHS + 1) - 8)
    finding = found(MODEL, TrainingConfig(), history(train, turned))["overfitting"]
    assert "after epoch 8" in finding.sentence and "3.58 nats" in finding.sentence
    assert finding.severity == "advice"
    steep = validation + 1.0 * np.maximum(0, np.arange(1, EPOCHS + 1) - 8)
    assert found(MODEL, TrainingConfig(), history(train, steep))["overfitting"].severity == "problem"
    assert found(MODEL, TrainingConfig(), history(train, steep), running=True)["overfitting"].severity == "problem"


def test_a_wide_gap_is_overfitting_though_validation_does_not_rise() -> None:
    train, validation = course()
    finding = found(MODEL, TrainingConfig(), history(train, validation + 10))["overfitting"]
    assert finding.severity == "advice" and "by heart" in finding.sentence


def test_training_and_validation_that_agree_are_underfitting_of_some_reason() -> None:
    train, validation = course()
    finding = found(MODEL, TrainingConfig(), history(train, validation - 2))["underfitting"]
    assert "agree" in finding.sentence
    for reason in ("networks", "latent size of 2", "beta of 1", "learning rate, which has gone to 0", "may be"):
        assert reason in finding.sentence
    assert "underfitting" not in found(MODEL, TrainingConfig(), history(train, validation - 2), running=True)
    for settings in (TrainingConfig(schedule="constant"), TrainingConfig(epochs=2 * EPOCHS)):  # stopped half-way: it has not
        assert "learning rate" not in found(MODEL, settings, history(train, validation - 2))["underfitting"].sentence
    assert (
        "beta" not in found(ModelConfig((28, 28, 1), family="autoencoder"), None, history(train, validation - 2))["underfitting"].sentence
    )


def test_a_validation_loss_below_the_training_loss_is_said_to_be_below_and_is_no_overfitting() -> None:
    train, validation = course()
    turned = validation - 10 + 0.3 * np.maximum(0, np.arange(1, EPOCHS + 1) - 8)
    findings = found(MODEL, TrainingConfig(), history(train, turned))
    assert "overfitting" not in findings and "underfitting" not in findings
    assert "nats below the training loss" in findings["fit"].sentence and "risen by 3.5" in findings["fit"].sentence
    lower = found(MODEL, TrainingConfig(), history(train, validation - 6))["underfitting"].sentence
    assert "3.92 nats below" in lower and "agree" not in lower


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_the_validation_loss_is_no_overfitting(seed: int) -> None:
    """Its lowest of 300 epochs is three standard deviations below, however many epochs ago."""
    train, validation = course(300)
    noisy = validation + np.random.default_rng(seed).normal(0, 0.5, 300)
    noisy[-1] = validation[-1] + 1.0
    assert noisy[-1] - noisy.min() > 0.02 * 60
    assert "overfitting" not in found(MODEL, TrainingConfig(epochs=300), history(train, noisy))
    rising = noisy + np.maximum(0, np.arange(300) - 100) * 0.03
    assert "overfitting" in found(MODEL, TrainingConfig(epochs=300), history(train, rising))


def test_a_gap_within_the_noise_of_the_training_loss_is_none() -> None:
    train, validation = course(fall=4.0)
    train += np.random.default_rng(4).normal(0, 3, len(train))
    gap = validation[-1] + 0.3 - train[-ROWS:].mean()
    steady = history(train, validation + 0.9 - gap)
    assert "overfitting" not in found(MODEL, TrainingConfig(), steady)


def with_kl(some: History, kl: float) -> History:
    known = np.isfinite(some.columns["validation_loss"])
    return History(some.epoch, {**some.columns, "validation_kl": np.where(known, kl, np.nan).astype(np.float32)})


@pytest.mark.parametrize("shift", [-2.0, 0.0, 12.0])
@pytest.mark.parametrize("turn", [0.0, 1.0])
def test_after_a_collapse_nothing_is_said_of_the_fit(shift: float, turn: float) -> None:
    """Neither over- nor underfitting, nor that little was learned: the collapse is first, and says it all."""
    train, validation = course()
    ill = history(train, validation + shift + turn * np.maximum(0, np.arange(1, EPOCHS + 1) - 8))
    fit = {"overfitting", "underfitting", "fit", "improving", "learning"}
    collapsed = codes(0.001 * normal(), -0.001)
    for findings in (
        found(MODEL, TrainingConfig(beta=50), ill, collapsed),
        found(MODEL, TrainingConfig(beta=50), ill, collapsed, running=True),
        found(MODEL, TrainingConfig(beta=50), with_kl(ill, 1e-5)),  # opened from a file, without its images
        found(MODEL, TrainingConfig(beta=50), with_kl(history(*course(fall=1.0)), 1e-5)),
    ):
        assert next(iter(findings)) == "collapse" and not findings.keys() & fit
    assert found(MODEL, TrainingConfig(), with_kl(ill, 4.0)).keys() & fit
    young = found(MODEL, TrainingConfig(), with_kl(ill, 1e-5), running=True)
    assert "collapse" not in young and not young.keys() & fit  # its KL may rise yet


def test_where_one_level_of_two_is_silent_the_fit_is_told_still() -> None:
    train, validation = course()
    model = ModelConfig((28, 28, 1), family="hierarchical-vae")
    findings = found(model, TrainingConfig(), history(train, validation), codes(0.001 * normal(), -0.001))
    assert {"collapse", "fit"} <= findings.keys()


def test_codes_that_were_not_looked_at_are_told_of() -> None:
    assert "not looked at" in found(MODEL, TrainingConfig(), unseen=True)["unexamined"].sentence
    assert "unexamined" not in found(MODEL, TrainingConfig())


def test_a_loss_that_still_falls_wants_more_epochs() -> None:
    train, validation = course(pace=12.0)
    finding = found(MODEL, TrainingConfig(), history(train, validation))["improving"]
    assert "in the last 5 epochs" in finding.sentence
    assert "improving" not in found(MODEL, TrainingConfig(), history(train, validation), running=True)  # of course it does


def test_more_epochs_for_less_than_a_fifth_of_a_nat_are_not_advised() -> None:
    train, validation = course(fall=4.0, pace=7.0)  # 0.08 nats in the last two epochs, 6 % of the fall in the last five
    settings = TrainingConfig()
    assert "improving" not in found(MODEL, settings, history(train - 150, validation - 150))
    train, validation = course(fall=40.0, pace=7.0)
    assert "improving" in found(MODEL, settings, history(train - 150, validation - 150))


def test_a_run_by_log_likelihood_that_was_too_short() -> None:
    model = ModelConfig((28, 28, 1), family="qlvm")
    train, validation = course(2, pace=2.0)
    findings = found(model, None, history(train, validation))
    assert findings["improving"].suggestion == "Train for more epochs."
    train, validation = course(4, fall=5.0)
    short = found(model, None, history(train, validation))["learning"]
    assert short.severity == "advice" and "beta" not in short.suggestion
    assert "beta" not in found(model, None, history(*course(4, fall=1.0)))["learning"].suggestion
    done = 150 + np.random.default_rng(1).normal(0, 0.3, 20)
    done[0] = 205.0
    assert "improving" not in found(model, None, history(done, np.array([152.0, 152.0])))


def test_spikes_are_counted_and_noise_is_none() -> None:
    train, validation = course()
    assert "spikes" not in found(MODEL, TrainingConfig(), history(train, validation))
    train[[90, 150]] += (40, 15)
    finding = found(MODEL, TrainingConfig(), history(train, validation))["spikes"]
    assert "2 times" in finding.sentence and "epoch 9.1" in finding.sentence and "39.7 nats" in finding.sentence


def test_a_run_that_learns_nothing() -> None:
    train, validation = course(fall=1.0)
    findings = found(MODEL, TrainingConfig(beta=100), history(train, validation))
    assert findings["learning"].severity == "problem"
    assert "underfitting" not in findings and "fit" not in findings


def test_divergence_is_said_without_any_history() -> None:
    finding = found(MODEL, TrainingConfig(), None, outcome="diverged")["divergence"]
    assert finding.severity == "problem" and "learning rate" in finding.suggestion
    assert "divergence" not in found(MODEL, TrainingConfig(), None, outcome="stopped")


def test_losses_during_a_warm_up_are_left_out() -> None:
    """While beta rises the loss rises with it, in training and validation."""
    train, validation = course()
    rising = np.minimum(1, np.arange(1, EPOCHS + 1) / 12)
    warm = history(train + 30 * np.repeat(rising, ROWS), validation + 30 * rising)
    assert "fit" in found(MODEL, TrainingConfig(warmup_epochs=12.0), warm)
    assert "overfitting" in found(MODEL, TrainingConfig(), warm)


def test_losses_of_densities_may_be_negative() -> None:
    train, validation = course()
    findings = found(ModelConfig((28, 28, 1), likelihood="gaussian"), TrainingConfig(), history(train - 900, validation - 900))
    assert findings["fit"].severity == "fine" and "learning" not in findings


def test_the_course_of_a_discriminators_loss_says_nothing() -> None:
    train, validation = course()
    model = ModelConfig((28, 28, 1), family="vae-gan")
    findings = found(model, TrainingConfig(), history(train[::-1].copy(), validation[::-1].copy()))
    assert not findings.keys() & {"overfitting", "learning", "fit", "spikes"}
    assert "no ELBO" in findings["family"].sentence


def test_too_few_losses_say_nothing() -> None:
    assert found(MODEL, TrainingConfig(), history(np.array([200.0, 190.0]), np.zeros(0))) == {}
    assert found(MODEL, None, None) == {}


# --- codes ------------------------------------------------------------------------------------------------------------------


def test_kl_of_each_dimension_is_its_closed_form() -> None:
    import torch
    from torch.distributions import Normal, kl_divergence

    mean, log_var = normal(40, 3), normal(40, 3, 1)
    q = Normal(torch.from_numpy(mean), torch.from_numpy(np.exp(log_var / 2)))
    expected = kl_divergence(q, Normal(torch.zeros(3), torch.ones(3))).mean(0)
    np.testing.assert_allclose(kl_by_dimension(mean, np.exp(log_var)), expected.numpy(), rtol=1e-12)


def test_one_silent_dimension_and_two() -> None:
    z = normal()
    z[:, 1] *= 0.01
    findings = found(MODEL, None, None, codes(z, np.array([-4.0, -0.01])))
    assert findings["collapse"].severity == "problem" and findings["collapse"].sentence.startswith("z[1] has collapsed")
    assert findings["units"].sentence.startswith("1 of 2 latent dimensions is used")
    findings = found(MODEL, None, None, codes(0.01 * normal(), -0.01))
    assert "All posteriors are the prior" in findings["collapse"].sentence
    wide = np.concatenate([normal(d=3), 0.01 * normal(d=29)], axis=1)
    widths = np.concatenate([np.full(3, -4.0), np.full(29, -0.01)])
    findings = found(ModelConfig((28, 28, 1), 32), None, None, codes(wide, widths))
    assert findings["collapse"].severity == "advice"  # where there are many, some may be spared
    assert "29 dimensions" in findings["collapse"].sentence and "3 of 32" in findings["units"].sentence


def test_a_narrow_posterior_is_no_collapse() -> None:
    z = normal()
    z[:, 1] = 0.0
    findings = found(MODEL, None, None, codes(z, np.array([-4.0, -4.0])))
    assert "collapse" not in findings  # its KL is not 0
    assert findings["units"].severity == "problem"


def test_collapse_on_the_sphere_is_seen_by_its_kl_alone() -> None:
    model = ModelConfig((28, 28, 1), family="hyperspherical-vae")
    z = normal(d=3)
    even = codes(z / np.linalg.norm(z, axis=1, keepdims=True), np.log(1 / 3))
    for kl, key in ((0.001, "collapse"), (3.0, "kl")):
        told = replace(even, columns={**even.columns, "kl": np.full(1500, kl, np.float32)})
        findings = found(model, None, None, told)
        assert findings.keys() == {key}  # unit vectors vary, whatever they say


def test_after_a_collapse_no_good_is_said_of_the_codes() -> None:
    labels = np.random.default_rng(3).integers(0, 4, 1500)
    model = ModelConfig((28, 28, 1), family="conditional-vae", classes=4)
    apart = 0.001 * (normal() + 9 * labels[:, None])
    findings = found(model, None, None, codes(apart, -0.001, labels))
    assert findings["collapse"].severity == "problem"
    assert not findings.keys() & {"classes", "holes"}


def test_the_prior_is_filled_up_to_five_percent_of_holes() -> None:
    assert "fill" in found(MODEL, None, None, codes(normal()), {"hole_mass": 0.04})["holes"].sentence
    assert "fill" not in found(MODEL, None, None, codes(normal()), {"hole_mass": 0.06})["holes"].sentence


def test_posteriors_that_are_points() -> None:
    assert "0.001" in found(MODEL, TrainingConfig(beta=0.001), None, codes(normal(), 2 * np.log(0.001)))["points"].sentence


@pytest.mark.parametrize("d", [1, 2, 5])
def test_codes_beyond_the_prior_are_a_leak(d: int) -> None:
    """The prior itself leaks 0.2 % whatever the dimension; codes twice as wide leak more."""
    from scipy.stats import chi2

    model = ModelConfig((28, 28, 1), d)
    half = np.log(0.5)
    assert "leak" not in found(model, None, None, codes(np.sqrt(0.5) * normal(2000, d), half))
    z = 2 * normal(2000, d)
    finding = found(model, None, None, codes(z, -20.0))["leak"]
    expected = float(chi2.sf(chi2.isf(np.exp(-(3.5**2) / 2), d) / 4, d))
    share = float(finding.sentence.partition("%")[0]) / 100
    assert share == pytest.approx(expected, abs=0.025)


def test_holes_are_where_the_prior_has_no_codes() -> None:
    z = normal(2000)
    half = z[z[:, 0] > 0]
    finding = found(MODEL, None, None, codes(half, -4.0))["holes"]
    assert finding.severity == "problem"
    assert 0.4 < float(finding.sentence.partition("have ")[2].partition("%")[0]) / 100 < 0.52
    points = found(ModelConfig((28, 28, 1), family="wae-mmd"), None, None, codes(half, None))["holes"]
    assert points.severity in ("problem", "advice")
    measured = {"hole_mass": {"value": 0.25}}
    assert "25%" in found(MODEL, None, None, codes(z), measured)["holes"].sentence


def test_tilted_posteriors_have_the_holes_and_the_leak_of_their_whole_covariance() -> None:
    mean = np.zeros((1500, 2))
    upright = codes(mean, math.log(2.2))
    tilted = Codes("mean", upright.z, upright.index, upright.labels, {**upright.columns, "cov": np.full((1500, 2, 2), 2.19, np.float32)})
    assert found(MODEL, None, None, upright)["holes"].severity == "fine"
    said = found(MODEL, None, None, tilted)
    assert said["holes"].severity == "problem"
    # |z|^2 is 4.38 times chi squared with one degree of freedom; by the axes alone 6.2 % would lie beyond.
    share = float(said["leak"].sentence.partition("%")[0]) / 100
    assert share == pytest.approx(math.erfc(3.5 / math.sqrt(2 * 4.38)), abs=0.015)


def test_a_line_has_holes_too() -> None:
    model = ModelConfig((28, 28, 1), 1)
    assert found(model, None, None, codes(normal(d=1)))["holes"].severity == "fine"
    assert found(model, None, None, codes(np.abs(normal(d=1))))["holes"].severity == "problem"


def test_a_family_without_a_prior_is_not_measured_by_one() -> None:
    findings = found(ModelConfig((28, 28, 1), family="autoencoder"), None, None, codes(100 * normal(), None))
    assert not findings.keys() & {"leak", "holes", "kl", "collapse"}
    assert "no prior" in findings["family"].sentence
    assert findings["units"].severity == "fine"
    tiny = found(ModelConfig((28, 28, 1), family="autoencoder"), None, None, codes(0.001 * normal(), None))
    assert tiny["units"].severity == "fine"  # nothing says how large its plane is


def test_a_conditional_model_whose_codes_tell_the_class() -> None:
    model = ModelConfig((28, 28, 1), family="conditional-vae", classes=4)
    labels = np.random.default_rng(3).integers(0, 4, 1500)
    apart = 0.2 * normal() + np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])[labels]
    assert found(model, None, None, codes(apart, -4.0, labels))["classes"].severity == "advice"
    assert found(model, None, None, codes(normal(), -4.0, labels))["classes"].severity == "fine"


def test_codes_that_are_not_finite() -> None:
    z = normal()
    z[::2] = np.nan
    assert found(MODEL, None, None, codes(z))["codes"].sentence.startswith("50%")
    assert found(MODEL, None, None, codes(np.full((100, 2), np.nan))).keys() == {"codes"}


# --- settings ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beta", "words"),
    [
        (392.0, "both terms are means"),
        (784.0, "reconstruction is a mean over pixels"),
        (0.5, "KL is a mean over latent dimensions"),
        (4.0, ""),
    ],
)
def test_beta_is_called_what_it_is(beta: float, words: str) -> None:
    sentence = found(MODEL, TrainingConfig(beta=beta))["beta"].sentence
    assert words in sentence and sentence.startswith(f"Beta is {beta:g}")
    assert ", as where" in sentence or not words


def test_a_fixed_sigma_counts_into_beta() -> None:
    model = ModelConfig((28, 28, 1), likelihood="gaussian", sigma=0.1)
    assert "effective beta of 0.01" in found(model, TrainingConfig())["beta"].sentence
    assert "beta" not in found(ModelConfig((28, 28, 1), likelihood="gaussian"), TrainingConfig())


def test_settings_that_cannot_be_meant() -> None:
    assert "never has its full weight" in found(MODEL, TrainingConfig(epochs=5, warmup_epochs=10.0))["warmup"].sentence
    assert "BCE (grey)" in found(MODEL, TrainingConfig(binarize="none"))["grey"].sentence
    assert found(MODEL, TrainingConfig()) == {}


# --- a record ---------------------------------------------------------------------------------------------------------------


def test_a_record_is_judged_without_its_test_images() -> None:
    """Codes and figures of a file are those of the test part."""
    sick = codes(10 * normal(), -0.01)
    record = ModelRecord(
        ModelHandle("x", MODEL), "x", {"mean": sick}, None, DataReference("mnist", ""), TrainingConfig(), {"hole_mass": {"value": 0.9}}
    )
    assert diagnose_record(record) == ()
    assert {finding.key for finding in diagnose_record(record, sick)} >= {"leak", "holes"}
    train, validation = course()
    assert [finding.key for finding in diagnose_record(replace(record, history=history(train, validation)))] == ["fit"]
