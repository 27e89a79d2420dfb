"""The exact posterior of one image: against closed forms and sums written out, with masks, and where it is narrow."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.core.nn.exact import looking, planes
from latent_explorer.core.nn.exact import posterior as posterior_module
from latent_explorer.core.nn.exact.climbing import moved
from latent_explorer.core.nn.exact.grids import nodes_for
from latent_explorer.core.nn.exact.posterior import completion, posterior
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import module_of, publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.linear import LinearGaussian, linear_gaussian
from tests.core.nn.exact.lively import SHAPE, binary_images, flat, grey_images, lively

ROUNDING = 1e-6  # of squares of 40 pixels in float32, which sigma^2 divides

# --- the closed form -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("latent_dim", "sigma", "side"), [(2, 0.1, 64), (2, 0.05, 128), (2, 0.01, 64), (1, 0.05, 64), (1, 0.005, 16)])
def test_a_linear_decoder_has_its_closed_form(latent_dim: int, sigma: float, side: int) -> None:
    """Also where the posterior falls between the nodes: (2, 0.01) and (1, 0.005) are half as wide as a cell."""
    exact = linear_gaussian(sigma, latent_dim)
    for image in exact.draw(3):
        x = image.reshape(-1).astype(float)
        mean, covariance = exact.posterior(x)
        found = posterior(exact.handle, image, side)
        spread = np.sqrt(np.linalg.eigvalsh(covariance)[0])
        assert found.log_evidence == pytest.approx(exact.evidence(x), abs=2e-3 + ROUNDING / sigma**2)
        np.testing.assert_allclose(found.mean, mean, atol=0.02 * spread)
        np.testing.assert_allclose(found.mode, mean, atol=0.05 * spread)
        np.testing.assert_allclose(found.covariance, covariance, rtol=0.02, atol=0.02 * spread**2)
        assert found.width == pytest.approx(spread, rel=0.05)
        entropy = 0.5 * (latent_dim * math.log(2 * math.pi * math.e) + np.linalg.slogdet(covariance)[1])
        assert found.entropy == pytest.approx(entropy, abs=0.02)
        kl = 0.5 * (np.trace(covariance) + mean @ mean - latent_dim - np.linalg.slogdet(covariance)[1])
        assert found.information == pytest.approx(kl, abs=0.02)
        assert found.refined == found.narrow == (spread < 0.6 * found.h)
        assert found.probability.sum() == pytest.approx(1, abs=1e-5)
        assert found.probability.dtype == np.float32
        assert found.score == "ll density"
        best = np.unravel_index(found.probability.argmax(), found.probability.shape)
        np.testing.assert_allclose([found.axis[k] for k in best[::-1]], mean, atol=found.h)


def test_the_grid_alone_would_err_where_the_posterior_is_narrow() -> None:
    exact = linear_gaussian(0.004)
    errors = []
    for image in exact.draw(4):
        truth = exact.evidence(image.reshape(-1).astype(float))
        assert posterior(exact.handle, image, 64).log_evidence == pytest.approx(truth, abs=ROUNDING / 0.004**2)
        errors.append(abs(_plain(exact, image) - truth))
    assert max(errors) > 0.3


def _plain(exact: LinearGaussian, image: np.ndarray) -> float:
    from latent_explorer.core.nn.exact.many import log_likelihoods

    return float(log_likelihoods(exact.handle, image[None], 64)[0])


def ridge(steepness: float, turn: float) -> tuple[ModelHandle, np.ndarray, float]:
    """A Bernoulli decoder with the same logit ``steepness (z . u)`` for 100 pixels, an image, and log p(x) by a sum over z . u alone."""
    config = ModelConfig((10, 10, 1), hidden=())
    module = build(config, 1)
    with torch.no_grad():
        (layer,) = (layer for layer in module.decoder.modules() if isinstance(layer, torch.nn.Linear))
        layer.weight.copy_(torch.tensor([steepness * math.cos(turn), steepness * math.sin(turn)]).expand(100, 2))
        layer.bias.zero_()
    handle = ModelHandle(f"ridge-{steepness}-{turn}", config)
    publish(handle, module.eval().requires_grad_(False))
    u = np.linspace(-5, 5, 400_001)
    joint = 70 * steepness * u - 100 * np.logaddexp(0, steepness * u) - 0.5 * u * u - 0.5 * math.log(2 * math.pi)
    image = (np.arange(100) < 70).astype(np.float32).reshape(10, 10, 1)
    return handle, image, float(np.logaddexp.reduce(joint) + math.log(u[1] - u[0]))


@pytest.mark.parametrize(("steepness", "turn", "side"), [(20.0, 0.0, 64), (20.0, 0.4, 128), (60.0, 0.4, 64), (60.0, 0.4, 128)])
def test_a_long_narrow_posterior_is_summed_along_all_of_its_length(steepness: float, turn: float, side: int) -> None:
    handle, image, truth = ridge(steepness, turn)
    found = posterior(handle, image, side)
    assert found.refined
    assert found.log_evidence == pytest.approx(truth, abs=0.01)
    along = np.array([-math.sin(turn), math.cos(turn)])
    assert along @ found.covariance @ along == pytest.approx(1, abs=0.02)


def test_a_posterior_that_is_too_narrow_for_its_places_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    handle, image, _ = ridge(20.0, 0.0)
    assert posterior(handle, image, 64).note == ""
    monkeypatch.setattr(posterior_module, "MOST_CELLS", 64)
    found = posterior(handle, image, 64)
    assert found.narrow
    assert "so its figures are rough" in found.note


def test_a_draft_is_the_plain_sum_over_the_grid_and_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a linear decoder the logarithm is quadratic, so mode and width are right even between nodes; the sum is not."""
    exact = linear_gaussian(0.01)
    image = exact.draw(1)[0]
    full = posterior(exact.handle, image, 64)
    monkeypatch.setattr(type(module_of(exact.handle)), "decode", None)
    draft = posterior(exact.handle, image, 64, draft=True)
    assert draft.draft and draft.narrow and not draft.refined
    assert full.refined and not full.draft
    assert draft.log_evidence == pytest.approx(_plain_terms(exact, image), abs=2e-2)
    mean, covariance = exact.posterior(image.reshape(-1).astype(float))
    spread = np.sqrt(np.linalg.eigvalsh(covariance)[0])
    np.testing.assert_allclose(draft.mode, mean, atol=0.1 * spread)
    assert draft.width == pytest.approx(spread, rel=0.2)
    assert draft.probability.sum() == pytest.approx(1, abs=1e-5)


