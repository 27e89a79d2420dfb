"""Rate against distortion, asked of pyqtgraph's own items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.types import History
from latent_explorer.views.loss_view import LossView
from latent_explorer.views.rate_distortion import RateDistortionView
from latent_explorer.views.style import DARK, LIGHT, Theme
from tests.views.hand import Hand, look
from tests.views.test_loss_view import MEASURE, finite, history


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LossView]:
    window = QWidget()  # a window of its own would not become narrow
    qtbot.addWidget(window)
    window.resize(1500, 500)
    view = LossView(window)
    window.show()
    view.resize(900, 220)
    view.set_run(FAMILIES["beta-vae"], replace(MEASURE, beta=2.0))
    hand = Hand(view.window())
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


def plotted(view: LossView) -> pg.PlotWidget:
    found = against(view).findChild(pg.PlotWidget)
    assert found is not None
    return found


def items(view: LossView) -> list[tuple[np.ndarray, np.ndarray]]:
    plot = plotted(view)
    found = [item.getOriginalDataset() for item in plot.getPlotItem().items if isinstance(item, pg.PlotDataItem)]
    return [(x, y) for x, y in found if x is not None and len(x)]


def words(view: LossView) -> list[str]:
    plot = plotted(view)
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
    assert {"━ this run", "╌╌ equal −ELBO", "validation images"} <= said(view) and "─○ earlier runs" not in said(view)


def test_dashed_lines_have_equal_bounds_and_say_which(view: LossView) -> None:
    plot = plotted(view)
    (left, right), (low, high) = plot.getViewBox().viewRange()
    lines = [(x, y) for x, y in items(view) if len(x) >= 4 and np.allclose((x + y)[::2], (x + y)[1::2]) and np.all(x[::2] < x[1::2])]
    [(x, y)] = lines
    assert {f"{total:g}" for total in (x + y)[::2]} == {word.split()[-1] for word in words(view) if "β" not in word}
    [longest] = [word for word in words(view) if word.startswith("equal −ELBO ")]
    widths = dict(zip((f"{total:g}" for total in (x + y)[::2]), x[1::2] - x[::2], strict=True))
    assert widths[longest.split()[-1]] == max(widths.values())
    told = " ".join(plotted(view).toolTip().split())
    assert "equal rate + distortion" in told
    assert "Here equal −ELBO of " + ", ".join(f"{total:g}" for total in (x + y)[::2]) + " nats." in told
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
    assert any(word.startswith("equal −log p(x) ") for word in words(view))
    assert not any("ELBO" in word for word in words(view))


def test_a_family_without_a_bound_has_the_losses_only(view: LossView) -> None:
    view.set_run(FAMILIES["autoencoder"], replace(MEASURE, loss="autoencoder"))
    assert not button(view).isVisible() and not against(view).isVisible()
    view.set_run(FAMILIES["vae"], MEASURE)
    assert button(view).isVisible() and against(view).isVisible()  # which was chosen before
    Hand(view.window()).click(button(view))
    view.set_run(FAMILIES["autoencoder"], replace(MEASURE, loss="autoencoder"))
    view.set_run(FAMILIES["vae"], MEASURE)
    assert not against(view).isVisible()


def test_the_button_leads_back_to_the_losses(view: LossView) -> None:
    assert against(view).isVisible()
    Hand(view.window()).click(button(view))
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


def ended(x: float, y: float, rows: int = 6) -> History:
    """A run that has come from the upper left to a point."""
    along = np.linspace(0, 1, rows, dtype=np.float32)
    return History(along, {"train_kl": along * np.float32(x), "train_reconstruction": np.float32(y) + 20 * (1 - along)})


def train_all(view: LossView, *runs: tuple[float, float, float, tuple[int, ...]]) -> None:
    """Runs one after another: rate, distortion, beta, hidden widths; the last is the one that is shown."""
    for k, (x, y, beta, hidden) in enumerate(runs):
        if k:
            view.keep_as_earlier()
        view.set_run(FAMILIES["vae"], replace(MEASURE, beta=beta, model=ModelConfig((28, 28, 1), hidden=hidden)))
        view.set_history(ended(x, y))
    look(view)


def test_runs_of_the_same_beta_are_told_apart_by_their_widths(view: LossView) -> None:
    train_all(view, (9.0, 100.0, 1.0, (64,)), (5.0, 110.0, 4.0, (64,)), (7.0, 104.0, 1.0, (128, 64)))
    assert {"β 1 64", "β 4", "β 1 128,64"} <= set(words(view))
    assert "─○ earlier runs" in said(view)
    told = " ".join(plotted(view).toolTip().split())
    assert "β 1 128,64: VAE, dense 128,64, KL 7, −E log p(x|z) 104 nats" in told
    assert "β 4: VAE, dense 64, KL 5, −E log p(x|z) 110 nats" in told


@pytest.mark.parametrize(("width", "height"), [(130, 150), (260, 150), (402, 148), (722, 171)])
def test_no_words_on_the_plot_lie_over_each_other_or_beyond_it(view: LossView, width: int, height: int) -> None:
    """And the one that is on is named, whatever else is not."""
    view.resize(width, height)
    train_all(view, *((2.0 + 0.02 * k, 100.0 - 0.02 * k, 1.0 + k, (64,)) for k in range(8)), (6.0, 96.0, 0.5, (64,)))
    plot = plotted(view)
    assert "β 0.5" in words(view) and len(words(view)) < 12
    whole = plot.getViewBox().sceneBoundingRect().adjusted(-2, -2, 2, 2)
    boxes = [item.mapRectToScene(item.boundingRect()) for item in plot.getPlotItem().items if isinstance(item, pg.TextItem)]
    for k, box in enumerate(boxes):
        assert whole.contains(box)
        assert not any(box.adjusted(1, 1, -1, -1).intersects(other.adjusted(1, 1, -1, -1)) for other in boxes[:k])


def winding(x: float, y: float) -> History:
    """A run that comes from the upper left, over an equal bound's end, and back."""
    along = np.linspace(0, 1, 40, dtype=np.float32)
    rate = np.float32(x) * (1 + 1.2 * np.sin(np.pi * along)).astype(np.float32)
    return History(along, {"train_kl": rate * along, "train_reconstruction": np.float32(y) + 8 * (1 - along) ** 2})


