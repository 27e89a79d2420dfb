"""Settings: ranges, the sentence that names option and range, and the record that a file holds."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from latent_explorer.core.config import MAX_PARAMETERS, ModelConfig, TrainingConfig
from latent_explorer.core.errors import LatentExplorerError, SettingError

SHAPE = (28, 28, 1)


def refusal(build: Any) -> str:
    with pytest.raises(SettingError) as refused:
        build()
    assert isinstance(refused.value, LatentExplorerError)
    text = str(refused.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"latent_dim": 0}, "latent-dim is 0; it must be a whole number from 1 to 1024."),
        ({"latent_dim": 1025}, "latent-dim is 1025; it must be a whole number from 1 to 1024."),
        ({"latent_dim": 2.0}, "latent-dim is 2.0; it must be a whole number"),
        ({"latent_dim": True}, "latent-dim is True; it must be a whole number"),
        ({"latent_dim": "2"}, "latent-dim is '2'; it must be a whole number"),
        ({"latent_dim": None}, "latent-dim is None; it must be a whole number"),
        ({"hidden": ()}, "hidden is (); it must be 1 to 16 widths, such as 512,512."),
        ({"hidden": (8,) * 17}, "it must be 1 to 16 widths"),
        ({"hidden": 512}, "hidden is 512; it must be 1 to 16 widths"),
        ({"hidden": "512"}, "hidden is '512'; it must be 1 to 16 widths"),
        ({"hidden": (512, 0)}, "a width of hidden is 0; it must be a whole number from 1 to 8192."),
        ({"hidden": (8193,)}, "a width of hidden is 8193; it must be a whole number from 1 to 8192."),
        ({"hidden": (1.5,)}, "a width of hidden is 1.5"),
        ({"decoder_hidden": (0,)}, "a width of decoder-hidden is 0; it must be a whole number from 1 to 8192."),
        ({"decoder_hidden": ()}, "decoder-hidden is (); it must be 1 to 16 widths"),
        ({"activation": "gelu"}, "activation is 'gelu'; it must be one of silu, relu, tanh."),
        ({"activation": None}, "activation is None; it must be one of silu, relu, tanh."),
        ({"family": "gan"}, "family is 'gan'; it must be one of vae."),
        ({"network": "spline"}, "network is 'spline'; it must be one of dense, residual, conv."),
        ({"likelihood": "poisson"}, "likelihood is 'poisson'; it must be one of bernoulli, gaussian."),
        ({"likelihood": ["bernoulli"]}, "likelihood is ['bernoulli']; it must be one of bernoulli, gaussian."),
        ({"image_shape": (28, 28)}, "image_shape is (28, 28); it must be height, width and channels."),
        ({"image_shape": None}, "image_shape is None; it must be height, width and channels."),
        ({"image_shape": (0, 28, 1)}, "image height is 0; it must be a whole number from 1 to 1024."),
        ({"image_shape": (28, 1025, 1)}, "image width is 1025; it must be a whole number from 1 to 1024."),
        ({"image_shape": (28, 28, 2)}, "image channels is 2; it must be 1 (grey) or 3 (colour)."),
        ({"image_shape": (28, 28, 4)}, "image channels is 4; it must be a whole number from 1 to 3."),
        ({"hidden": (8192, 8192, 8192, 8192)}, "weights, more than 200,000,000; choose smaller widths or smaller images."),
        ({"latent_dim": 10**400}, "it must be a whole number from 1 to 1024."),
    ],
)
def test_an_impossible_architecture_is_refused_with_option_and_range(changes: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: ModelConfig(**{"image_shape": SHAPE, **changes}))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"epochs": 0}, "epochs is 0; it must be a whole number from 1 to 100000."),
        ({"epochs": 1.5}, "epochs is 1.5; it must be a whole number"),
        ({"batch_size": 0}, "batch-size is 0; it must be a whole number from 1 to 100000."),
        ({"batch_size": -1}, "batch-size is -1; it must be a whole number from 1 to 100000."),
        ({"lr": 0.0}, "lr is 0.0; it must be a number above 0 up to 1."),
        ({"lr": 0}, "lr is 0; it must be a number above 0 up to 1."),
        ({"lr": -1e-3}, "lr is -0.001; it must be a number above 0 up to 1."),
        ({"lr": 1.1}, "lr is 1.1; it must be a number above 0 up to 1."),
        ({"lr": math.nan}, "lr is nan; it must be a number above 0 up to 1."),
        ({"lr": math.inf}, "lr is inf; it must be a number above 0 up to 1."),
        ({"lr": True}, "lr is True; it must be a number"),
        ({"lr": "0.1"}, "lr is '0.1'; it must be a number"),
        ({"schedule": "linear"}, "schedule is 'linear'; it must be one of cosine, constant."),
        ({"beta": -0.1}, "beta is -0.1; it must be a number from 0 up to 10000."),
        ({"beta": 10_001}, "beta is 10001; it must be a number from 0 up to 10000."),
        ({"beta": math.nan}, "beta is nan; it must be a number from 0 up to 10000."),
        ({"warmup_epochs": -1}, "warmup is -1; it must be a number from 0 up to 100000."),
        ({"clip_norm": 0}, "clip is 0; it must be a number above 0 up to 1000000000."),
        ({"seed": -1}, "seed is -1; it must be a whole number from 0 to 9223372036854775807."),
        ({"seed": 2**63}, "seed is 9223372036854775808; it must be a whole number"),
        ({"validation": -1}, "validation is -1; it must be a whole number from 0 to 1000000000."),
        ({"validation": 0.1}, "validation is 0.1; it must be a whole number"),
        ({"split_seed": -1}, "split-seed is -1; it must be a whole number from 0"),
        ({"binarize": "fixed"}, "binarize is 'fixed'; it must be one of dynamic, none."),
    ],
)
def test_an_impossible_setting_is_refused_with_option_and_range(changes: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: TrainingConfig(**changes))


def test_the_borders_are_allowed() -> None:
    ModelConfig((1, 1, 1), 1, (1,))
    ModelConfig((1, 1024, 3), 1024, (1,) * 16)
    TrainingConfig(epochs=1, batch_size=1, lr=1e-300, beta=0, warmup_epochs=0, clip_norm=1e-300, seed=0, validation=0)
    TrainingConfig(epochs=100_000, batch_size=100_000, lr=1, beta=10_000, warmup_epochs=100_000, clip_norm=1e9, seed=2**63 - 1)


def test_the_largest_networks() -> None:
    for width in range(8000, 8193, 64):
        hidden = (width, width, width)
        weights = 2 * (784 * width + 2 * width * width) + 2 * 2 * width + 2 * width
        if weights > MAX_PARAMETERS:
            refusal(lambda hidden=hidden: ModelConfig(SHAPE, 2, hidden))
        else:
            assert ModelConfig(SHAPE, 2, hidden).parameters >= weights


def test_the_decoder_mirrors_the_encoder_unless_it_is_said() -> None:
    assert ModelConfig(SHAPE, 2, (9, 8)).decoder_hidden == (8, 9)
    assert ModelConfig(SHAPE, 2, (9, 8)).decoder_widths == (8, 9)
    assert ModelConfig(SHAPE, 2, (9, 8), (7,)).decoder_hidden == (7,)
    assert ModelConfig(SHAPE, 2, (9, 8)) == ModelConfig(SHAPE, 2, (9, 8), (8, 9))


def test_numbers_are_kept_as_they_are_meant() -> None:
    settings = TrainingConfig(lr=1, beta=4, warmup_epochs=3)
    assert [type(value) for value in (settings.lr, settings.beta, settings.warmup_epochs)] == [float, float, float]
    config = ModelConfig([28, 28, 1], 2, [9, 8])  # type: ignore[arg-type]
    assert config.image_shape == SHAPE
    assert config.hidden == (9, 8)
    assert hash(config) == hash(ModelConfig(SHAPE, 2, (9, 8)))
    assert config.pixels == 784


@pytest.mark.parametrize("config", [ModelConfig(SHAPE), ModelConfig((5, 6, 3), 7, (9, 8), (4,), "tanh")])
def test_an_architecture_comes_back_from_its_record(config: ModelConfig) -> None:
    record = json.loads(json.dumps(config.to_record()))
    assert ModelConfig.from_record(record) == config
    assert set(record) == set(ModelConfig(SHAPE).to_record())


@pytest.mark.parametrize("settings", [TrainingConfig(), TrainingConfig(3, 7, 0.1, "constant", 0.5, 1.5, 3.0, 9, 12, 4, "none")])
def test_settings_come_back_from_their_record(settings: TrainingConfig) -> None:
    record = json.loads(json.dumps(settings.to_record()))
    assert TrainingConfig.from_record(record) == settings
    assert TrainingConfig.from_record({**record, "of_a_newer_version": 1}) == settings
    assert TrainingConfig.from_record({}) == TrainingConfig()


def test_an_architecture_with_unknown_or_missing_entries_is_refused() -> None:
    """It could mean other networks."""
    record = ModelConfig(SHAPE).to_record()
    assert refusal(lambda: ModelConfig.from_record({**record, "dropout": 0.5})) == "the architecture has the unknown entry 'dropout'."
    del record["image_shape"]
    assert refusal(lambda: ModelConfig.from_record(record)) == "the architecture lacks image_shape."


def test_wrong_types_in_a_record_are_refused_not_crashed_on() -> None:
    for value in (None, "x", [], {}, -1, math.nan, math.inf, [[1]], {"a": 1}):
        for key in ModelConfig(SHAPE).to_record():
            if key == "decoder_hidden" and value is None:
                continue
            refusal(lambda key=key, value=value: ModelConfig.from_record({"image_shape": [28, 28, 1], key: value}))
        for key in TrainingConfig().to_record():
            if key == "validation" and value is None:
                continue
            refusal(lambda key=key, value=value: TrainingConfig.from_record({key: value}))


def test_defaults_are_those_of_the_protocol() -> None:
    settings = TrainingConfig()
    assert (settings.beta, settings.binarize, settings.split_seed, settings.validation) == (1.0, "dynamic", 0, None)
    assert ModelConfig(SHAPE).latent_dim == 2