def _plain_terms(exact: LinearGaussian, image: np.ndarray) -> float:
    """log p(x) by the closed form of each term on 64 x 64 midpoints."""
    z = np.stack(np.meshgrid(*[-4.5 + 9 / 64 * (np.arange(64) + 0.5)] * 2), axis=-1).reshape(-1, 2)
    away = image.reshape(-1).astype(float) - exact.middle - z @ exact.matrix.T
    terms = -0.5 * np.square(away).sum(1) / exact.sigma**2 - 40 * math.log(exact.sigma * math.sqrt(2 * math.pi)) - 0.5 * np.square(z).sum(1)
    return float(np.logaddexp.reduce(terms) + 2 * math.log(9 / 64) - math.log(2 * math.pi))


# --- masks ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bernoulli", "gaussian"])
def test_a_mask_is_a_model_of_those_pixels_alone(name: str) -> None:
    """The same decoder cut down to the known pixels, as a model of its own."""
    more = {"likelihood": "gaussian", "sigma": 0.3} if name == "gaussian" else {}
    module, handle = lively(**more)
    mask = np.zeros(SHAPE[:2], np.bool_)
    mask[:, 1:4] = True
    config = replace(handle.architecture, image_shape=(4, 3, 1))
    part = build(config, 0).eval().requires_grad_(False)
    state = module.state_dict()
    kept = torch.from_numpy(mask.reshape(-1))
    last = sorted(key for key in state if key.startswith("decoder"))[-2:]
    cut = {key: tensor[kept] if key in last else tensor for key, tensor in state.items() if key.startswith("decoder")}
    part.load_state_dict(cut, strict=False)
    other = ModelHandle(f"part-{name}", config)
    publish(other, part)
    image = grey_images(1)[0]
    whole, alone = posterior(handle, image, 32, mask), posterior(other, image[:, 1:4], 32)
    assert whole.log_evidence == pytest.approx(alone.log_evidence, abs=1e-4)
    np.testing.assert_allclose(whole.probability, alone.probability, atol=1e-5)
    np.testing.assert_allclose(whole.mode, alone.mode, atol=0.02)
    assert whole.log_evidence != pytest.approx(posterior(handle, image, 32).log_evidence, abs=0.5)


