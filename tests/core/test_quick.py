"""Decoders in numpy, held against torch's networks."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from latent_explorer.core import quick as quick_module
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import forget, publish
from latent_explorer.core.nn.inference import decode, decode_bytes
from latent_explorer.core.quick import QuickDecoder, as_bytes, quick_decoder
from latent_explorer.core.types import ModelHandle

ARCHITECTURES = [
    ModelConfig((6, 4, 1), hidden=(5,)),
    ModelConfig((6, 4, 3), hidden=(9, 7), activation="relu"),
    ModelConfig((3, 5, 1), latent_dim=7, hidden=(4,), decoder_hidden=(30, 20, 10), activation="tanh"),
    ModelConfig((6, 4, 1), hidden=(5,), network="residual"),
    ModelConfig((6, 4, 1), hidden=(8, 8, 8, 8), network="residual"),
    ModelConfig((6, 4, 3), hidden=(9, 7, 7, 11), network="residual", activation="relu"),
    ModelConfig((6, 4, 1), hidden=(6, 6), likelihood="gaussian"),
    ModelConfig((8, 8, 1), hidden=(5,), network="conv", channels=(3,)),
    ModelConfig((7, 5, 3), hidden=(6, 4), network="conv", channels=(2, 4), activation="relu", likelihood="gaussian"),
    ModelConfig((9, 20, 1), latent_dim=4, hidden=(6,), network="conv", channels=(3, 2, 5), activation="tanh"),
    ModelConfig((6, 4, 1), hidden=(6, 6), likelihood="gaussian", sigma=0.1, network="residual", activation="tanh"),
    ModelConfig((6, 4, 1), hidden=(9, 7), likelihood="continuous_bernoulli"),
    ModelConfig((6, 4, 1), hidden=(9, 7, 5), likelihood="discretised_logistic", sigma=0.07),
    ModelConfig((8, 8, 1), hidden=(5, 6, 7, 8), network="conv", channels=(3,), likelihood="discretised_logistic"),
    ModelConfig((6, 4, 1), hidden=(9, 8), family="qlvm-torus"),
    ModelConfig((6, 4, 3), hidden=(9, 8), family="hyperspherical-vae", activation="relu"),
]


def encoder_first(named: Mapping[str, Tensor]) -> list[tuple[str, Tensor]]:
    """Names and tensors in an order that the draws below were chosen for, whichever part is built first."""
    return sorted(named.items(), key=lambda item: not item[0].startswith("encoder"))


def weights_of(module: VAE) -> dict[str, NDArray[Any]]:
    return {name: tensor.numpy() for name, tensor in encoder_first(module.state_dict())}


def both(architecture: ModelConfig) -> tuple[ModelHandle, QuickDecoder, dict[str, NDArray[Any]]]:
    """Untrained networks with enlarged weights, so that every place has a picture of its own; and what is to answer for them."""
    module = build(architecture, 3).eval().requires_grad_(False)
    generator = np.random.default_rng(4)
    for _, parameter in encoder_first(dict(module.named_parameters())):
        parameter.data.copy_(parameter.data.new_tensor(0.7 * generator.standard_normal(parameter.shape)))
    handle = ModelHandle("quick", architecture)
    publish(handle, module)
    quick = quick_decoder(architecture, weights_of(module))
    assert quick is not None
    return handle, quick, weights_of(module)


@pytest.mark.parametrize(
    "architecture", ARCHITECTURES, ids=lambda a: f"{a.family}-{a.network}-{a.likelihood}-{a.activation}-{len(a.hidden)}"
)
def test_it_says_what_torch_says(architecture: ModelConfig) -> None:
    handle, quick, _ = both(architecture)
    z = np.random.default_rng(0).standard_normal((300, architecture.latent_dim)).astype(np.float32)
    z[:20] *= 8  # places far out count too
    expected, found = decode(handle, z), quick.decode(z)
    assert found.dtype == np.float32
    assert found.shape == expected.shape == (300, *architecture.image_shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert len(np.unique(found.round(3), axis=0)) > 250
    ours, theirs = as_bytes(found).astype(int), decode_bytes(handle, z).astype(int)
    apart = np.abs(ours - theirs)
    assert apart.max() <= 1
    # Where they differ, the value lies on the edge between two levels.
    edge = np.abs(expected[apart == 1] * 255 % 1 - 0.5)
    assert (edge < 255e-5).all()
    assert (apart == 1).mean() < 0.01
    forget(handle)


@pytest.mark.parametrize("architecture", [ARCHITECTURES[0], ARCHITECTURES[8]], ids=["dense", "conv"])
def test_one_point_and_none(architecture: ModelConfig) -> None:
    handle, quick, _ = both(architecture)
    z = np.array([0.3, -1.2])
    np.testing.assert_allclose(quick.decode(z), decode(handle, z[None]), atol=1e-5)
    assert quick.decode(np.zeros((0, 2))).shape == (0, *architecture.image_shape)
    forget(handle)


def test_weights_whose_products_are_no_numbers_give_no_warning() -> None:
    architecture = ARCHITECTURES[0]
    handle, _, weights = both(architecture)
    signs = np.random.default_rng(5)
    quick = quick_decoder(architecture, {name: np.float32(3e38) * signs.choice([-1, 1], a.shape) for name, a in weights.items()})
    assert quick is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = quick.decode(np.ones((4, 2)))
        assert np.isnan(found).any()
        assert as_bytes(found).shape == found.shape
    forget(handle)


@pytest.mark.parametrize("activation", ["silu", "relu", "tanh"])
def test_so_far_out_that_exponentials_overflow_it_says_what_torch_says_without_a_warning(activation: str) -> None:
    handle, quick, _ = both(ModelConfig((6, 4, 1), hidden=(9, 7), activation=activation))
    z = np.array([[1e3, -1e3], [-1e5, 3e4], [2e-3, 1e6]], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = quick.decode(z)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, decode(handle, z), atol=1e-5)
    assert activation == "tanh" or {0.0, 1.0} <= set(found.ravel().tolist())  # tanh stays within -1 and 1, however far out
    forget(handle)


def test_weights_of_half_precision_are_widened() -> None:
    architecture = ARCHITECTURES[0]
    handle, _, weights = both(architecture)
    halves = {name: array.astype(np.float16) for name, array in weights.items()}
    module = build(architecture)
    module.load_state_dict({name: module.state_dict()[name].new_tensor(array.astype(np.float32)) for name, array in halves.items()})
    publish(handle, module.eval().requires_grad_(False))
    quick = quick_decoder(architecture, halves)
    assert quick is not None
    z = np.random.default_rng(1).standard_normal((50, 2))
    np.testing.assert_allclose(quick.decode(z), decode(handle, z), atol=1e-5)
    forget(handle)


@pytest.mark.parametrize("numbers", [1, 500, 2000])
def test_borders_between_batches_leave_no_trace(monkeypatch: pytest.MonkeyPatch, numbers: int) -> None:
    _, quick, _ = both(ARCHITECTURES[8])
    z = np.random.default_rng(1).standard_normal((23, 2))
    expected = quick.decode(z)
    monkeypatch.setattr(quick_module, "NUMBERS", numbers)
    np.testing.assert_allclose(quick.decode(z), expected, atol=1e-6)
    forget(ModelHandle("quick", ARCHITECTURES[8]))


def test_it_looks_at_the_decoder_alone() -> None:
    _, quick, weights = both(ARCHITECTURES[1])
    decoder = {name: array for name, array in weights.items() if name.startswith("decoder.")}
    alone = quick_decoder(ARCHITECTURES[1], decoder)
    assert alone is not None
    np.testing.assert_array_equal(alone.decode(np.ones((1, 2))), quick.decode(np.ones((1, 2))))
    forget(ModelHandle("quick", ARCHITECTURES[1]))


@pytest.mark.parametrize("what", ["network", "likelihood"])
def test_what_it_does_not_know_is_left_to_torch(what: str) -> None:
    architecture = ModelConfig((8, 8, 1), hidden=(4,))
    weights = weights_of(build(architecture))
    object.__setattr__(architecture, what, "of a later version")
    assert quick_decoder(architecture, weights) is None


@pytest.mark.parametrize("architecture", [ARCHITECTURES[1], ARCHITECTURES[5], ARCHITECTURES[8]], ids=lambda a: a.network)
def test_weights_that_do_not_fit_are_left_to_torch(architecture: ModelConfig) -> None:
    _, _, weights = both(architecture)
    used = [name for name in weights if name.startswith("decoder.")]
    assert used
    for name in used:
        assert quick_decoder(architecture, {other: array for other, array in weights.items() if other != name}) is None, name
        assert quick_decoder(architecture, {**weights, name: weights[name][:-1]}) is None, name
    forget(ModelHandle("quick", architecture))


def test_bytes_are_the_nearest_of_256_levels() -> None:
    grey = np.array([0, 1, 0.5 / 255, 0.4999 / 255, 0.5001 / 255, 254.4 / 255, 254.6 / 255, math.pi / 10], np.float32)
    assert as_bytes(grey).tolist() == [0, 255, 0, 0, 1, 254, 255, 80]
    assert as_bytes(grey).dtype == np.uint8


@pytest.mark.parametrize(
    "architecture",
    [
        ModelConfig((6, 4, 1), hidden=(5,), family="conditional-vae", classes=3),
        ModelConfig((6, 4, 1), hidden=(5,), family="hierarchical-vae"),
        ModelConfig((6, 4, 1), hidden=(), family="pca", likelihood="gaussian"),
        ModelConfig((8, 8, 1), hidden=(5,), network="resconv", channels=(3,)),
    ],
    ids=lambda a: f"{a.family}-{a.network}",
)
def test_where_torch_must_answer(architecture: ModelConfig) -> None:
    """A decoder that is told more than z, or is built otherwise, is not guessed at."""
    assert quick_decoder(architecture, weights_of(build(architecture, 0).requires_grad_(False))) is None
