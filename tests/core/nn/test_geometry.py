"""The decoder's derivatives: exact, for every kind of network; magnification of a linear decoder in closed form."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.config import LIKELIHOODS, ModelConfig
from latent_explorer.core.errors import Cancelled
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.geometry import LEAST_LOG, log_magnification, logits_with_tangents, metric, numbers_with_tangents
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle

KINDS: dict[str, dict[str, Any]] = {
    "dense silu": {"hidden": (12, 9)},
    "dense tanh": {"hidden": (12, 9), "activation": "tanh"},
    "dense relu": {"hidden": (12, 9), "activation": "relu"},
    "residual": {"hidden": (12, 9, 9), "network": "residual"},
    "conv": {"hidden": (12,), "network": "conv", "channels": (4, 6), "image_shape": (7, 5, 3)},
    "resconv": {"hidden": (12,), "network": "resconv", "channels": (4, 6), "image_shape": (7, 5, 3)},
    "five dimensions": {"hidden": (12,), "latent_dim": 5},
    "torus": {"hidden": (12, 9), "family": "qlvm-torus"},
    "sphere": {"hidden": (12, 9), "family": "hyperspherical-vae"},
}


def model(kind: str = "dense silu", **more: Any) -> tuple[VAE, ModelHandle]:
    settings = {"image_shape": (4, 3, 1), **KINDS[kind], **more}
    config = ModelConfig(settings.pop("image_shape"), **settings)
    module = build(config, 3).eval().requires_grad_(False)
    with torch.no_grad():
        for weights in module.decoder.parameters():
            weights.mul_(2.0)  # so that it bends
    handle = ModelHandle(f"geometry {kind} {more}", config)
    publish(handle, module)
    return module, handle


def places(module: VAE, count: int = 6) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(count, module.config.latent_dim)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_tangents_agree_with_finite_differences(kind: str) -> None:
    module, _ = model(kind)
    module = module.double()
    z = torch.from_numpy(places(module)).double()
    directions = torch.eye(module.config.latent_dim, dtype=torch.float64)[:2]
    logits, tangents = logits_with_tangents(module.decoder, z, directions)
    assert torch.equal(logits, module.decode(z))
    step = 1e-6
    for k, along in enumerate(directions):
        slope = (module.decode(z + step * along) - module.decode(z - step * along)) / (2 * step)
        assert torch.allclose(tangents[k], slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_tangents_are_those_of_reverse_mode(kind: str) -> None:
    module, _ = model(kind)
    z = torch.from_numpy(places(module))
    directions = torch.tensor(np.random.default_rng(1).normal(size=(2, module.config.latent_dim)), dtype=torch.float32)
    _, tangents = logits_with_tangents(module.decoder, z, directions)
    for n, place in enumerate(z):
        jacobian = torch.autograd.functional.jacobian(module.decode, place)
        assert torch.allclose(tangents[:, n], directions @ jacobian.T, atol=1e-4, rtol=1e-4)


def test_the_class_is_told_and_does_not_bend() -> None:
    module, _ = model("dense silu", family="conditional-vae", classes=3)
    module = module.double()
    z = torch.from_numpy(places(module)).double()
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    along = torch.eye(2, dtype=torch.float64)
    logits, tangents = logits_with_tangents(module.decoder, z, along, labels)
    assert torch.equal(logits, module.decode(z, labels))
    for k in range(2):
        slope = (module.decode(z + 1e-6 * along[k], labels) - module.decode(z - 1e-6 * along[k], labels)) / 2e-6
        assert torch.allclose(tangents[k], slope, atol=1e-6, rtol=1e-6)
    assert not torch.allclose(tangents[0, 0], tangents[0, 1])


def test_a_lower_level_moves_with_the_plane() -> None:
    module, _ = model("dense silu", family="hierarchical-vae", lower_dim=4)
    module = module.double()
    with torch.no_grad():
        for weights in module.lower_prior.parameters():
            weights.mul_(3.0)
    z = torch.from_numpy(places(module)).double()
    along = torch.eye(2, dtype=torch.float64)
    numbers, tangents = numbers_with_tangents(module, z, along)
    assert torch.allclose(numbers, module.decode(z))
    for k in range(2):
        slope = (module.decode(z + 1e-6 * along[k]) - module.decode(z - 1e-6 * along[k])) / 2e-6
        assert torch.allclose(tangents[k], slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_metric_is_of_the_expected_picture_of_any_likelihood(likelihood: str) -> None:
    module, handle = model("dense silu", likelihood=likelihood)
    z = places(module)
    found = metric(handle, z, np.eye(2))
    double, step = module.double(), 1e-6
    points = torch.from_numpy(z.astype(np.float64))
    slopes = torch.stack(
        [(double.mean_image(points + step * e) - double.mean_image(points - step * e)) / (2 * step) for e in torch.eye(2).double()], dim=1
    )
    assert found == pytest.approx((slopes @ slopes.mT).numpy(), rel=1e-3)


def test_areas_of_the_sphere_are_measured_along_it() -> None:
    """A linear decoder W z: at the pole the picture's area is that of the two columns of W that lie along the sphere."""
    weight = np.random.default_rng(2).normal(size=(7, 3))
    config = ModelConfig((7, 1, 1), hidden=(4,), family="hyperspherical-vae")
    module = build(config, 0).eval().requires_grad_(False)
    module.decoder.layers = torch.nn.Sequential(torch.nn.Linear(3, 7, bias=False))
    module.decoder.layers[0].weight.data = torch.tensor(weight, dtype=torch.float32)
    module.requires_grad_(False)
    handle = ModelHandle("linear on the sphere", config)
    publish(handle, module)
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    z = np.stack([turn[:, 0], [0, 0, 1.0], [1.0, 0, 0], [0, -1.0, 0]])
    found = log_magnification(handle, z, np.zeros((2, 3)))
    for n, place in enumerate(z):
        basis = np.linalg.svd(place[None])[2][1:]  # two directions at right angles to it
        p = 1 / (1 + np.exp(-weight @ place))
        jacobian = (p * (1 - p))[:, None] * (weight @ basis.T)
        assert found[n] == pytest.approx(0.5 * math.log(np.linalg.det(jacobian.T @ jacobian)), abs=1e-4)
    outward = metric(handle, z[:1], z[:1])  # there is no way outward on a sphere
    assert outward == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("information", [False, True])
