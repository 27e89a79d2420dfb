"""VAE-GAN: three players, each moved by its own loss alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.data.registry import load_dataset
from latent_explorer.core.nn.families.base import Batch
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae_gan import LIKENESS, VAEGAN
from latent_explorer.core.nn.inference import decode
from tests.core.nn.small import architecture, left_behind, run, same_bits, settings, toy, weights

PLAYERS = ("encoder", "decoder", "discriminator")


def model_of(**more: object) -> VAEGAN:
    model = build(ModelConfig((3, 4, 1), 2, (8, 6), family="vae-gan", **more), 0)  # type: ignore[arg-type]
    assert isinstance(model, VAEGAN)
    return model


def batch(beta: float = 2.0) -> Batch:
    x = torch.from_numpy(np.random.default_rng(0).random((9, 12), np.float32))
    return Batch(x, None, torch.Generator().manual_seed(5), beta)


def by_hand(model: VAEGAN, x: Tensor, beta: float) -> dict[str, Tensor]:
    """The three losses, written again from the paper, with the same noise."""
    generator = torch.Generator().manual_seed(5)
    mu, log_var = model.encode(x)
    z = mu + torch.exp(log_var / 2) * torch.randn(mu.shape, generator=generator)
    made = torch.sigmoid(model.decode(torch.randn(mu.shape, generator=generator)))
    rebuilt = torch.sigmoid(model.decode(z))
    (real_logit, real), (rebuilt_logit, again), (made_logit, _) = (model.discriminator(p) for p in (x, rebuilt, made))
    likeness = torch.zeros(())
    for wanted, found in ((x, rebuilt), (real, again)):  # half the squared distance, in units of what the batch spreads
        likeness = likeness + 0.5 * 12 / 2 * ((wanted - found) ** 2).sum(1).mean() / wanted.detach().var(0, unbiased=False).sum()
    kl = torch.distributions.kl_divergence(
        torch.distributions.Normal(mu, torch.exp(log_var / 2)), torch.distributions.Normal(torch.zeros(2), torch.ones(2))
    )
    ones, zeros = torch.ones(len(x)), torch.zeros(len(x))
    bce = functional.binary_cross_entropy_with_logits
    return {
        "encoder": likeness + beta * kl.sum(1).mean(),
        "decoder": LIKENESS * likeness + bce(rebuilt_logit, ones) + bce(made_logit, ones),
        "discriminator": bce(real_logit, ones) + bce(rebuilt_logit, zeros) + bce(made_logit, zeros),
    }


def test_each_player_has_the_gradient_of_its_own_loss() -> None:
    model, given = model_of(), batch()
    loss, terms = model.loss(given)
    model.backward(loss)
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert found.keys() == dict(model.named_parameters()).keys()
    losses = by_hand(model, given.x, given.beta)
    for k, player in enumerate(PLAYERS):
        torch.testing.assert_close(loss[k], losses[player])
        named = [(name, p) for name, p in model.named_parameters() if name.startswith(player)]
        expected = torch.autograd.grad(losses[player], [p for _, p in named], retain_graph=True)
        others = torch.autograd.grad(
            torch.stack([losses[p] for p in PLAYERS if p != player]).sum(), [p for _, p in named], retain_graph=True
        )
        for (name, _), gradient, other in zip(named, expected, others, strict=True):
            torch.testing.assert_close(found[name], gradient, msg=name)
            assert not torch.allclose(gradient, gradient + other, atol=1e-9), name  # the others would move it, if they were let
    torch.testing.assert_close(terms.reconstruction.mean() + given.beta * terms.kl.mean(), losses["encoder"])


@pytest.mark.parametrize("network", ["dense", "residual", "conv"])
def test_the_discriminator_is_of_the_encoders_kind(network: str) -> None:
    model = model_of(network=network, **({"channels": (2,)} if network == "conv" else {}))
    logit, features = model.discriminator(batch().x)
    assert logit.shape == (9,) and features.shape == (9, 6)
    last = model.discriminator.network.layers[-1]
    torch.testing.assert_close(logit, last(features).squeeze(1))
    loss, _ = model.loss(batch())
    model.backward(loss)
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_learned_sigma_follows_the_pixels_and_moves_nobody() -> None:
    model, given = model_of(likelihood="gaussian"), batch()
    loss, _ = model.loss(given)
    assert loss.shape == (4,)
    model.backward(loss)
    plain = model_of(likelihood="gaussian", sigma=1.0)
    plain.load_state_dict({name: tensor for name, tensor in model.state_dict().items() if "sigma" not in name})
    plain.backward(plain.loss(batch())[0])
    for name, parameter in plain.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(dict(model.named_parameters())[name].grad, parameter.grad)


def test_it_trains_and_goes_on_with_its_discriminator() -> None:
    dataset = toy()
    config, how = architecture(dataset, family="vae-gan"), settings(validation=8)
    whole = run(dataset, how, config)
    stopped = run(dataset, how, config, stop_at=3)
    again = run(dataset, how, config, resume=left_behind(stopped))
    assert (whole.outcome, stopped.outcome, again.outcome) == ("finished", "stopped", "finished")
    assert same_bits(weights(whole), weights(again))
    assert any(name.startswith("discriminator.") for name in weights(whole))
    before = build(config, 0)
    assert whole.snapshot is not None and whole.codes is not None
    assert "log_var" in whole.codes.columns
    assert decode(whole.snapshot, np.zeros((1, 2), np.float32)).shape == (1, 3, 4, 1)
    assert np.isfinite(whole.codes.z).all()
    assert before.state_dict().keys() == weights(whole).keys()


def test_pictures_grow_like_their_images() -> None:
    """On digits, in some epochs: codes that are used, and pictures nearer than the mean image."""
    digits = load_dataset("digits")
    last = run(digits, settings(epochs=10, batch_size=32, lr=0.003), ModelConfig((8, 8, 1), 2, (64,), family="vae-gan"))
    assert last.snapshot is not None and last.codes is not None
    assert (last.codes.z.var(axis=0) > 0.1).all()
    images = digits.images[digits.split.test] / 255.0
    error = np.square(decode(last.snapshot, last.codes.z) - images).mean()
    assert error < 0.9 * images.var(axis=0).mean()


def test_a_batch_of_one_image_moves_no_weight_by_its_missing_spread() -> None:
    """Its spread is 0, and a division by next to nothing would throw the networks out."""
    model, given = model_of(), batch()
    alone = Batch(given.x[:1], None, given.generator, given.beta)
    loss, terms = model.loss(alone)
    model.backward(loss)
    assert terms.reconstruction.tolist() == [0.0]
    assert loss.abs().max() < 100
    assert all(p.grad is not None and p.grad.abs().max() < 100 for p in model.parameters())
    assert model.terms(given.x[:1], given.generator, 3).reconstruction.tolist() == [0.0]
