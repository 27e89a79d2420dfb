"""Posteriors in several parts: decoders whose picture is the same at places that are known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.exact import parts
from latent_explorer.core.nn.exact.forms import Decoder
from latent_explorer.core.nn.exact.grids import Nodes
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.linear import linear_gaussian

PIXELS = 40


class Even(nn.Module):
    """Half of the pixels brighten with z[0]^2, the others with z[1]: the same picture at z and at z with the other sign of z[0]."""

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        y = z[:, 1:] if z.shape[1] > 1 else torch.zeros_like(z)
        mean = torch.cat([(0.3 + 0.1 * z[:, :1].square()).expand(-1, PIXELS // 2), (0.5 + 0.1 * y).expand(-1, PIXELS // 2)], dim=1)
        return torch.logit(mean.double().clamp(1e-6, 1 - 1e-6)).float()


class Uneven(Even):
    """As `Even`, with a pattern that says more for one side than for the other: exp(-20 (pattern / sigma)^2) times as much."""

    def __init__(self, pattern: float) -> None:
        super().__init__()
        self.pattern = pattern

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        stripes = torch.tensor([1.0, -1.0]).repeat(PIXELS // 2)
        mean = torch.sigmoid(super().forward(z)) + self.pattern * (z[:, :1] < 0) * stripes
        return torch.logit(mean.double().clamp(1e-6, 1 - 1e-6)).float()


class Twice(nn.Module):
    """On the torus: the same picture half a turn of z[0] away."""

    def __init__(self) -> None:
        super().__init__()
        self.waves = nn.Parameter(torch.tensor([2.0, 1.0]))  # along each axis

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        angles = 2 * math.pi * z * self.waves
        waves = torch.cat([0.5 + 0.2 * torch.cos(angles), 0.5 + 0.2 * torch.sin(angles)], dim=1)
        return torch.logit(waves.repeat(1, PIXELS // 4).double()).float()


def model(decoder: nn.Module, name: str, sigma: float, family: str = "vae", latent_dim: int = 2) -> ModelHandle:
    config = ModelConfig((5, 8, 1), family=family, likelihood="gaussian", hidden=(8,), sigma=sigma, latent_dim=latent_dim)
    module = build(config, 1)
    module.decoder = decoder
    handle = ModelHandle(name, config)
    publish(handle, module.eval().requires_grad_(False))
    return handle


def picture(decoder: nn.Module, z: list[float]) -> np.ndarray:
    return torch.sigmoid(decoder(torch.tensor([z]))).detach().numpy().astype(np.float32).reshape(5, 8, 1)


@pytest.mark.parametrize(("sigma", "side"), [(0.2, 128), (0.05, 128), (0.01, 64)])
def test_an_even_decoder_has_two_equal_parts_on_both_sides(sigma: float, side: int) -> None:
    """Also where both are narrower than a cell: with sigma 0.01 the nodes lie 19 standard deviations apart."""
    decoder = Even()
    found = posterior(model(decoder, f"even-{sigma}", sigma), picture(decoder, [1.5, 0.5]), side)
    assert found.refined == found.narrow and found.narrow == (sigma < 0.1)
    one, two = found.parts
    assert (one.share, two.share) == (pytest.approx(0.5, abs=2e-3), pytest.approx(0.5, abs=2e-3))
    np.testing.assert_array_equal(one.place, found.mode)
    # log p(z|x) = -10 (0.1 (u^2 - 1.5^2))^2 / sigma^2 - u^2 / 2 in u = z[0]: the slope is 0 where 0.4 (u^2 - 2.25) = -sigma^2
    u, v = math.sqrt(2.25 - sigma**2 / 0.4), 0.5 * 0.2 / (0.2 + sigma**2)
    spread = [1 / math.sqrt(0.8 * u * u / sigma**2), 1 / math.sqrt(1 + 0.2 / sigma**2)]
    for part in found.parts:
        np.testing.assert_allclose(np.abs(part.place), [u, v], atol=0.1 * min(spread))
        np.testing.assert_allclose(np.sqrt(np.diag(part.covariance)), spread, rtol=0.12)
    assert one.place[0] == pytest.approx(-two.place[0], abs=0.1 * min(spread))
    assert math.sqrt(found.covariance[0, 0]) > 1.3  # of both together: it says little


def test_on_a_line_too() -> None:
    decoder = Even()
    found = posterior(model(decoder, "even-line", 0.05, latent_dim=1), picture(decoder, [1.5]), 64)
    assert [part.share for part in found.parts] == pytest.approx([0.5, 0.5], abs=2e-3)
    assert sorted(float(part.place[0]) for part in found.parts) == pytest.approx([-1.5, 1.5], abs=0.02)


def test_a_part_across_the_torus_s_edge_is_one() -> None:
    """The picture of z[0] = 0.01: its part lies on both sides of the edge, the other one half a turn away."""
    decoder = Twice()
    found = posterior(model(decoder, "twice", 0.2, family="qlvm-torus"), picture(decoder, [0.01, 0.3]), 128)
    assert [part.share for part in found.parts] == pytest.approx([0.5, 0.5], abs=2e-3)
    places = np.array(sorted(part.place.tolist() for part in found.parts))
    np.testing.assert_allclose(places, [[0.01, 0.3], [0.51, 0.3]], atol=2e-3)
    wide = [math.sqrt(part.covariance[0, 0]) for part in found.parts]
    assert wide[0] == pytest.approx(wide[1], rel=0.02) and wide[0] < 0.1


def test_a_posterior_in_one_part_has_none_to_tell_and_a_draft_says_nothing() -> None:
    exact = linear_gaussian(0.05)
    assert posterior(exact.handle, exact.draw(1)[0], 64).parts == ()
    decoder = Even()
    assert posterior(model(decoder, "even-draft", 0.1), picture(decoder, [1.5, 0.5]), 64, draft=True).parts == ()


@pytest.mark.parametrize("share", [0.019, 0.002])
def test_a_stray_share_far_away_is_no_part_and_makes_the_main_one_no_wider(share: float) -> None:
    sigma = 0.05
    decoder = Uneven(sigma * math.sqrt(math.log((1 - share) / share) / 20))
    found = posterior(model(decoder, f"uneven-{share}", sigma), picture(decoder, [1.5, 0.5]), 128)
    (main,) = found.parts
    assert main.share == pytest.approx(1 - share, rel=2e-3)
    np.testing.assert_array_equal(main.place, found.mode)
    assert found.stray is not None
    np.testing.assert_allclose(found.stray, found.mode * (-1, 1), atol=0.1)
    spread = [1 / math.sqrt(0.8 * 2.25 / sigma**2), 1 / math.sqrt(1 + 0.2 / sigma**2)]
    np.testing.assert_allclose(np.sqrt(np.diag(found.spread)), spread, rtol=0.12)
    assert math.sqrt(found.covariance[0, 0]) > 2 * spread[0]


def test_a_part_whose_climb_ends_in_another_one_keeps_its_highest_place(monkeypatch: pytest.MonkeyPatch) -> None:
    climb = parts.peaks

    def to_the_mode(decoder: Decoder, nodes: Nodes, x: Tensor, z: Tensor, **more: Any) -> Any:
        return climb(decoder, nodes, x, z * torch.tensor([-1.0, 1.0]), **more)

    decoder = Uneven(0.01)
    handle = model(decoder, "uneven-climb", 0.05)
    whole = posterior(handle, picture(decoder, [1.5, 0.5]), 128)
    monkeypatch.setattr(parts, "peaks", to_the_mode)
    found = posterior(handle, picture(decoder, [1.5, 0.5]), 128)
    assert found.parts[0].place[0] > 0 > found.parts[1].place[0]
    np.testing.assert_allclose(found.parts[1].place, whole.parts[1].place, atol=found.h)


def test_where_the_mode_belongs_to_no_region_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Even()
    monkeypatch.setattr(parts, "_region_at", lambda *given: -1)
    found = posterior(model(decoder, "even-nowhere", 0.1), picture(decoder, [1.5, 0.5]), 64)
    assert found.parts == () and found.stray is None
