"""What the networks are: two heads without bounds, logits that are logits, weights that depend on the seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from latent_explorer.core.config import ACTIVATIONS, ModelConfig
from latent_explorer.core.nn.families.registry import build, expected_shapes
from latent_explorer.core.nn.families.vae import VAE
from tests.core.nn.small import numpy_encode, numpy_logits, to_torch

CONFIG = ModelConfig((6, 5, 1), 3, (16, 12))


def images(count: int = 200) -> torch.Tensor:
    return torch.rand((count, 30), generator=torch.Generator().manual_seed(5))


def last_layer(module: VAE) -> nn.Linear:
    last = module.encoder.layers[-1]
    assert isinstance(last, nn.Linear)
    return last


@torch.no_grad()
def test_mu_and_log_var_have_separate_weights() -> None:
    """Circulating: one dense layer for both, so that mu equals log_var."""
    module = build(CONFIG, 0)
    mu, log_var = module.encode(images())
    assert (mu - log_var).abs().min(0).values.max() > 1e-4
    assert np.abs(np.corrcoef(mu.numpy(), log_var.numpy(), rowvar=False)).min() < 0.999
    last = last_layer(module)
    assert last.weight.shape[0] == 2 * CONFIG.latent_dim
    last.weight[: CONFIG.latent_dim] += 0.5
    last.bias[: CONFIG.latent_dim] -= 1.0
    changed_mu, same_log_var = module.encode(images())
    assert not torch.allclose(changed_mu, mu, atol=0.1)
    torch.testing.assert_close(same_log_var, log_var)
    last.weight[CONFIG.latent_dim :] *= 2
    again_mu, changed_log_var = module.encode(images())
    torch.testing.assert_close(again_mu, changed_mu)
    assert not torch.allclose(changed_log_var, log_var, atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mu_and_log_var_are_unbounded_and_take_both_signs(activation: str) -> None:
    """A ReLU there would fill one quadrant of the plane, and hold s above 1."""
    module = build(ModelConfig((6, 5, 1), 2, (16,), activation=activation), 0)
    last = last_layer(module)
    last.bias.zero_()
    heads = torch.cat(module.encode(images()), 1)
    last.weight.mul_(-1)
    torch.testing.assert_close(torch.cat(module.encode(images()), 1), -heads)
    last.weight.mul_(-1000)
    large = torch.cat(module.encode(images()), 1)
    torch.testing.assert_close(large, 1000 * heads, rtol=1e-4, atol=1e-3)
    assert large.abs().max() > 50


@torch.no_grad()
def test_the_decoder_gives_logits_without_a_bound() -> None:
    """A sigmoid followed by BCE-with-logits is another likelihood."""
    module = build(CONFIG, 0)
    z = torch.randn((50, 3), generator=torch.Generator().manual_seed(1))
    last = module.decoder.layers[-1]
    assert isinstance(last, nn.Linear)
    last.bias.zero_()
    before = module.decode(z)
    last.weight.mul_(-1000)
    torch.testing.assert_close(module.decode(z), -1000 * before, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(module.mean_image(z), 1 / (1 + torch.exp(1000 * before)), atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_the_forward_passes_are_those_of_dense_networks() -> None:
    module = build(CONFIG, 1)
    x, z = images(9), torch.randn((9, 3), generator=torch.Generator().manual_seed(1))
    mu, log_var = module.encode(x)
    own_mu, own_log_var = numpy_encode(module, x.double().numpy())
    np.testing.assert_allclose(mu, own_mu, atol=1e-5)
    np.testing.assert_allclose(log_var, own_log_var, atol=1e-5)
    np.testing.assert_allclose(module.decode(z), numpy_logits(module, z.double().numpy()), atol=1e-5)


def test_widths_go_inward_and_the_decoder_mirrors_them() -> None:
    shapes = expected_shapes(ModelConfig((4, 4, 3), 2, (10, 6)))
    assert [shape for name, shape in shapes.items() if name.endswith("weight")] == [(6, 2), (10, 6), (48, 10), (10, 48), (6, 10), (4, 6)]
    own = expected_shapes(ModelConfig((4, 4, 3), 2, (10, 6), (7,)))
    assert [shape for name, shape in own.items() if name.startswith("decoder") and name.endswith("weight")] == [(7, 2), (48, 7)]


@pytest.mark.parametrize("config", [CONFIG, ModelConfig((28, 28, 1)), ModelConfig((4, 4, 3), 7, (5,), (9, 8))])
def test_expected_shapes_are_those_of_the_networks(config: ModelConfig) -> None:
    module = build(config)
    assert expected_shapes(config) == {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    assert config.parameters == sum(tensor.numel() for tensor in module.parameters())


def test_first_weights_depend_on_the_seed_alone() -> None:
    torch.manual_seed(1)
    one = build(CONFIG, 4).state_dict()
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two, other = build(CONFIG, 4).state_dict(), build(CONFIG, 5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not any(torch.equal(one[name], other[name]) for name in one)


@torch.no_grad()
def test_training_starts_at_the_best_constant_picture() -> None:
    module = build(CONFIG, 0)
    mean = torch.linspace(0, 1, 30)
    module.start_at(mean, mean**2 + 0.01)
    last = module.decoder.layers[-1]
    assert isinstance(last, nn.Linear)
    last.weight.zero_()
    np.testing.assert_allclose(module.mean_image(torch.randn(4, 3)), mean.expand(4, 30), atol=0.011)


@torch.no_grad()
def test_several_samples_share_one_kl_and_average_the_reconstruction() -> None:
    module = build(CONFIG, 0)
    x = (images(4) > 0.5).float()
    many = module.terms(x, torch.Generator().manual_seed(2), 6)
    one = module.terms(x, torch.Generator().manual_seed(2))
    assert many.reconstruction.shape == many.kl.shape == one.reconstruction.shape == (4,)
    torch.testing.assert_close(many.kl, one.kl)
    mu, log_var = module.encode(x)
    eps = torch.randn((6, 4, 3), generator=torch.Generator().manual_seed(2))
    logits = module.decode(mu + torch.exp(log_var / 2) * eps)
    own = torch.nn.functional.binary_cross_entropy(torch.sigmoid(logits), to_torch(x.numpy()).expand(6, 4, 30), reduction="none")
    torch.testing.assert_close(many.reconstruction, own.sum(-1).mean(0), rtol=1e-4, atol=1e-4)
