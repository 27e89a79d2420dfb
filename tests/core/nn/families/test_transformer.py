"""The transformer encoder: patches in their places, and attention by the formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.transformer import Block, TransformerEncoder, TransformerVAE
from latent_explorer.core.sizes import patch_count, patch_sides


@pytest.mark.parametrize(("side", "patch"), [(28, 7), (8, 2), (32, 8), (64, 8), (96, 8), (200, 13), (1024, 64), (1, 1), (5, 2), (30, 8)])
def test_patches_are_a_quarter_of_the_image_and_few(side: int, patch: int) -> None:
    assert patch_sides(side, side) == (patch, patch)
    assert patch_count(side, side) <= 16**2


def encoder(shape: tuple[int, int, int]) -> TransformerEncoder:
    module = build(ModelConfig(shape, hidden=(8,), family="transformer-vae"), 0)
    assert isinstance(module, TransformerVAE) and isinstance(module.encoder, TransformerEncoder)
    return module.encoder.requires_grad_(False)


def test_patches_are_cut_row_by_row_and_continued_in_black() -> None:
    network = encoder((10, 7, 3))
    rows, columns = network.patch
    assert (rows, columns) == (3, 2)
    image = torch.rand((10, 7, 3), generator=torch.Generator().manual_seed(0))
    padded = torch.zeros((12, 8, 3))
    padded[:10, :7] = image
    found = network.patches(image.reshape(1, -1))[0]
    assert found.shape == (16, rows * columns * 3)
    for k, patch in enumerate(found):
        i, j = divmod(k, 4)
        expected = padded[3 * i : 3 * i + 3, 2 * j : 2 * j + 2].permute(2, 0, 1)
        torch.testing.assert_close(patch.reshape(3, 3, 2), expected)


def test_places_matter_and_batches_do_not() -> None:
    network = encoder((8, 8, 1))
    x = torch.zeros((2, 8, 8))
    x[0, :2, :2] = 1
    x[1, 4:6, 4:6] = 1
    both = network.numbers(x.reshape(2, -1))
    assert not torch.allclose(both[0], both[1], atol=1e-4)
    torch.testing.assert_close(network.numbers(x[1:].reshape(1, -1))[0], both[1])


def test_a_block_is_attention_by_the_formula() -> None:
    block = Block(8, 2).double().requires_grad_(False)
    tokens = torch.randn((1, 5, 8), generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def normalised(t: np.ndarray, layer: torch.nn.LayerNorm) -> np.ndarray:
        away = t - t.mean(-1, keepdims=True)
        return away / np.sqrt(t.var(-1, keepdims=True) + 1e-5) * layer.weight.numpy() + layer.bias.numpy()

    def linear(t: np.ndarray, layer: torch.nn.Linear) -> np.ndarray:
        return t @ layer.weight.numpy().T + layer.bias.numpy()

    t = tokens[0].numpy()
    parts = linear(normalised(t, block.before_looking), block.looking)
    seen = []
    for head in range(2):
        q, k, v = (parts[:, start + 4 * head : start + 4 * head + 4] for start in (0, 8, 16))
        scores = np.exp(q @ k.T / 2)
        seen.append(scores / scores.sum(1, keepdims=True) @ v)
    t = t + linear(np.concatenate(seen, axis=1), block.seen)
    inner = linear(normalised(t, block.before_layers), block.layers[0])
    inner = torch.nn.functional.gelu(torch.from_numpy(inner)).numpy()
    np.testing.assert_allclose(block(tokens)[0], t + linear(inner, block.layers[2]), atol=1e-10)
