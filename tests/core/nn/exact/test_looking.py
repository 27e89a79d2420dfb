"""First looks at fewer nodes where the decoder's numbers are not kept, what is remembered, and sums whose parts nearly cancel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact import looking, planes
from latent_explorer.core.nn.exact.forms import Decoder, form_of
from latent_explorer.core.nn.exact.grids import nodes_for
from latent_explorer.core.nn.exact.looking import joint_at
from latent_explorer.core.nn.exact.posterior import completion, posterior
from latent_explorer.core.nn.families.base import Model
from latent_explorer.core.nn.families.registry import build
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import SHAPE, grey_images, lively

LOGISTIC: dict[str, Any] = {"likelihood": "discretised_logistic", "sigma": 0.1}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many places any decoder was asked at, call by call."""
    found: list[int] = []
    decode = Model.decode

    def counted(self: Model, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        found.append(math.prod(z.shape[:-1]))
        return decode(self, z, labels)

    monkeypatch.setattr(Model, "decode", counted)
    return found


def plain(module: Model, image: np.ndarray, side: int) -> float:
    """log p(x) by the likelihood itself at all nodes."""
    nodes = nodes_for(module.config, side)
    x = torch.from_numpy(image.reshape(-1).astype(np.float32) / 255)
    logs = module.likelihood.log_prob(x, module.decode(torch.from_numpy(nodes.z.copy()))).double().numpy()
    return float(np.logaddexp.reduce(logs + nodes.log_weight))


@pytest.mark.parametrize("kind", ["linear", "other"])
def test_a_first_look_takes_fewer_nodes_where_all_would_take_long(kind: str, monkeypatch: pytest.MonkeyPatch, asked: list[int]) -> None:
    module, handle = lively(seed=31) if kind == "linear" else lively(seed=32, **LOGISTIC)
    first, second = grey_images(2)
    if kind == "linear":
        monkeypatch.setattr(planes, "BUDGET", 4 * 20 * 40 * 40 + (1 << 20))
    else:
        monkeypatch.setattr(looking, "FIRST_OTHER", 20 * 40 * 40)
    draft = posterior(handle, first, 64, draft=True)
    assert draft.draft and draft.side == 32
    assert draft.note == "At first only 1,024 nodes are asked; 4,096 follow."
    assert sum(asked) == 32 * 32
    assert draft.log_evidence == pytest.approx(plain(module, first, 32), abs=1e-4)
    asked.clear()
    other = posterior(handle, second, 64, draft=True)
    assert not asked
    assert other.log_evidence == pytest.approx(plain(module, second, 32), abs=1e-4)
    whole = posterior(handle, second, 64)
    assert (whole.side, whole.note, whole.draft) == (64, "", False)
    assert whole.log_evidence == pytest.approx(plain(module, second, 64), abs=1e-4)


def test_a_first_look_takes_all_nodes_where_they_are_quick() -> None:
    for _, handle in (lively(), lively(**LOGISTIC)):
        draft = posterior(handle, grey_images(1)[0], 64, draft=True)
        assert (draft.side, draft.note) == (64, "")


@pytest.mark.parametrize("kind", ["linear", "other"])
def test_the_same_image_is_not_summed_at_all_nodes_again(kind: str, monkeypatch: pytest.MonkeyPatch, asked: list[int]) -> None:
    """With all pixels, and with some: other pixels are another question."""
    _, handle = lively(seed=33) if kind == "linear" else lively(seed=34, **LOGISTIC)
    monkeypatch.setattr(planes, "BUDGET", (1 << 20) + 1)
    image = grey_images(1)[0]
    found = posterior(handle, image, 64)
    assert sum(asked) > 64 * 64
    asked.clear()
    again, _ = completion(handle, image, np.ones(SHAPE[:2], np.bool_), 64)
    # Only where a place counts for the expected picture is the decoder asked at a node again.
    shares = found.probability[found.probability > 1e-6 * found.probability.max()].size
    assert sum(asked) < shares + 500
    assert again.log_evidence == found.log_evidence
    asked.clear()
    half = np.zeros(SHAPE[:2], np.bool_)
    half[:2] = True
    less = posterior(handle, image, 64, half)
    assert sum(asked) > 64 * 64
    assert less.log_evidence != pytest.approx(found.log_evidence, abs=0.1)


def test_a_likelihood_that_is_no_product_asks_the_decoder_once(asked: list[int]) -> None:
    module, handle = lively(seed=35, **LOGISTIC)
    images = grey_images(2)
    posterior(handle, images[0], 64)
    asked.clear()
    found = posterior(handle, images[1], 64)
    assert sum(asked) < 64 * 64 / 2
    assert found.log_evidence == pytest.approx(plain(module, images[1], 64), abs=1e-4)


@pytest.mark.parametrize("sigma", [0.05, 0.02])
@pytest.mark.parametrize("side", [128, 256])
def test_a_small_sigma_has_its_closed_form(sigma: float, side: int) -> None:
    exact = linear_gaussian(sigma)
    for image in exact.draw(3, seed=5):
        assert posterior(exact.handle, image, side).log_evidence == pytest.approx(exact.evidence(image.reshape(-1).astype(float)), abs=1e-3)


@pytest.mark.parametrize("known", [False, True], ids=["whole", "part"])
def test_sums_whose_parts_nearly_cancel_lose_nothing_by_what_is_kept(known: bool) -> None:
    """Images of MNIST's size with sigma 0.02: parts of a million nats, kept in float32, against squares summed in float64."""
    config = ModelConfig((28, 28, 1), hidden=(16,), likelihood="gaussian", sigma=0.02)
    module = build(config, 2).eval().requires_grad_(False)
    form = form_of(module)
    assert form is not None and form.dtype == torch.float64
    nodes = nodes_for(config, 32)
    x = np.random.default_rng(0).random(784).astype(np.float32)
    mask = np.arange(784) % 3 > 0 if known else None
    decoder = Decoder(module, None, None if mask is None else torch.from_numpy(mask))
    found = joint_at(decoder, nodes, x, mask, lambda part: None)
    with torch.no_grad():
        mean = torch.sigmoid(module.decode(torch.from_numpy(nodes.z.copy()))).double().numpy()
    seen = np.ones(784, np.bool_) if mask is None else mask
    away = np.square(x.astype(float) - mean)[:, seen].sum(1)
    log_sigma = float(module.likelihood.log_sigma)  # type: ignore[arg-type]  # a Gaussian's; 0.02 as float32 has it
    wanted = -0.5 * away * math.exp(-2 * log_sigma) - seen.sum() * (log_sigma + 0.5 * math.log(2 * math.pi)) + nodes.log_weight
    np.testing.assert_allclose(found, wanted, atol=1e-3, rtol=0)
    weights, offset = planes.plane_of(Decoder(module), form, nodes)
    assert weights.dtype == np.float32
    assert offset.dtype == np.float64


def test_the_grids_of_mnist_with_a_small_sigma_can_be_kept() -> None:
    config = ModelConfig((28, 28, 1), likelihood="gaussian", sigma=0.02)
    assert planes.fits(nodes_for(config, 256), config.pixels)
