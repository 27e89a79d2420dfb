"""Settings: ranges, the sentence that names option and range, and the record that a file holds."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from latent_explorer.core.config import MAX_PARAMETERS, ModelConfig, TrainingConfig, default_hidden
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
        ({"hidden": (8,) * 17}, "it must be 0 to 16 widths, such as 512,512."),
        ({"hidden": 512}, "hidden is 512; it must be 0 to 16 widths"),
        ({"hidden": "512"}, "hidden is '512'; it must be 0 to 16 widths"),
        ({"hidden": (512, 0)}, "a width of hidden is 0; it must be a whole number from 1 to 8192."),
        ({"hidden": (8193,)}, "a width of hidden is 8193; it must be a whole number from 1 to 8192."),
        ({"hidden": (1.5,)}, "a width of hidden is 1.5"),
        ({"decoder_hidden": (0,)}, "a width of decoder-hidden is 0; it must be a whole number from 1 to 8192."),
        ({"decoder_hidden": (8,) * 17}, "it must be 0 to 16 widths, such as 512,512."),
        ({"activation": "gelu"}, "activation is 'gelu'; it must be one of silu, relu, tanh."),
        ({"activation": None}, "activation is None; it must be one of silu, relu, tanh."),
        ({"family": "gan"}, "family is 'gan'; it must be one of vae, qlvm,"),
        ({"network": "spline"}, "network is 'spline'; it must be one of dense, residual, conv, resconv."),
        (
            {"likelihood": "poisson"},
            "likelihood is 'poisson'; it must be one of bernoulli, continuous_bernoulli, gaussian, discretised_logistic.",
        ),
        (
            {"likelihood": ["bernoulli"]},
            "likelihood is ['bernoulli']; it must be one of bernoulli, continuous_bernoulli, gaussian, discretised_logistic.",
        ),
        ({"image_shape": (28, 28)}, "image_shape is (28, 28); it must be height, width and channels."),
        ({"image_shape": None}, "image_shape is None; it must be height, width and channels."),
        ({"image_shape": (0, 28, 1)}, "image height is 0; it must be a whole number from 1 to 1024."),
        ({"image_shape": (28, 1025, 1)}, "image width is 1025; it must be a whole number from 1 to 1024."),
        ({"image_shape": (28, 28, 2)}, "image channels is 2; it must be 1 (grey) or 3 (colour)."),
        ({"image_shape": (28, 28, 4)}, "image channels is 4; it must be a whole number from 1 to 3."),
        ({"hidden": (8192, 8192, 8192, 8192)}, "weights, more than 200,000,000; choose smaller widths or smaller images."),
        ({"latent_dim": 10**400}, "it must be a whole number from 1 to 1024."),
        ({"channels": (8,)}, "channels is (8,); a dense network has none, so leave it out or choose conv."),
        ({"channels": (8,), "network": "residual"}, "a residual network has none, so leave it out or choose conv."),
        ({"channels": (), "network": "conv"}, "channels is (); it must be 1 to 8 widths, such as 32,64."),
        ({"channels": (1,) * 9, "network": "conv"}, "it must be 1 to 8 widths, such as 32,64."),
        ({"channels": 32, "network": "conv"}, "channels is 32; it must be 1 to 8 widths"),
        ({"channels": (8, 0), "network": "conv"}, "a width of channels is 0; it must be a whole number from 1 to 1024."),
        ({"channels": (1025,), "network": "conv"}, "a width of channels is 1025; it must be a whole number from 1 to 1024."),
        ({"channels": ("8",), "network": "conv"}, "a width of channels is '8'; it must be a whole number"),
        ({"network": "conv", "channels": (1024,) * 8, "hidden": (8192,)}, "weights, more than 200,000,000;"),
        ({"sigma": 0.1}, "sigma is 0.1; the bernoulli likelihood has none, so leave it out or choose gaussian."),
        ({"sigma": 0, "likelihood": "gaussian"}, "sigma is 0; it must be a number from 0.001 up to 1000."),
        ({"sigma": 1001, "likelihood": "gaussian"}, "sigma is 1001; it must be a number from 0.001 up to 1000."),
        ({"sigma": math.nan, "likelihood": "gaussian"}, "sigma is nan; it must be a number from 0.001"),
        ({"sigma": "learned", "likelihood": "gaussian"}, "sigma is 'learned'; it must be a number from 0.001"),
        ({"sigma": True, "likelihood": "gaussian"}, "sigma is True; it must be a number from 0.001"),
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
        ({"precision": "float16"}, "precision is 'float16'; it must be one of float32, bfloat16."),
    ],
)
def test_an_impossible_setting_is_refused_with_option_and_range(changes: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: TrainingConfig(**changes))


def test_the_borders_are_allowed() -> None:
    ModelConfig((1, 1, 1), 1, (1,))
    ModelConfig((1, 1024, 3), 1024, (1,) * 16)
    ModelConfig((1, 1, 1), network="conv", channels=(1,) * 8)
    ModelConfig((1024, 1024, 3), network="conv", hidden=(1,), channels=(128, 1, 1))
    assert ModelConfig((1, 1, 1), likelihood="gaussian", sigma=1e-3).sigma == 1e-3
    assert ModelConfig((1, 1, 1), likelihood="gaussian", sigma=1000).sigma == 1e3
    TrainingConfig(epochs=1, batch_size=1, lr=1e-300, beta=0, warmup_epochs=0, clip_norm=1e-300, seed=0, validation=0)
    TrainingConfig(epochs=100_000, batch_size=100_000, lr=1, beta=10_000, warmup_epochs=100_000, clip_norm=1e9, seed=2**63 - 1)


def test_a_layer_that_would_take_all_memory_is_refused() -> None:
    """Weights alone do not bound it: a file of some kilobytes can ask for gigabytes at the first picture."""
    text = refusal(lambda: ModelConfig((1024, 1024, 3), network="conv", hidden=(1,), channels=(129, 1, 1)))
    assert text.startswith("The largest layer would have 33,816,576 numbers")
    assert text.endswith("choose fewer channels or smaller images.")


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


# Of every architecture; in the files that the first version wrote there is nothing else.
KEYS = {"image_shape", "latent_dim", "hidden", "decoder_hidden", "activation", "family", "network", "likelihood"}


@pytest.mark.parametrize(
    ("config", "more"),
    [
        (ModelConfig(SHAPE), set()),
        (ModelConfig((5, 6, 3), 7, (9, 8), (4,), "tanh"), set()),
        (ModelConfig(SHAPE, network="residual", activation="relu"), set()),
        (ModelConfig(SHAPE, network="conv"), {"channels"}),
        (ModelConfig((5, 6, 3), network="conv", channels=(4,), hidden=(9, 8)), {"channels"}),
        (ModelConfig(SHAPE, likelihood="gaussian"), {"sigma"}),
        (ModelConfig(SHAPE, likelihood="gaussian", sigma=1), {"sigma"}),
        (ModelConfig(SHAPE, network="conv", likelihood="gaussian", sigma=0.1), {"channels", "sigma"}),
    ],
)
def test_an_architecture_comes_back_from_its_record(config: ModelConfig, more: set[str]) -> None:
    record = json.loads(json.dumps(config.to_record()))
    assert ModelConfig.from_record(record) == config
    assert ModelConfig.from_record(record).to_record() == config.to_record()
    assert set(record) == KEYS | more


def test_the_record_of_a_dense_bernoulli_model_is_what_it_always_was() -> None:
    """A model's hash is of its weights and of this very text: a further key would change the hash of every older file."""
    record = ModelConfig(SHAPE, 2, (512, 256)).to_record()
    assert json.dumps(record, sort_keys=True, separators=(",", ":")) == (
        '{"activation":"silu","decoder_hidden":[256,512],"family":"vae","hidden":[512,256],"image_shape":[28,28,1],'
        '"latent_dim":2,"likelihood":"bernoulli","network":"dense"}'
    )


