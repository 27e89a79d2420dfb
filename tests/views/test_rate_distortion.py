"""Rate against distortion, asked of pyqtgraph's own items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtWidgets import QLabel, QToolButton
from pytestqt.qtbot import QtBot

from latent_explorer.core.families import FAMILIES
from latent_explorer.views.loss_view import LossView
from latent_explorer.views.rate_distortion import RateDistortionView
from latent_explorer.views.style import DARK, LIGHT
from tests.views.hand import Hand, look
from tests.views.test_loss_view import MEASURE, finite, history


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LossView]:
    view = LossView()
    qtbot.addWidget(view)
    view.resize(900, 220)
    view.set_run(FAMILIES["beta-vae"], replace(MEASURE, beta=2.0))
    hand = Hand(view)
    view.set_history(history())
    hand.click(button(view))
    yield view


def button(view: LossView) -> QToolButton:
    found = view.findChild(QToolButton, "rate_distortion")
    assert found is not None
    return found


def against(view: LossView) -> RateDistortionView:
    found = view.findChild(RateDistortionView)
    assert found is not None
    return found


def items(view: LossView) -> list[tuple[np.ndarray, np.ndarray]]:
    plot = against(view).findChild(pg.PlotWidget)
    found = [item.getOriginalDataset() for item in plot.getPlotItem().items if isinstance(item, pg.PlotDataItem)]
    return [(x, y) for x, y in found if x is not None and len(x)]


def words(view: LossView) -> list[str]:
    plot = against(view).findChild(pg.PlotWidget)
    return [item.toPlainText() for item in plot.getPlotItem().items if isinstance(item, pg.TextItem)]


def said(view: LossView) -> set[str]:
    return {label.text() for label in view.findChildren(QLabel) if label.isVisible()}


def same(one: tuple[np.ndarray, np.ndarray], x: np.ndarray, y: np.ndarray) -> bool:
    return np.array_equal(one[0], x) and np.array_equal(one[1], y)


def test_the_path_is_the_kl_against_the_reconstruction_and_ends_where_the_run_is(view: LossView) -> None:
    kl, reconstruction = (finite(history(), f"validation_{name}")[1] for name in ("kl", "reconstruction"))
    assert any(same(item, kl, reconstruction) for item in items(view))
    assert any(same(item, kl[-1:], reconstruction[-1:]) for item in items(view))
    assert "β 2" in words(view)
    assert {"validation images", "dashed: equal −ELBO"} <= said(view)


def test_dashed_lines_have_equal_bounds_and_say_which(view: LossView) -> None:
    plot = against(view).findChild(pg.PlotWidget)
    (left, right), (low, high) = plot.getViewBox().viewRange()
    lines = [(x, y) for x, y in items(view) if len(x) >= 4 and np.allclose((x + y)[::2], (x + y)[1::2]) and np.all(x[::2] < x[1::2])]
    [(x, y)] = lines
    assert {f"{total:g}" for total in (x + y)[::2]} <= set(words(view))
    assert x.min() >= left - 1e-6 and x.max() <= right + 1e-6 and y.min() >= low - 1e-4 and y.max() <= high + 1e-4


def test_runs_of_other_betas_stay_with_their_betas_and_no_others(view: LossView) -> None:
    before = history(60, 150.0)
    kl, reconstruction = (finite(before, f"validation_{name}")[1] for name in ("kl", "reconstruction"))
    for measure, there in ((replace(MEASURE, beta=0.5), True), (replace(MEASURE, beta=8.0, data="digits"), False)):
        view.set_run(FAMILIES["beta-vae"], measure)
        view.set_history(before)
        view.keep_as_earlier()
        view.set_run(FAMILIES["beta-vae"], replace(MEASURE, beta=2.0))
        view.set_history(history())
        assert any(same(item, kl, reconstruction) for item in items(view))
        assert (f"β {measure.beta:g}" in words(view)) == there
        before = history(50, 180.0)
    assert "β 2" in words(view)


def test_without_validation_it_says_that_these_are_training_images(view: LossView) -> None:
    run = history(9)
    view.set_history(run)
    assert "training images" in said(view)
    known = np.isfinite(run.columns["train_kl"])
    assert any(same(item, run.columns["train_kl"][known], run.columns["train_reconstruction"][known]) for item in items(view))


def test_a_bound_by_quadrature_is_called_log_p(view: LossView) -> None:
    view.set_run(FAMILIES["qlvm"], replace(MEASURE, loss="ll"))
    assert "dashed: equal −log p(x)" in said(view)


def test_a_family_without_a_bound_has_the_losses_only(view: LossView) -> None:
    view.set_run(FAMILIES["autoencoder"], replace(MEASURE, loss="autoencoder"))
    assert not button(view).isVisible() and not against(view).isVisible()
    view.set_run(FAMILIES["vae"], MEASURE)
    assert button(view).isVisible() and not button(view).isChecked()


def test_the_button_leads_back_to_the_losses(view: LossView) -> None:
    assert against(view).isVisible()
    Hand(view).click(button(view))
    assert not against(view).isVisible() and "total" not in said(view) and "loss" in said(view)


@pytest.mark.parametrize("width", [120, 330, 700, 1500])
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_every_width_and_theme_is_painted(view: LossView, width: int, theme: object) -> None:
    view.set_theme(theme)  # type: ignore[arg-type]  # a Theme
    view.resize(width, 150)
    view.set_history(None)
    look(view)
    view.set_history(history())
    assert len(np.unique(look(view).reshape(-1, 3), axis=0)) > 10
