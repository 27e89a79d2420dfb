"""The loss curves, asked of pyqtgraph's own items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig, TrainingConfig
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.losses import measure_of
from latent_explorer.core.types import History
from latent_explorer.views.loss_view import EARLIER_RUNS, LossView
from latent_explorer.views.style import DARK, LIGHT
from tests.views.hand import Hand, close_to, look

MEASURE = measure_of(ModelConfig((28, 28, 1)), TrainingConfig(), "mnist")
COLUMNS = ("train_loss", "train_reconstruction", "train_kl", "validation_loss", "validation_reconstruction", "validation_kl")


def history(rows: int = 40, start: float = 200.0) -> History:
    """Validation is measured in every tenth row only, training not in the seventh."""
    epoch = np.arange(1, rows + 1, dtype=np.float32) / 10
    generator = np.random.default_rng(int(abs(start)))
    columns = {name: (start / (1 + epoch) + k + generator.random(rows)).astype(np.float32) for k, name in enumerate(COLUMNS)}
    for name in COLUMNS[3:]:
        columns[name][np.arange(rows) % 10 != 9] = np.nan
    for name in COLUMNS[:3]:
        columns[name][7:8] = np.nan
    return History(epoch, columns)


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[LossView]:
    view = LossView()
    qtbot.addWidget(view)
    view.resize(900, 220)
    view.set_run(FAMILIES["vae"], MEASURE)
    Hand(view)
    yield view


def plots(view: LossView) -> list[pg.PlotWidget]:
    return list(view.findChildren(pg.PlotWidget))


def drawn(view: LossView) -> list[tuple[np.ndarray, np.ndarray]]:
    """All curves that have points and really lie on a plot."""
    found = []
    for plot in plots(view):
        for item in plot.getViewBox().addedItems:
            if isinstance(item, pg.PlotDataItem):
                x, y = item.getData()
                if x is not None and len(x):
                    found.append((x, y))
    return found


def has(view: LossView, wanted: tuple[np.ndarray, np.ndarray]) -> bool:
    return any(len(x) == len(wanted[0]) and np.allclose(x, wanted[0]) and np.allclose(y, wanted[1]) for x, y in drawn(view))


def finite(run: History, column: str) -> tuple[np.ndarray, np.ndarray]:
    measured = np.isfinite(run.columns[column])
    return run.epoch[measured], run.columns[column][measured]


def test_every_loss_is_a_curve_of_what_was_measured(view: LossView) -> None:
    run = history()
    view.set_history(run)
    assert len(drawn(view)) == 6
    assert all(np.isfinite(x).all() and np.isfinite(y).all() for x, y in drawn(view))
    assert all(has(view, finite(run, column)) for column in COLUMNS)
    assert sorted(len(x) for x, _ in drawn(view)) == [4, 4, 4, 39, 39, 39]


def test_the_kl_has_a_plot_of_its_own(view: LossView) -> None:
    run = history()
    view.set_history(run)
    homes = {}
    for plot in plots(view):
        for item in plot.getViewBox().addedItems:
            if isinstance(item, pg.PlotDataItem):
                for column in COLUMNS:
                    if np.array_equal(item.getData()[1], finite(run, column)[1]):
                        homes[column] = plot
    assert homes["train_kl"] is homes["validation_kl"]
    assert homes["train_loss"] is homes["validation_loss"] is homes["train_reconstruction"] is homes["validation_reconstruction"]
    assert homes["train_kl"] is not homes["train_loss"]


@pytest.mark.parametrize(
    "run",
    [
        History(np.zeros(0, np.float32), {}),
        History(np.zeros(0, np.float32), {name: np.zeros(0, np.float32) for name in COLUMNS}),
        History(np.ones(1, np.float32), {name: np.full(1, np.nan, np.float32) for name in COLUMNS}),
        History(np.ones(3, np.float32), {"train_loss": np.array([1, np.inf, np.nan], np.float32)}),
        History(np.ones(3, np.float32), {"something else": np.ones(3, np.float32)}),
    ],
    ids=["no columns", "no rows", "all NaN", "infinite", "unknown column"],
)
def test_histories_with_little_in_them(view: LossView, run: History) -> None:
    view.set_history(run)
    look(view)
    assert all(np.isfinite(y).all() for _, y in drawn(view))
    view.set_history(None)
    look(view)
    assert drawn(view) == []


def test_one_odd_step_does_not_flatten_the_kl(view: LossView) -> None:
    run = history(200)
    kl = run.columns["train_kl"].copy()
    kl[120] = 10_000
    view.set_history(History(run.epoch.copy(), {**{name: values.copy() for name, values in run.columns.items()}, "train_kl": kl}))
    top = plots(view)[1].getViewBox().viewRange()[1][1]
    assert np.nanquantile(kl, 0.98) < top < 3 * np.nanquantile(kl, 0.98)


def test_curves_grow_while_training(view: LossView) -> None:
    for rows in (1, 2, 10, 40):
        view.set_history(history(rows))
        assert max(len(x) for x, _ in drawn(view)) == len(finite(history(rows), "train_loss")[0])
        look(view)


def shown(plot: pg.PlotWidget) -> tuple[float, float, float, float]:
    """left, right, low, high."""
    (left, right), (low, high) = plot.getViewBox().viewRange()
    return left, right, low, high


@pytest.mark.parametrize("start", [200.0, 30.0, -40_000.0], ids=str)
def test_all_that_was_measured_lies_on_its_plot(view: LossView, start: float) -> None:
    before = history(60, start)
    view.set_history(before)
    view.keep_as_earlier()
    for rows in (2, 9, 40, 75):
        run = history(rows, start)
        view.set_history(run)
        ends = [finite(one, "train_loss")[1][-1] for one in (before, run)]
        cut = max(end + 2 * abs(end) for end in ends)  # what lies above is seen in the KL's plot only
        for number, plot in enumerate(plots(view)):
            left, right, low, high = shown(plot)
            for item in plot.listDataItems():
                x, y = item.getData()
                if x is None or not len(x):
                    continue
                assert left <= x.min()
                assert x.max() <= right
                assert low <= y.min()
                assert (min(y.max(), cut) if number == 0 else y.max()) <= high
            assert right <= 1.7 * max(6.0, rows / 10)  # and little else


def test_the_first_steps_do_not_flatten_all_that_follows(view: LossView) -> None:
    epoch = np.arange(1, 101, dtype=np.float32)
    loss = np.full(100, 100, np.float32)
    loss[:2] = 5000, 900
    view.set_history(History(epoch, {"train_loss": loss}))
    assert 100 < shown(plots(view)[0])[3] < 400
    view.set_history(History(epoch, {"train_loss": loss - 300}))
    _, _, low, high = shown(plots(view)[0])
    assert low <= -200
    assert -100 < high < 400


def test_axes_stay_where_they_are_while_a_curve_grows(view: LossView) -> None:
    """New axes cost more than the curves."""
    moves: list[object] = []
    for plot in plots(view):
        plot.getViewBox().sigRangeChanged.connect(lambda box, ranges: moves.append(ranges))
    for rows in range(10, 60):
        view.set_history(history(rows))
    assert len(moves) < 30  # of a hundred
    moves.clear()
    view.set_history(history(59))
    look(view)
    assert moves == []


def test_curves_that_have_not_changed_are_left_alone(view: LossView) -> None:
    view.set_history(history(40))
    told: list[object] = []
    for plot in plots(view):
        for item in plot.listDataItems():
            item.sigPlotChanged.connect(told.append)
    view.set_history(history(40))
    assert told == []
    longer = history(42)
    view.set_history(longer)
    assert 3 <= len(told) <= 6
    assert all(has(view, finite(longer, column)) for column in COLUMNS)


def test_earlier_runs_stay_behind_the_new_one(view: LossView) -> None:
    first, second = history(40, 200.0), history(30, 150.0)
    view.set_history(first)
    view.keep_as_earlier()
    assert has(view, finite(first, "train_loss"))
    assert not has(view, finite(first, "validation_loss"))
    view.set_history(second)
    assert has(view, finite(first, "train_loss"))
    assert has(view, finite(first, "train_kl"))
    assert has(view, finite(second, "train_loss"))


def test_the_oldest_runs_are_let_go(view: LossView) -> None:
    runs = [history(20 + k, 200.0 + k) for k in range(EARLIER_RUNS + 2)]
    for run in runs:
        view.set_history(run)
        view.keep_as_earlier()
    kept = [has(view, finite(run, "train_loss")) for run in runs]
    assert kept == [False, False] + [True] * EARLIER_RUNS


@pytest.mark.parametrize(
    "other",
    [
        replace(MEASURE, data="digits"),
        replace(MEASURE, pixels=("gaussian", None, "")),
        replace(MEASURE, pixels=("bernoulli", None, "none")),
        replace(MEASURE, loss="ll"),
        replace(MEASURE, loss="autoencoder"),
        replace(MEASURE, objective="iwae", samples=8),
        replace(MEASURE, conditional=True),
        replace(MEASURE, beta=4.0),
        None,
    ],
    ids=["data", "likelihood", "grey", "exact", "no bound", "iwae", "conditional", "beta", "unknown"],
)
def test_earlier_runs_go_out_of_sight_where_they_cannot_be_compared(view: LossView, other: object) -> None:
    """And come back where they can."""
    before, now = history(40, 200.0), history(30, 150.0)
    view.set_history(before)
    view.keep_as_earlier()
    view.set_run(FAMILIES["vae"], other)  # type: ignore[arg-type]  # a Measure or None
    view.set_history(now)
    assert len(drawn(view)) == 6
    assert not has(view, finite(before, "train_loss"))
    view.set_run(FAMILIES["vae"], MEASURE)
    assert has(view, finite(before, "train_loss"))


def test_a_run_that_is_kept_twice_lies_behind_once(view: LossView) -> None:
    run = history()
    for _ in range(2):
        view.set_history(run)
        view.keep_as_earlier()
    assert len(drawn(view)) == 3


def test_a_theme_repaints_and_leaves_nothing_behind(view: LossView) -> None:
    run, before = history(), history(30, 150.0)
    view.set_history(before)
    view.keep_as_earlier()
    view.set_history(run)
    items = [len(plot.listDataItems()) for plot in plots(view)]
    for theme in (LIGHT, DARK, LIGHT):
        view.set_theme(theme)
        picture = look(view)
        panel = int(theme.panel[1:3], 16), int(theme.panel[3:5], 16), int(theme.panel[5:7], 16)
        assert close_to(picture, panel, 2).mean() > 0.3
        total = int(theme.total[1:3], 16), int(theme.total[3:5], 16), int(theme.total[5:7], 16)
        assert close_to(picture, total, 30).sum() > 50
        assert has(view, finite(run, "train_loss"))
        assert has(view, finite(before, "train_loss"))
    assert [len(plot.listDataItems()) for plot in plots(view)] == items


@pytest.mark.parametrize("width", [200, 400, 700, 1500])
def test_every_width_is_painted(view: LossView, width: int) -> None:
    view.set_history(history())
    view.resize(width, 160)
    assert len(np.unique(look(view).reshape(-1, 3), axis=0)) > 10


@pytest.mark.parametrize("width", [380, 400, 470, 900])
def test_the_numbers_of_epochs_do_not_run_into_each_other(view: LossView, width: int) -> None:
    view.resize(width, 120)
    view.set_history(history(40))
    look(view)
    for plot in plots(view):
        axis = plot.getPlotItem().getAxis("bottom")
        low, high = axis.range
        if plot.isVisible():
            [(step, numbers)] = axis.tickValues(low, high, axis.width())
            wide = max(QFontMetrics(view.font()).horizontalAdvance(text) for text in axis.tickStrings(numbers, 1.0, step))
            assert len(numbers) >= 2
            assert step / (high - low) * axis.width() > wide + 4


def test_curves_are_called_what_they_are_for_a_family(qtbot: QtBot) -> None:
    view = LossView()
    qtbot.addWidget(view)
    view.resize(900, 150)
    view.show()
    for family, beta, total, penalty in (
        ("vae", 1.0, "−ELBO", "KL"),
        ("beta-vae", 4.0, "loss", "KL"),
        ("qlvm", 1.0, "−log p(x)", "KL"),
        ("wae-mmd", 10.0, "loss", "MMD"),
        ("autoencoder", 1.0, "loss", ""),
    ):
        view.set_run(FAMILIES[family], replace(MEASURE, beta=beta))
        names = {label.text() for label in view.findChildren(QLabel) if label.isVisible()}
        assert total in names
        assert not {"−ELBO", "loss", "−log p(x)"} - {total} & names
        assert ({"KL", "MMD"} & names) == ({penalty} if penalty else set())