def test_the_metric_of_pictures_by_finite_differences(information: bool) -> None:
    module, handle = model()
    z = places(module)
    found = metric(handle, z, np.eye(2), information=information)
    double = build(handle.architecture, 3).double()
    double.load_state_dict({name: tensor.double() for name, tensor in module.state_dict().items()})
    step = 1e-6

    def picture(at: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return double.mean_image(torch.from_numpy(at.astype(np.float64))).numpy()

    slopes = np.stack([(picture(z + step * e) - picture(z - step * e)) / (2 * step) for e in np.eye(2)], axis=1)
    if information:
        p = picture(z)[:, None]
        slopes = slopes / np.sqrt(p * (1 - p))  # of the mean of a Bernoulli: J' diag(1 / (p (1 - p))) J, the same in other words
    assert found == pytest.approx(slopes @ slopes.transpose(0, 2, 1), rel=1e-3)


def linear(weight: np.ndarray, latent_dim: int = 2) -> ModelHandle:
    """A decoder whose logits are a matrix times z."""
    config = ModelConfig((len(weight), 1, 1), latent_dim=latent_dim, hidden=(4,), activation="tanh")
    module = build(config, 0).eval().requires_grad_(False)
    module.decoder.layers = torch.nn.Sequential(torch.nn.Linear(latent_dim, len(weight)))
    module.decoder.layers[0].weight.data = torch.tensor(weight, dtype=torch.float32)
    module.decoder.layers[0].bias.data.zero_()
    module.requires_grad_(False)
    handle = ModelHandle(f"linear {weight.tolist()}", config)
    publish(handle, module)
    return handle


WEIGHT = np.array([[1.0, 0.0], [0.5, 2.0], [-1.0, 0.3]])


def test_a_linear_decoder_in_closed_form() -> None:
    """At z = 0 all pixels are 1/2: J = W / 4, and the Fisher-Rao metric is W'W / 4."""
    handle, origin = linear(WEIGHT), np.zeros((1, 2))
    area = 0.5 * math.log(np.linalg.det(WEIGHT.T @ WEIGHT))
    assert log_magnification(handle, origin, np.eye(2))[0] == pytest.approx(area - 2 * math.log(4), abs=1e-5)
    assert log_magnification(handle, origin, np.eye(2), information=True)[0] == pytest.approx(area - 2 * math.log(2), abs=1e-5)
    z = np.array([[0.7, -0.4]])
    p = 1 / (1 + np.exp(-WEIGHT @ z[0]))
    jacobian = (p * (1 - p))[:, None] * WEIGHT
    assert log_magnification(handle, z, np.eye(2))[0] == pytest.approx(0.5 * math.log(np.linalg.det(jacobian.T @ jacobian)), abs=1e-4)


def test_directions_twice_as_long_give_four_times_the_area() -> None:
    module, handle = model("five dimensions")
    z = places(module)
    directions = np.eye(5)[[3, 1]]
    assert log_magnification(handle, z, 2 * directions) == pytest.approx(log_magnification(handle, z, directions) + math.log(4), abs=1e-4)


def test_on_a_line_it_is_the_logarithm_of_a_length() -> None:
    handle = linear(WEIGHT[:, :1], 1)
    found = log_magnification(handle, np.zeros((1, 1)), np.array([[1.0], [0.0]]))
    assert found[0] == pytest.approx(math.log(np.linalg.norm(WEIGHT[:, 0]) / 4), abs=1e-5)


def test_a_decoder_that_does_not_change_has_the_least() -> None:
    found = log_magnification(linear(np.zeros((3, 2))), np.zeros((4, 2)), np.eye(2))
    assert found.tolist() == [LEAST_LOG] * 4
    assert log_magnification(linear(np.array([[1.0, 1.0]] * 3)), np.zeros((1, 2)), np.eye(2))[0] < -10  # one direction only


def test_places_that_are_no_numbers_harm_nobody() -> None:
    found = log_magnification(linear(WEIGHT), np.array([[np.nan, 0.0], [0.0, 0.0], [1e30, 0.0]]), np.eye(2))
    assert np.isnan(found[0]) and np.isfinite(found[1])
    assert found.dtype == np.float32


def test_many_places_come_in_pieces_and_one_can_stop() -> None:
    module, handle = model()
    z = places(module, 700)
    told: list[float] = []
    all_at_once = log_magnification(handle, z, np.eye(2), progress=told.append)
    assert len(told) == 3 and told[-1] == 1.0
    assert all_at_once[650:] == pytest.approx(log_magnification(handle, z[650:], np.eye(2)), abs=1e-4)

    def stop(part: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        log_magnification(handle, z, np.eye(2), progress=stop)


def test_fisher_rao_is_of_bernoulli_models_only() -> None:
    _, handle = model(likelihood="gaussian")
    with pytest.raises(ValueError, match="Bernoulli"):
        metric(handle, np.zeros((1, 2)), np.eye(2), information=True)
