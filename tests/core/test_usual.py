"""What families are usually trained with: values that the settings take, and never in the place of what a person gave."""

from __future__ import annotations

import pytest

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.usual import usual, usual_value, with_usual

MODEL_FIELDS = set(ModelConfig((1, 1, 1)).to_record()) | {"channels", "sigma", "classes", "lower_dim"}
TRAINING_FIELDS = set(TrainingConfig().to_record())


@pytest.mark.parametrize("family", list(FAMILIES))
def test_usual_settings_can_be_used(family: str) -> None:
    own = usual(family)
    assert set(own) <= MODEL_FIELDS | TRAINING_FIELDS
    told = {"classes": 3} if FAMILIES[family].conditional else {}
    architecture = {name: value for name, value in own.items() if name in MODEL_FIELDS}
    model = ModelConfig((8, 8, 1), family=family, **architecture, **told)
    settings = TrainingConfig(**{name: value for name, value in own.items() if name in TRAINING_FIELDS}).for_model(model)
    assert settings.objective == FAMILIES[family].objectives[0]
    assert usual_value("latent_dim", family) == model.latent_dim
    assert usual_value("hidden", family) == model.hidden


def test_a_plain_vae_is_as_the_settings_begin() -> None:
    assert usual("vae") == {}
    for name, value in TrainingConfig().to_record().items():
        assert usual_value(name, "vae") == value


def test_what_was_given_stays() -> None:
    values = {"beta": 1.0, "warmup_epochs": 0.0, "epochs": 20}
    assert with_usual("beta-vae", values, frozenset()) == {"beta": 4.0, "warmup_epochs": 10.0, "epochs": 20}
    assert with_usual("beta-vae", values, frozenset({"beta"})) == {"beta": 1.0, "warmup_epochs": 10.0, "epochs": 20}
    assert with_usual("vae", values, frozenset()) == values
    assert values["beta"] == 1.0
