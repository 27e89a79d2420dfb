"""Cells that are divided: closed forms where posteriors are far narrower than cells, several images at once, and what is left alone."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch

from latent_explorer.core.errors import SettingError
from latent_explorer.core.nn.exact import dividing
from latent_explorer.core.nn.exact.dividing import Leaves, divided, log_sums
from latent_explorer.core.nn.exact.grids import Nodes, nodes_for
from latent_explorer.core.nn.exact.posterior import decoder_for, posterior
from latent_explorer.core.nn.handles import module_of, publish
from latent_explorer.core.types import ModelHandle
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import binary_images, flat, lively


def grid_of(handle: ModelHandle, x: torch.Tensor, side: int) -> tuple[Nodes, Leaves]:
    nodes = nodes_for(handle.architecture, side)
    with torch.inference_mode():
        table = decoder_for(handle, None).table(x, torch.from_numpy(nodes.z.copy())).double().numpy() + nodes.log_weight
    rows, cells = (part.ravel() for part in np.indices(table.shape))
    return nodes, Leaves(nodes, 0, rows, cells, table.ravel())


def summed(handle: ModelHandle, x: torch.Tensor, side: int, most: int = 1 << 16) -> tuple[np.ndarray, list[Leaves], bool]:
    _, grid = grid_of(handle, x, side)
    with torch.inference_mode():
        parts, settled = divided(decoder_for(handle, None), x, grid, np.full(len(x), 1e6), most)
    return log_sums(parts, len(x)), parts, bool(settled.all())


@pytest.mark.parametrize(
    ("sigma", "latent_dim", "ridge"),
    [
        (0.02, 2, None),
        (0.005, 2, None),
        (0.01, 1, None),
        (0.002, 2, None),
        (0.002, 1, None),
        (0.001, 2, (0.01, 0.3)),
        (0.001, 2, (0.006, 0.8)),
    ],
)
def test_many_images_have_their_closed_forms(sigma: float, latent_dim: int, ridge: tuple[float, float] | None) -> None:
    """Widths of 0.9, 0.2 and 0.4 of a cell on a grid of 32 a side, of a 25th, and ridges; each image with a peak elsewhere."""
    exact = linear_gaussian(sigma, latent_dim, ridge=ridge)
    images = exact.draw(30)
    found, _, settled = summed(exact.handle, flat(images), 32)
    assert settled
    truth = [exact.evidence(image.reshape(-1).astype(float)) for image in images]
    np.testing.assert_allclose(found, truth, atol=3e-3 + 1e-6 / sigma**2)


def test_the_cells_cover_the_plane_once() -> None:
    exact = linear_gaussian(0.005)
    _, parts, _ = summed(exact.handle, flat(exact.draw(3)), 32)
    assert max(part.level for part in parts) >= 2
    covered = np.zeros((3, 32 * 32))
    for part in parts:
        np.add.at(covered, (part.rows, part.parents()), 0.25**part.level)
        np.testing.assert_array_less(np.abs(part.centres() - parts[0].nodes.z[part.parents()]), 4.5 / 32)
    np.testing.assert_array_equal(covered, 1)


def test_a_wide_posterior_keeps_the_grid() -> None:
    handle = lively(scale=0.3)[1]
    x = flat(binary_images(4))
    found, parts, settled = summed(handle, x, 64)
    assert settled and len(parts) == 1
    np.testing.assert_array_equal(found, log_sums([grid_of(handle, x, 64)[1]], 4))


def test_a_coarse_torus_divided_is_a_fine_torus() -> None:
    """Posteriors across the joined ends are divided like others."""
    handle = lively("qlvm-torus", scale=40.0)[1]
    x = flat(binary_images(12))
    found, parts, _ = summed(handle, x, 32)
    assert len(parts) > 1
    fine = log_sums([grid_of(handle, x, 512)[1]], 12)
    coarse = log_sums([grid_of(handle, x, 32)[1]], 12)
    np.testing.assert_allclose(found, fine, atol=1e-3)
    assert np.abs(coarse - fine).max() > 0.02


@pytest.mark.parametrize("ridge", [None, (0.005, 0.3)], ids=["point", "ridge"])
def test_one_image_of_a_very_narrow_posterior_has_its_closed_form_without_a_warning(ridge: tuple[float, float] | None) -> None:
    exact = linear_gaussian(0.002 if ridge is None else 0.001, ridge=ridge)
    for image in exact.draw(6):
        found = posterior(exact.handle, image, 64)
        x = image.reshape(-1).astype(float)
        mean, covariance = exact.posterior(x)
        assert found.refined and not found.note
        assert found.log_evidence == pytest.approx(exact.evidence(x), abs=0.3)
        np.testing.assert_allclose(found.mean, mean, atol=0.1 * np.sqrt(np.linalg.eigvalsh(covariance)[-1]))


def test_a_posterior_that_no_cell_is_small_enough_for_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dividing, "DEEPEST", 2)
    exact = linear_gaussian(0.002)
    assert "rough" in posterior(exact.handle, exact.draw(1)[0], 64).note


def test_a_decoder_without_an_answer_is_told() -> None:
    exact = linear_gaussian(0.02)
    handle = ModelHandle("linear-without-answers", exact.handle.architecture)
    module = deepcopy(module_of(exact.handle))
    with torch.no_grad():
        module.decoder.middle[0] = torch.nan
    publish(handle, module)
    with pytest.raises(SettingError, match="no number"):
        posterior(handle, exact.draw(1)[0], 32)


def test_too_many_cells_are_left_and_it_says_so() -> None:
    exact = linear_gaussian(0.005)
    x = flat(exact.draw(3))
    found, parts, settled = summed(exact.handle, x, 32, most=1)
    assert not settled and len(parts) == 1
    np.testing.assert_array_equal(found, log_sums([grid_of(exact.handle, x, 32)[1]], 3))


def test_other_likelihoods_are_divided_too() -> None:
    handle = lively(likelihood="discretised_logistic", scale=4.0)[1]
    x = flat(binary_images(3))
    found, parts, _ = summed(handle, x, 32)
    assert len(parts) > 1
    np.testing.assert_allclose(found, log_sums([grid_of(handle, x, 512)[1]], 3), atol=5e-3)