def test_no_known_pixel_leaves_the_prior() -> None:
    module, handle = lively()
    nothing = np.zeros(SHAPE[:2], np.bool_)
    found, expected = completion(handle, grey_images(1)[0], nothing, 64)
    assert found.log_evidence == pytest.approx(0, abs=1e-4)
    assert found.information == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(found.covariance, np.eye(2), atol=1e-3)
    nodes = nodes_for(handle.architecture, 64)
    pictures = module.mean_image(torch.from_numpy(nodes.z.copy())).double().numpy()
    np.testing.assert_allclose(expected.reshape(-1), np.exp(nodes.log_weight) @ pictures, atol=1e-4)


def test_a_completion_is_the_expected_image_given_the_pixels() -> None:
    module, handle = lively()
    image = binary_images(1)[0]
    mask = np.zeros(SHAPE, np.bool_)
    mask[:2] = True
    found, expected = completion(handle, image, mask, 32)
    nodes = nodes_for(handle.architecture, 32)
    logits = module.decode(torch.from_numpy(nodes.z.copy())).double().numpy()
    x, seen = image.reshape(-1), mask.reshape(-1)
    joint = np.where(x > 0.5, -np.logaddexp(0, -logits), -np.logaddexp(0, logits))[:, seen].sum(1) + nodes.log_weight
    share = np.exp(joint - np.logaddexp.reduce(joint))
    np.testing.assert_allclose(found.probability.ravel(), share, atol=1e-5)
    np.testing.assert_allclose(expected.reshape(-1), share @ (1 / (1 + np.exp(-logits))), atol=1e-4)
    assert expected.shape == SHAPE
    assert expected.dtype == np.float32


@pytest.mark.parametrize("mask", [np.ones((4, 4), np.bool_), np.ones((4, 5), np.uint8)], ids=["shape", "type"])
def test_an_unfit_mask_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(SettingError, match="mask is"):
        posterior(lively()[1], grey_images(1)[0], 32, mask)


# --- grey images ---------------------------------------------------------------------------------------------------------------------


def test_the_grey_score_is_below_the_mean_over_binarisations() -> None:
    """E over all 2^6 draws b of the grey image of log p(b), each draw with its probability: the grey score is a lower bound of it."""
    config = ModelConfig((2, 3, 1), hidden=(16,))
    module = build(config, 4).eval().requires_grad_(False)
    last = [layer for layer in module.decoder.modules() if isinstance(layer, torch.nn.Linear)][-1]
    last.weight.mul_(6.0)
    handle = ModelHandle("six-pixels", config)
    publish(handle, module)
    grey = np.array([0.1, 0.9, 0.4, 0.7, 0.2, 0.6], np.float32).reshape(2, 3, 1)
    found = posterior(handle, grey, 64)
    assert found.score == "grey score"
    mean = 0.0
    for bits in itertools.product((0.0, 1.0), repeat=6):
        draw = np.array(bits, np.float32).reshape(2, 3, 1)
        one = posterior(handle, draw, 64)
        assert one.score == "ll"
        mean += float(np.prod(np.where(draw > 0, grey, 1 - grey))) * one.log_evidence
    assert found.log_evidence < mean - 1e-3


# --- other spaces --------------------------------------------------------------------------------------------------------------------


def sphere() -> ModelHandle:
    config = ModelConfig(SHAPE, family="hyperspherical-vae", hidden=(16,))
    module = lively(latent_dim=3)[0]
    handle = ModelHandle("on-the-sphere", config)
    publish(handle, module)
    return handle


