"""The sums over nodes: against tables that leave nothing out, against scipy's integration, and what the bounds save."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact import sums
from latent_explorer.core.nn.exact.forms import Decoder, form_of
from latent_explorer.core.nn.exact.grids import nodes_for
from latent_explorer.core.nn.exact.many import log_likelihoods, moments_of
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.nn.exact.sums import pieces
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import binary_images, flat, grey_images, lively

MODELS = {
    "bernoulli": {},
    "gaussian": {"likelihood": "gaussian", "sigma": 0.3},
    "gaussian-learned": {"likelihood": "gaussian"},
    "continuous": {"likelihood": "continuous_bernoulli"},
    "logistic": {"likelihood": "discretised_logistic"},
    "line": {"latent_dim": 1},
    "torus": {"family": "qlvm-torus"},
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> tuple[Model, ModelHandle]:
    return lively(**MODELS[request.param])


def whole_table(module: Model, handle: ModelHandle, x: torch.Tensor, side: int) -> np.ndarray:
    """log p(x|z_g) + log w_g by the likelihood's own sum over pixels, one node after the other: float64 (N, G)."""
    nodes = nodes_for(handle.architecture, side)
    parameters = module.decode(torch.from_numpy(nodes.z.copy()))
    columns = [module.likelihood.log_prob(x, row.expand_as(x)).double().numpy() for row in parameters]
    return np.stack(columns, 1) + nodes.log_weight