def test_defaults_depend_on_the_network() -> None:
    assert ModelConfig(SHAPE).hidden == ModelConfig(SHAPE, network="residual").hidden == default_hidden("dense") == (512, 512, 512)
    conv = ModelConfig(SHAPE, network="conv")
    assert (conv.hidden, conv.decoder_hidden, conv.channels, conv.stages) == ((256,), (256,), (32, 64), (32, 64))
    assert ModelConfig(SHAPE).stages == ()


def test_numbers_of_a_convolutional_network() -> None:
    """By hand: 9 x 6 becomes 5 x 3, then 3 x 2."""
    config = ModelConfig((9, 6, 3), 2, (10,), network="conv", channels=(4, 5), likelihood="gaussian")
    assert (config.pixels, config.inner_pixels) == (162, 3 * 2 * 5)
    encoder = (9 * 3 + 1) * 4 + (9 * 4 + 1) * 5 + (30 + 1) * 10 + (10 + 1) * 4
    decoder = (2 + 1) * 10 + (10 + 1) * 30 + (16 * 5 * 4 + 4) + (16 * 4 * 3 + 3)
    assert config.parameters == encoder + decoder + 1  # and a learned sigma
    assert replace(config, sigma=0.5).parameters == encoder + decoder
    assert config.widest == 162
    assert replace(config, channels=(40, 5)).widest == 5 * 3 * 40
    assert replace(config, hidden=(1000,), decoder_hidden=(7,)).widest == 1000
    assert replace(config, decoder_hidden=(2000,)).widest == 2000