def test_on_the_torus_the_mean_knows_that_the_ends_are_joined() -> None:
    """A decoder moved by half a turn has its posterior moved by half a turn."""
    module, handle = lively("qlvm-torus")
    image = binary_images(1, 5)[0]
    found = posterior(handle, image, 64)
    nodes = nodes_for(handle.architecture, 64)
    table = module.likelihood.table(flat(image[None]), module.decode(torch.from_numpy(nodes.z.copy())))[0].double().numpy()
    share = np.exp(table - np.logaddexp.reduce(table))
    angle = np.angle(share @ np.exp(2j * np.pi * nodes.z.astype(float)))
    np.testing.assert_allclose(np.exp(2j * np.pi * found.mean), np.exp(1j * angle), atol=1e-3)
    np.testing.assert_allclose(found.probability.ravel(), share, atol=1e-5)
    assert found.log_evidence == pytest.approx(np.logaddexp.reduce(table) - 2 * math.log(64), abs=1e-4)
    assert np.all((found.mode >= 0) & (found.mode < 1))


def test_on_the_sphere_mode_and_mean_lie_on_it() -> None:
    handle = sphere()
    image = binary_images(1)[0]
    found = posterior(handle, image, 64)
    np.testing.assert_allclose(np.linalg.norm(found.mode), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found.mean), 1, atol=1e-9)
    generator = np.random.default_rng(0)
    z = generator.standard_normal((200_000, 3)).astype(np.float32)
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    module = module_of(handle)
    drawn = module.likelihood.table(flat(image[None]), module.decode(torch.from_numpy(z)))[0].double().numpy()
    assert found.log_evidence == pytest.approx(math.log(np.exp(drawn).mean()), abs=0.03)
    best = drawn.max()
    at_mode = module.likelihood.table(flat(image[None]), module.decode(torch.tensor(found.mode[None], dtype=torch.float32)))[0, 0]
    assert float(at_mode) >= best - 1e-3


def test_moving_on_the_sphere_goes_as_far_as_it_is_told() -> None:
    z = torch.nn.functional.normalize(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), dim=1)
    by = torch.tensor([0.003, -0.004]).expand(50, 2)
    np.testing.assert_allclose(torch.linalg.vector_norm(moved("sphere", z, by) - z, dim=1), 0.005, rtol=1e-3)


# --- what is kept, and what is not ---------------------------------------------------------------------------------------------------


def test_the_second_image_does_not_ask_the_decoder_at_the_nodes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    module, handle = lively(seed=21)
    images = binary_images(2)
    posterior(handle, images[0], 64)
    asked = []
    decode = type(module).decode

    def counted(self: object, z: torch.Tensor, *more: object) -> torch.Tensor:
        asked.append(z.numel() // 2)
        return decode(self, z, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(type(module), "decode", counted)
    posterior(handle, images[1], 64)
    assert sum(asked) < 64 * 64 / 2
    other, snapshot = lively(seed=22)
    publish(handle, other)
    asked.clear()
    newer = posterior(handle, images[1], 64)
    assert sum(asked) > 64 * 64
    assert newer.log_evidence == pytest.approx(posterior(snapshot, images[1], 64).log_evidence, abs=1e-5)


def test_what_does_not_fit_is_computed_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    _, handle = lively(seed=23)
    image = binary_images(1)[0]
    kept = posterior(handle, image, 64)
    monkeypatch.setattr(planes, "BUDGET", 1 << 20)
    told: list[float] = []
    apart = posterior(handle, image, 64, progress=told.append)
    assert told[-1] == 1.0
    assert apart.log_evidence == pytest.approx(kept.log_evidence, abs=1e-4)
    np.testing.assert_allclose(apart.probability, kept.probability, atol=1e-5)
    monkeypatch.setattr(looking, "LARGE", 4 * 20 * 48 * 48)
    fewer = posterior(handle, image, 64)
    assert fewer.side == 32
    assert "32 nodes along each axis in the place of 64" in fewer.note


def test_a_class_is_asked_for_just_where_there_is_one() -> None:
    with pytest.raises(SettingError, match="told no class"):
        posterior(lively()[1], grey_images(1)[0], 32, condition=1)