def lse(table: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(table, axis=1)


@pytest.mark.parametrize("few", [1, 10_000], ids=["bounded", "all"])
def test_nothing_that_counts_is_left_out(model: tuple[Model, ModelHandle], few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", few)
    module, handle = model
    images = binary_images(12) if handle.architecture.likelihood == "bernoulli" else grey_images(12)
    table = whole_table(module, handle, flat(images), 32)
    found = moments_of(handle, images, 32)
    np.testing.assert_allclose(found.log_evidence, lse(table), atol=3e-4)
    np.testing.assert_array_equal(found.node, table.argmax(1))
    share = np.exp(table - lse(table)[:, None])
    nodes = nodes_for(handle.architecture, 32)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.nansum(share * np.log(share), axis=1) + nodes.log_cell
        information = np.nansum(share * (np.log(share) - nodes.log_weight), axis=1)
    np.testing.assert_allclose(found.entropy, entropy, atol=2e-3)
    np.testing.assert_allclose(found.information, information, atol=2e-3)
    if nodes.kind != "torus":
        mean = share @ nodes.z.astype(float)
        away = nodes.z[None].astype(float) - mean[:, None]
        np.testing.assert_allclose(found.mean, mean, atol=1e-3)
        np.testing.assert_allclose(found.covariance, np.einsum("ng,ngi,ngj->nij", share, away, away), atol=1e-3)


def test_each_node_comes_at_most_once_and_bounds_leave_most_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", 1)
    exact = linear_gaussian(0.03)
    nodes = nodes_for(exact.handle.architecture, 128)
    images = exact.draw(20)
    seen = np.zeros((20, len(nodes.z)), np.int64)
    from latent_explorer.core.nn.handles import module_of

    with torch.inference_mode():
        for piece in pieces(Decoder(module_of(exact.handle)), nodes, flat(images)):
            seen[piece.rows[:, None].numpy(), piece.nodes.numpy()] += 1
    assert seen.max() == 1
    assert seen.mean() < 0.3
    np.testing.assert_allclose(
        log_likelihoods(exact.handle, images, 128), [exact.evidence(x) for x in images.reshape(20, -1).astype(float)], atol=2e-3
    )


def test_a_known_floor_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", 1)
    module, handle = lively()
    x = flat(binary_images(9))
    nodes = nodes_for(handle.architecture, 32)
    truth = lse(whole_table(module, handle, x, 32))
    found = np.full(9, -np.inf)
    with torch.inference_mode():
        for piece in pieces(Decoder(module), nodes, x, floor=torch.from_numpy(truth).float()):
            rows = piece.rows.numpy()
            found[rows] = np.logaddexp(found[rows], lse(piece.joint.double().numpy()))
    np.testing.assert_allclose(found, truth, atol=3e-4)


def test_weights_that_are_no_number_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "FEW", 1)
    module, handle = lively(seed=8)
    module.decoder.last_bias()[0] = math.nan
    assert np.isnan(log_likelihoods(handle, binary_images(3), 32)).all()


def test_a_tiny_decoder_agrees_with_scipy_s_integration() -> None:
    module, handle = lively(scale=2.0)
    image = binary_images(1)
    x = image.reshape(-1).astype(float)
    layers = [layer for layer in module.decoder.modules() if isinstance(layer, torch.nn.Linear)]
    (w1, b1), (w2, b2) = ((layer.weight.double().numpy(), layer.bias.double().numpy()) for layer in layers)

    def integrand(z1: float, z0: float) -> float:
        hidden = w1 @ np.array([z0, z1]) + b1
        logits = w2 @ (hidden / (1 + np.exp(-hidden))) + b2
        return math.exp(x @ logits - np.logaddexp(0, logits).sum() - 0.5 * (z0 * z0 + z1 * z1)) / (2 * math.pi)

    truth, _ = dblquad(integrand, -6, 6, -6, 6, epsabs=1e-12, epsrel=1e-5)
    assert log_likelihoods(handle, image, 128)[0] == pytest.approx(math.log(truth), abs=1e-3)


@pytest.mark.parametrize("sigma", [0.05, 0.01, 0.001])
@pytest.mark.parametrize("few", [1, 10_000], ids=["bounded", "all"])
def test_a_small_sigma_takes_no_nats(sigma: float, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Terms of 784 / (2 sigma^2) cancel; the reference is the likelihood's own sum of squared differences in float64."""
    monkeypatch.setattr(sums, "FEW", few)
    config = ModelConfig((28, 28, 1), hidden=(8,), likelihood="gaussian", sigma=sigma)
    module = build(config, 0).eval().requires_grad_(False)
    handle = ModelHandle(f"small-sigma-{sigma}", config)
    publish(handle, module)
    nodes = nodes_for(config, 16)
    z = torch.from_numpy(nodes.z.copy())
    means = module.mean_image(z).double()
    near = means[[40, 120]].numpy() + sigma * np.random.default_rng(0).standard_normal((2, 784))
    images = np.clip(near, 0, 1).astype(np.float32).reshape(2, 28, 28, 1)
    squares = (flat(images).double()[:, None] - means).square().sum(-1).numpy()
    truth = lse(-0.5 * squares / sigma**2 - 784 * (math.log(sigma) + 0.5 * math.log(2 * math.pi)) + nodes.log_weight)
    np.testing.assert_allclose(log_likelihoods(handle, images, 16), truth, atol=2e-3)
    for image, one in zip(images, truth, strict=True):
        assert posterior(handle, image, 16, draft=True).log_evidence == pytest.approx(one, abs=2e-3)
        everything = np.ones((28, 28), np.bool_)
        assert posterior(handle, image, 16, everything, draft=True).log_evidence == pytest.approx(one, abs=2e-3)


# --- the linear form -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MODELS if name != "logistic"])
def test_the_linear_form_is_the_likelihood(name: str) -> None:
    module, handle = lively(**MODELS[name])
    form = form_of(module)
    assert form is not None
    x = flat(grey_images(5))
    numbers = module.decode(torch.randn(7, handle.architecture.latent_dim, generator=torch.Generator().manual_seed(0)))
    w = form.weights(numbers)
    table = x @ w.T - form.partition(w).sum(1) + form.own(x)[:, None]
    torch.testing.assert_close(table, module.likelihood.table(x, numbers), atol=1e-3, rtol=1e-4)


def test_a_likelihood_that_is_not_linear_has_no_form() -> None:
    assert form_of(lively(**MODELS["logistic"])[0]) is None
