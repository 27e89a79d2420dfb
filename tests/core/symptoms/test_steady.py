"""Findings of a run do not flicker: they come and go when two looks agree, and keep their words in between."""

from __future__ import annotations

import pytest

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.doctor import diagnose
from latent_explorer.core.nn.families.hierarchical import TOP_RISE
from latent_explorer.core.symptoms.codes import LEAST_STEPS, LEVELS_RISE, told_by_now
from latent_explorer.core.symptoms.finding import Finding
from latent_explorer.core.symptoms.steady import RENEWED, Steady


def leak(share: float, severity: str = "advice") -> Finding:
    return Finding("leak", severity, f"{share:.1%} of the codes lie beyond |z| = 3.5.", "Train with a larger beta.")


BETA = Finding("beta", "advice", "Beta is 4: the loss is not the negative ELBO.", "Compare it with its like only.")
HOLES = Finding("holes", "problem", "Holes have 45% of the prior's mass.", "Train longer.")


def test_what_the_first_look_finds_is_shown_at_once_and_later_ones_wait_for_a_second() -> None:
    steady = Steady()
    assert steady.look([BETA]) == (BETA,)
    assert steady.look([BETA, HOLES]) == (BETA,)
    assert steady.look([BETA, HOLES]) == (HOLES, BETA)  # the worst first


def test_a_single_look_that_misses_a_finding_does_not_take_it_away() -> None:
    steady = Steady()
    for _ in range(5):
        assert steady.look([HOLES]) == (HOLES,)
        assert steady.look([]) == (HOLES,)
    assert steady.look([]) == ()


def test_one_that_comes_and_goes_with_every_look_is_never_shown() -> None:
    steady = Steady()
    steady.look([])
    assert all(steady.look([HOLES] if turn % 2 else []) == () for turn in range(9))


def test_only_numbers_that_changed_are_renewed_now_and_then() -> None:
    steady = Steady()
    said = [steady.look([leak(0.03 + turn / 1000)])[0].sentence for turn in range(1 + 2 * RENEWED)]
    assert said[:RENEWED] == [said[0]] * RENEWED
    assert said[RENEWED].startswith("3.5%")
    assert len(set(said)) == 3


def test_it_becomes_worse_at_once_and_milder_when_two_looks_agree() -> None:
    steady = Steady()
    steady.look([leak(0.09)])
    assert steady.look([leak(0.11, "problem")])[0].severity == "problem"
    assert steady.look([leak(0.09)])[0].severity == "problem"
    assert steady.look([leak(0.09)])[0].severity == "advice"


@pytest.mark.parametrize(
    ("family", "warmup", "epoch", "step", "told"),
    [
        ("vae", 0.0, 1, LEAST_STEPS - 1, False),
        ("vae", 0.0, 1, LEAST_STEPS, True),
        ("vae", 3.0, 2, 5000, False),
        ("vae", 3.0, 3, 5000, True),
        ("hierarchical-vae", 0.0, 9, 5000, False),
        ("hierarchical-vae", 0.0, 10, 5000, True),
    ],
)
def test_codes_tell_something_once_beta_has_its_weight(family: str, warmup: float, epoch: int, step: int, told: bool) -> None:
    settings = TrainingConfig(epochs=20, warmup_epochs=warmup)
    assert told_by_now(ModelConfig((28, 28, 1), family=family), settings, epoch, step) is told
    assert LEVELS_RISE == TOP_RISE


@pytest.mark.parametrize(("count", "words"), [(0, "No images are"), (1, "One image is"), (49, "Only 49 images are"), (50, "")])
def test_too_few_validation_images_are_the_reason_for_silence(count: int, words: str) -> None:
    found = [finding for finding in diagnose(ModelConfig((28, 28, 1)), TrainingConfig(), validation=count) if finding.key == "unexamined"]
    assert [finding.sentence for finding in found] == (
        [f"{words} set aside for validation, so nothing is said of the codes."] if words else []
    )
    assert all(finding.severity == "fine" for finding in found)
