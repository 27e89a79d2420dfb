"""log p(x) of many images with cells divided: closed forms, a much finer grid, and one image's own sum."""

from __future__ import annotations

import numpy as np
import pytest

from latent_explorer.core.nn.exact import settled, sums
from latent_explorer.core.nn.exact.many import log_likelihoods
from latent_explorer.core.nn.exact.posterior import posterior
from latent_explorer.core.nn.exact.settled import settled_log_likelihoods
from tests.core.nn.exact.linear import linear_gaussian
from tests.core.nn.exact.lively import binary_images, lively


@pytest.mark.parametrize("sigma", [0.1, 0.02, 0.005])
@pytest.mark.parametrize("few", [1, 10_000], ids=["bounded", "all"])
def test_a_linear_decoder_has_its_closed_form(sigma: float, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half, a quarter and a tenth of a cell wide; the plain sum is wrong by more than a tenth of a nat at the narrowest."""
    monkeypatch.setattr(sums, "FEW", few)
    monkeypatch.setattr(settled, "AT_ONCE", 16 * 32**2)
    monkeypatch.setattr(settled, "LOOKED_AT", 5 * 32**2)
    exact = linear_gaussian(sigma)
    images = exact.draw(40)
    plain = log_likelihoods(exact.handle, images, 32)
    found = settled_log_likelihoods(exact.handle, images, plain, 32)
    truth = np.array([exact.evidence(image.reshape(-1).astype(float)) for image in images])
    assert found.whole
    np.testing.assert_allclose(found.log_evidence, truth, atol=3e-3 + 1e-6 / sigma**2)
    if sigma == 0.005:
        assert np.abs(plain - truth).max() > 0.1 and found.level >= 2


def test_what_cannot_be_divided_enough_keeps_the_plain_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settled, "MOST", 20)
    exact = linear_gaussian(0.001, ridge=(0.01, 0.3))
    images = exact.draw(5)
    plain = log_likelihoods(exact.handle, images, 64)
    found = settled_log_likelihoods(exact.handle, images, plain, 64)
    assert not found.whole
    np.testing.assert_array_equal(found.log_evidence, plain)


def test_a_wide_posterior_keeps_its_sum() -> None:
    handle = lively(scale=0.3)[1]
    images = binary_images(6)
    plain = log_likelihoods(handle, images, 64)
    found = settled_log_likelihoods(handle, images, plain, 64)
    assert found.level == 0 and found.whole
    np.testing.assert_array_equal(found.log_evidence, plain)


def test_a_class_has_its_own_plane() -> None:
    handle = lively("conditional-vae", classes=3, scale=60.0)[1]
    images, labels = binary_images(9), np.arange(9) % 3
    told: list[float] = []
    found = settled_log_likelihoods(handle, images, log_likelihoods(handle, images, 32, labels), 32, labels, told.append)
    fine = [posterior(handle, image, 256, condition=int(label)).log_evidence for image, label in zip(images, labels, strict=True)]
    np.testing.assert_allclose(found.log_evidence, fine, atol=5e-3)
    assert found.level > 0 and told[-1] == 1.0
