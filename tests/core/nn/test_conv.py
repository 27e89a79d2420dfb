"""Convolutions and shortcuts, held against slow loops in float64: any image size, any batch, every picture's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from latent_explorer.core.config import ACTIVATIONS, ModelConfig
from latent_explorer.core.nn.families.registry import build, expected_shapes
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.inference import decode, encode
from latent_explorer.core.nn.networks import ResidualLayer
from latent_explorer.core.sizes import stage_sizes
from tests.core.nn.small import Doubles, architecture, history_table, module_for, run, settings, toy

Table = Mapping[str, Doubles]


def conv(shape: tuple[int, int, int], channels: tuple[int, ...] = (2, 3), **more: Any) -> ModelConfig:
    return ModelConfig(shape, hidden=(5,), network="conv", channels=channels, **more)


def residual(*hidden: int, **more: Any) -> ModelConfig:
    return ModelConfig((4, 3, 1), hidden=hidden, network="residual", **more)


def enlarged(config: ModelConfig) -> tuple[VAE, Table]:
    """Networks in float64 with weights so large that every number depends on every other; and these weights."""
    module = build(config, 0).double().eval().requires_grad_(False)
    generator = np.random.default_rng(11)
    for parameter in module.parameters():
        fan = max(1, parameter[0].numel()) if parameter.ndim > 1 else 4
        parameter.copy_(torch.from_numpy(generator.standard_normal(parameter.shape) * 2.5 / np.sqrt(fan)))
    return module, {name: tensor.numpy() for name, tensor in module.state_dict().items()}


# --- the same networks again, with loops ---------------------------------------------------------------------------------------

ACT: Mapping[str, Callable[[Doubles], Doubles]] = {
    "silu": lambda x: x / (1 + np.exp(-x)),
    "relu": lambda x: x * (x > 0),
    "tanh": lambda x: 1 - 2 / (np.exp(2 * x) + 1),
}


def halve(image: Doubles, weight: Doubles, bias: Doubles) -> Doubles:
    """A 3 x 3 convolution (H, W, C) to (H', W', O): one number for every second pixel, beyond the border there is black."""
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros(((height + 1) // 2, (width + 1) // 2, len(bias)))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            patch = padded[2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            for o in range(len(bias)):
                out[i, j, o] = (patch * weight[o].transpose(1, 2, 0)).sum() + bias[o]
    return out


def double(image: Doubles, weight: Doubles, bias: Doubles, size: tuple[int, int]) -> Doubles:
    """A transposed 4 x 4 convolution: every pixel paints a patch of its own, two apart; then a border of one and the rest are cut."""
    height, width, inputs = image.shape
    canvas = np.zeros((2 * height + 2, 2 * width + 2, len(bias)))
    for i in range(height):
        for j in range(width):
            for c in range(inputs):
                canvas[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += image[i, j, c] * weight[c].transpose(1, 2, 0)
    return canvas[1:-1, 1:-1][: size[0], : size[1]] + bias


def slow_dense(x: Doubles, table: Table, part: str, config: ModelConfig) -> Doubles:
    numbers = sorted({int(name.split(".")[2]) for name in table if name.startswith(f"{part}.layers.")})
    act = ACT[config.activation]
    for k, number in enumerate(numbers):
        name = f"{part}.layers.{number}"
        if f"{name}.linear.weight" in table:
            shortcut = table.get(f"{name}.shortcut.weight", np.eye(len(x)))
            x = shortcut @ x + act(table[f"{name}.linear.weight"] @ x + table[f"{name}.linear.bias"])
        else:
            x = table[f"{name}.weight"] @ x + table[f"{name}.bias"]
            x = x if k == len(numbers) - 1 else act(x)
    return x


def slow_encode(image: Doubles, table: Table, config: ModelConfig) -> Doubles:
    """mu and log_var of one image, behind one another."""
    for k in range(len(config.stages)):
        image = ACT[config.activation](halve(image, table[f"encoder.stages.{2 * k}.weight"], table[f"encoder.stages.{2 * k}.bias"]))
    inner = image.transpose(2, 0, 1) if config.stages else image
    return slow_dense(inner.ravel(), table, "encoder", config)


def slow_logits(z: Doubles, table: Table, config: ModelConfig) -> Doubles:
    x = slow_dense(z, table, "decoder", config)
    if not config.stages:
        return x
    height, width, _ = config.image_shape
    sizes = [(height, width)]
    for _ in config.stages:
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    image = x.reshape(config.stages[-1], *sizes.pop()).transpose(1, 2, 0)
    for k in range(len(config.stages)):
        image = double(ACT[config.activation](image), table[f"decoder.stages.{k}.weight"], table[f"decoder.stages.{k}.bias"], sizes.pop())
    return image.ravel()


SHAPES = [(1, 1, 1), (1, 2, 3), (2, 1, 1), (3, 3, 1), (7, 13, 1), (8, 8, 3), (5, 2, 3), (9, 16, 1)]
CONFIGS = [
    *[conv(shape) for shape in SHAPES],
    *[conv((7, 6, 3), activation=activation) for activation in ACTIVATIONS],
    conv((6, 5, 1), (3,)),
    conv((11, 9, 1), (2, 2, 3, 2)),
    conv((5, 3, 3), (2, 4, 3, 2, 1), latent_dim=4, decoder_hidden=(6, 7)),
    residual(5),
    residual(6, 6),
    *[residual(7, 5, 5, 9, activation=activation) for activation in ACTIVATIONS],
    residual(4, 4, 4, decoder_hidden=(3, 6, 6, 2), latent_dim=1),
]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.network_words} {c.activation} {c.image_shape}")
def test_the_forward_passes_are_those_of_slow_loops(config: ModelConfig) -> None:
    module, table = enlarged(config)
    generator = np.random.default_rng(3)
    x, z = generator.uniform(0, 1, (3, *config.image_shape)), generator.standard_normal((3, config.latent_dim))
    mu, log_var = module.encode(torch.from_numpy(x.reshape(3, -1)))
    logits = module.decode(torch.from_numpy(z))
    assert logits.shape == (3, config.pixels)
    for k in range(3):
        heads = np.concatenate([mu[k], log_var[k]])
        np.testing.assert_allclose(heads, slow_encode(x[k], table, config), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(logits[k], slow_logits(z[k], table, config), rtol=1e-9, atol=1e-9)
    assert (mu[0] - mu[1]).abs().max() > 1e-5
    assert (logits[0] - logits[1]).abs().max() > 1e-5


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pixel_is_seen_and_every_pixel_is_painted(shape: tuple[int, int, int]) -> None:
    """Also the last row and column of an odd size."""
    module, _ = enlarged(conv(shape))
    x = torch.rand(1, module.config.pixels, dtype=torch.float64, requires_grad=True)
    (seen,) = torch.autograd.grad(module.encode(x)[0].sum(), x)
    assert (seen != 0).all()
    z = torch.randn(2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    one, two = module.decode(z)
    assert (one != two).all()


# --- sizes -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "stages", "sizes"),
    [
        ((28, 28), 2, ((28, 28), (14, 14), (7, 7))),
        ((7, 13), 3, ((7, 13), (4, 7), (2, 4), (1, 2))),
        ((1, 1), 8, ((1, 1),) * 9),
        ((200, 120), 4, ((200, 120), (100, 60), (50, 30), (25, 15), (13, 8))),
        ((5, 6), 0, ((5, 6),)),
    ],
)
def test_each_stage_halves_the_image_rounded_up(size: tuple[int, int], stages: int, sizes: tuple[tuple[int, int], ...]) -> None:
    assert stage_sizes(*size, stages) == sizes


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.network_words} {c.image_shape}")
def test_weights_are_counted_without_building_them(config: ModelConfig) -> None:
    module = build(config)
    assert expected_shapes(config) == {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert config.parameters == sum(tensor.numel() for tensor in module.parameters())


EVEN = [conv((8, 8, 3)), conv((16, 8, 1), (7, 3)), conv((8, 8, 1), (1,), decoder_hidden=(500,)), residual(9, 4)]


@pytest.mark.parametrize("config", EVEN, ids=lambda c: f"{c.network_words} {c.image_shape}")
def test_the_widest_layer_is_counted_without_building_it(config: ModelConfig) -> None:
    """By it the images that are computed at once are chosen."""
    module = build(config, 0)
    largest = [config.pixels]
    for layer in module.modules():
        layer.register_forward_hook(lambda layer, given, out: largest.append(out.numel()) if isinstance(out, torch.Tensor) else None)
    module.terms(torch.rand(1, config.pixels))
    assert max(largest) == config.widest


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (7, 13, 1), (200, 120, 3)])
@pytest.mark.parametrize("network", ["dense", "residual", "conv"])
def test_images_of_any_size_train_and_decode(network: str, shape: tuple[int, int, int]) -> None:
    dataset = toy(6, 3, shape)
    config = architecture(dataset, hidden=(4, 4), network=network, channels=(2, 3) if network == "conv" else None)
    last = run(dataset, settings(epochs=1, batch_size=4, validation=1, lr=1e-4), config)
    assert last.outcome == "finished"
    assert np.isfinite(last.loss)
    assert last.snapshot is not None and last.codes is not None
    images = decode(last.snapshot, last.codes.z)
    assert images.shape == (3, *shape)
    assert np.isfinite(images).all()


@pytest.mark.parametrize("changes", [{"network": "residual", "hidden": (12, 12)}, {"network": "conv", "hidden": (12,), "channels": (3, 4)}])
def test_training_lowers_the_loss(changes: dict[str, Any]) -> None:
    dataset = toy(120, 4, (6, 7, 1), binary=True)
    losses = history_table(run(dataset, settings(epochs=15, batch_size=20), ModelConfig(dataset.image_shape, **changes)))["train_loss"]
    assert losses[-6:].mean() < losses[:6].mean() - 1


# --- what a picture does not depend on -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [conv((7, 13, 3), (4, 6)), residual(8, 8, 6)], ids=["conv", "residual"])
def test_a_picture_does_not_depend_on_the_batch_it_is_decoded_in(config: ModelConfig) -> None:
    _, handle = module_for(config, seed=2)
    z = np.random.default_rng(0).standard_normal((70, 2)).astype(np.float32) * 2
    whole = decode(handle, z)
    np.testing.assert_allclose(np.concatenate([decode(handle, point) for point in z]), whole, atol=1e-6)
    np.testing.assert_allclose(decode(handle, z[::-1])[::-1], whole, atol=1e-6)
    np.testing.assert_allclose(decode(handle, z[13:50]), whole[13:50], atol=1e-6)
    images = np.rint(whole * 255).astype(np.uint8)
    codes = np.concatenate(encode(handle, images), axis=1)
    np.testing.assert_allclose(np.concatenate(encode(handle, images[20:21]), axis=1), codes[20:21], atol=1e-5)
    assert len(np.unique(whole.reshape(70, -1), axis=0)) == 70


@torch.no_grad()
@pytest.mark.parametrize("config", [conv((5, 6, 3)), residual(6, 6)], ids=["conv", "residual"])
def test_points_may_lie_in_any_array(config: ModelConfig) -> None:
    """Several draws of z for each image, or none at all."""
    module = build(config, 0)
    z = torch.randn((4, 3, 2), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(module.decode(z), module.decode(z.reshape(12, 2)).reshape(4, 3, -1))
    torch.testing.assert_close(module.decode(z[0, 0]), module.decode(z[0])[0])
    assert module.decode(z[:0]).shape == (0, 3, config.pixels)
    assert module.decode(z[0, :0]).shape == (0, config.pixels)


def test_no_images_and_no_points() -> None:
    _, handle = module_for(conv((5, 6, 3)))
    assert decode(handle, np.zeros((0, 2))).shape == (0, 5, 6, 3)
    assert encode(handle, np.zeros((0, 5, 6, 3), np.uint8))[0].shape == (0, 2)


# --- shortcuts -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [4, 6])
def test_a_residual_layer_adds_to_what_it_is_given(outputs: int, activation: str) -> None:
    layer = ResidualLayer(4, outputs, activation).double().requires_grad_(False)
    x = torch.randn((7, 4), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight, bias = layer.linear.weight.numpy(), layer.linear.bias.numpy()
    kept: NDArray[Any] = x.numpy()
    if outputs != 4:
        assert isinstance(layer.shortcut, nn.Linear)
        assert "shortcut.bias" not in layer.state_dict()
        kept = kept @ layer.shortcut.weight.numpy().T
    np.testing.assert_allclose(layer(x), kept + ACT[activation](x.numpy() @ weight.T + bias), rtol=1e-12)


def test_shortcuts_are_around_all_layers_but_the_first_and_the_last() -> None:
    names = {name.removeprefix("encoder.layers.") for name in expected_shapes(residual(6, 6, 5)) if name.startswith("encoder")}
    plain = {f"{number}.{kind}" for number in (0, 4) for kind in ("weight", "bias")}
    around = {f"{number}.linear.{kind}" for number in (2, 3) for kind in ("weight", "bias")}
    assert names == plain | around | {"3.shortcut.weight"}


def test_one_hidden_layer_has_no_room_for_a_shortcut() -> None:
    config = residual(6)
    assert expected_shapes(config) == expected_shapes(replace(config, network="dense"))


# --- where training starts -----------------------------------------------------------------------------------------------------------


@torch.no_grad()
@pytest.mark.parametrize("channels", [1, 3])
def test_training_starts_at_the_mean_of_each_channel(channels: int) -> None:
    """A convolution shares its bias among all pixels; a learned sigma is what such a picture leaves."""
    pixels = torch.rand((50, 4, 6, channels), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    pixels *= torch.linspace(0.2, 1, 6)[None, None, :, None] * torch.tensor([0.3, 0.6, 0.9])[:channels]
    module = build(conv((4, 6, channels), likelihood="gaussian"), 0)
    flat = pixels.flatten(1)
    module.start_at(flat.mean(0), flat.square().mean(0))
    module.get_parameter("decoder.stages.1.weight").zero_()
    picture = module.mean_image(torch.randn(2, 2)).reshape(2, 4, 6, channels)
    np.testing.assert_allclose(picture, pixels.mean((0, 1, 2)).expand(2, 4, 6, channels), atol=0.011)
    left = (pixels - pixels.mean((0, 1, 2))).square().mean().sqrt().item()
    assert module.state_dict()["likelihood.log_sigma"].exp().item() == pytest.approx(left, rel=1e-5)