@pytest.mark.parametrize(("width", "height"), [(722, 171), (1000, 260)])
def test_no_words_lie_over_the_curve_of_a_run(view: LossView, width: int, height: int) -> None:
    """Four runs, as many names, and lines of equal bounds that their curves cross."""
    view.resize(width, height)
    ends = ((2.7, 22.5, 0.5), (1.7, 23.5, 1.0), (0.75, 25.4, 2.0), (0.1, 27.0, 4.0))
    for k, (x, y, beta) in enumerate(ends):
        if k:
            view.keep_as_earlier()
        view.set_run(FAMILIES["vae"], replace(MEASURE, beta=beta))
        view.set_history(winding(x, y))
    look(view)
    plot = plotted(view)
    assert {"β 0.5", "β 1", "β 2", "β 4"} <= set(words(view)) and any(word.startswith("equal −ELBO ") for word in words(view))
    box = plot.getViewBox()
    boxes = [item.mapRectToScene(item.boundingRect()) for item in plot.getPlotItem().items if isinstance(item, pg.TextItem)]
    for x, y, _ in ends:
        columns = winding(x, y).columns
        rate, distortion = (np.interp(np.arange(0, 39, 0.05), np.arange(40), columns[f"train_{name}"]) for name in ("kl", "reconstruction"))
        for at in zip(rate.tolist(), distortion.tolist(), strict=True):
            place = box.mapViewToScene(QPointF(*at))
            assert not any(words_at.adjusted(2, 2, -2, -2).contains(place) for words_at in boxes), at


@pytest.mark.parametrize("width", [108, 124, 142, 200, 359, 361, 402, 500, 722, 1500])
@pytest.mark.parametrize("family", ["vae", "qlvm"])
def test_the_button_lies_on_no_plot_and_no_name_and_stays_where_it_is(view: LossView, family: str, width: int) -> None:
    view.set_run(FAMILIES[family], replace(MEASURE, loss=FAMILIES[family].bound or ""))
    view.resize(width, 150)
    look(view)
    places = []
    for _ in range(2):
        place = QRect(button(view).mapTo(view, QPoint(0, 0)), button(view).size())
        places.append(place)
        assert view.rect().contains(place)
        others = [label for label in view.findChildren(QLabel) if label.isVisible()]
        plots = [plot for plot in view.findChildren(pg.PlotWidget) if plot.isVisible()]
        assert plots
        for other in (*others, *plots):
            assert not place.intersects(QRect(other.mapTo(view, QPoint(0, 0)), other.size())), other
        below = {label.text() for label in others} & {"epoch", "KL, nats"}
        assert all(plot.getPlotItem().getAxis("bottom").label.isVisible() != bool(below) for plot in plots)
        Hand(view.window()).click(button(view))
        look(view)
    assert places[0] == places[1]


def test_axes_have_names_with_units_and_whole_numbers(view: LossView) -> None:
    plot = plotted(view)
    for height, name in ((400, "−E log p(x|z), nats"), (150, "rec., nats")):
        view.resize(900, height)
        look(view)
        left, bottom = (plot.getPlotItem().getAxis(side) for side in ("left", "bottom"))
        assert left.labelText == name and bottom.labelText == "KL, nats"
        assert left.mapRectToScene(left.label.mapRectToParent(left.label.boundingRect())).height() <= plot.height()
        assert plot.getViewBox().sceneBoundingRect().top() >= 0.4 * plot.fontMetrics().height()  # half of the uppermost number


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_this_run_has_the_colour_of_its_name_and_earlier_ones_are_grey_and_thinner(view: LossView, theme: Theme) -> None:
    view.set_theme(theme)
    train_all(view, (9.0, 100.0, 1.0, (64,)), (5.0, 110.0, 4.0, (64,)), (7.0, 104.0, 2.0, (64,)))
    pens: dict[float, list[QPen]] = {}
    for item in plotted(view).getPlotItem().items:
        x = item.getOriginalDataset()[0] if isinstance(item, pg.PlotDataItem) else None
        if x is not None and len(x) == 6:
            pens.setdefault(float(x[-1]), []).append(pg.mkPen(item.opts["pen"]))
    assert sorted(pens) == [5.0, 7.0, 9.0] and all(len(found) == 1 for found in pens.values())
    [this] = pens[7.0]
    assert this.color() == QColor(theme.total) and this.widthF() == 2
    name = next(label for label in view.findChildren(QLabel) if label.text() == "━ this run")
    assert theme.total in name.styleSheet()
    for x in (5.0, 9.0):
        [pen] = pens[x]
        assert pen.color().rgb() == QColor(theme.muted).rgb() and pen.widthF() < this.widthF()