def test_numbers_of_a_residual_network() -> None:
    """By hand: shortcuts between unequal widths are matrices, and there is none around the first and the last layer."""
    config = ModelConfig((2, 2, 1), 2, (6, 6, 5), network="residual")
    encoder = 5 * 6 + 7 * 6 + (7 * 5 + 6 * 5) + 6 * 4
    decoder = 3 * 5 + (6 * 6 + 5 * 6) + 7 * 6 + 7 * 4
    assert config.parameters == encoder + decoder
    assert config.parameters == replace(config, network="dense").parameters + 2 * 30


def test_an_architecture_in_words() -> None:
    assert ModelConfig(SHAPE, hidden=(9, 8)).network_words == "dense 9-8"
    assert ModelConfig(SHAPE, hidden=(9, 8), network="residual").network_words == "residual 9-8"
    assert ModelConfig(SHAPE, network="conv").network_words == "conv 32-64, 256"
    assert ModelConfig(SHAPE).likelihood_words == "bernoulli"
    assert ModelConfig(SHAPE, likelihood="gaussian").likelihood_words == "gaussian, sigma learned"
    assert ModelConfig(SHAPE, likelihood="gaussian", sigma=0.1).likelihood_words == "gaussian, sigma 0.1"


def test_binarisation_is_the_bernoulli_likelihoods_own() -> None:
    settings = TrainingConfig(epochs=3, seed=4)
    elbo = replace(settings, objective="elbo")
    assert settings.for_model(ModelConfig(SHAPE)) == elbo
    assert settings.for_model(ModelConfig(SHAPE, likelihood="gaussian")) == replace(elbo, binarize="none")
    grey = replace(elbo, binarize="none")
    assert grey.for_model(ModelConfig(SHAPE)) == grey


@pytest.mark.parametrize("settings", [TrainingConfig(), TrainingConfig(3, 7, 0.1, "constant", 0.5, 1.5, 3.0, 9, 12, 4, "none", "bfloat16")])
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
    optional = {"decoder_hidden", "channels", "sigma", "validation", "objective"}  # None is the usual one
    for value in (None, "x", [], {}, -1, math.nan, math.inf, [[1]], {"a": 1}):

        def sound(key: str, value: object = value) -> bool:
            return key in optional if value is None else value == [] and key in ("hidden", "decoder_hidden")  # [] is linear

        record = ModelConfig(SHAPE, network="conv", likelihood="gaussian").to_record()
        for key in record:
            if sound(key):
                continue
            refusal(lambda key=key, value=value, record=record: ModelConfig.from_record({**record, key: value}))
        for key in ModelConfig(SHAPE).to_record():
            if sound(key) or (key == "hidden" and value is None):
                continue
            refusal(lambda key=key, value=value: ModelConfig.from_record({"image_shape": [28, 28, 1], key: value}))
        for key in TrainingConfig().to_record():
            if sound(key):
                continue
            refusal(lambda key=key, value=value: TrainingConfig.from_record({key: value}))


def test_defaults_are_those_of_the_protocol() -> None:
    settings = TrainingConfig()
    assert (settings.beta, settings.binarize, settings.split_seed, settings.validation) == (1.0, "dynamic", 0, None)
    assert ModelConfig(SHAPE).latent_dim == 2


@pytest.mark.parametrize("lower_dim", [0, False, "", []])
def test_an_empty_lower_level_is_refused_not_replaced(lower_dim: object) -> None:
    with pytest.raises(SettingError, match="lower-dim"):
        ModelConfig((4, 4, 1), family="hierarchical-vae", lower_dim=lower_dim)  # type: ignore[arg-type]
