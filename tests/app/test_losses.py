"""The losses of one run after another in the window: what stays behind the new curves, and rate against distortion."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtWidgets import QToolButton

from tests.app.conftest import Desk


def trained(desk: Desk, **settings: object) -> None:
    """A whole short run."""
    before = desk.slot.handle
    desk.train(epochs=4, **settings)
    desk.wait(lambda: desk.session.run_state == "idle" and desk.slot.record is not None and desk.slot.handle is not before)
    desk.away()
    desk.rest()


def behind(desk: Desk) -> int:
    """Curves of earlier runs."""
    plots = desk.window.losses.findChildren(pg.PlotWidget)
    items = [item for plot in plots for item in plot.listDataItems() if item.zValue() == -10]
    return sum(item.getData()[0] is not None for item in items)


def words(desk: Desk) -> set[str]:
    plots = desk.window.losses.findChildren(pg.PlotWidget)
    return {item.toPlainText() for plot in plots for item in plot.getPlotItem().items if isinstance(item, pg.TextItem)}


def test_a_run_lies_behind_the_next_only_where_both_can_be_compared(opened: Desk) -> None:
    trained(opened)
    assert behind(opened) == 3  # the opened model's own run
    trained(opened)
    assert behind(opened) == 6
    trained(opened, beta=3)
    assert behind(opened) == 0
    box = opened.box("field_family")
    opened.choose("family", box.findData("autoencoder"))
    trained(opened)
    assert behind(opened) == 0
    switch = opened.window.losses.findChild(QToolButton, "rate_distortion")
    assert switch is not None and not switch.isVisible()  # no bound has no rate
    opened.choose("family", box.findData("vae"))
    trained(opened, beta=1)
    assert behind(opened) == 9


def test_runs_of_several_betas_are_laid_beside_each_other(opened: Desk) -> None:
    for beta in (1, 0.25):
        trained(opened, beta=beta)
    switch = opened.window.losses.findChild(QToolButton, "rate_distortion")
    assert switch is not None
    opened.hand.click(switch)
    opened.rest()
    assert {"β 0.25", "β 1"} <= words(opened)
    assert opened.says("─○ earlier runs")  # what lies on the plot is named first
    plots = opened.window.losses.findChildren(pg.PlotWidget)
    assert any("Of validation images." in " ".join(plot.toolTip().split()) for plot in plots)
    trained(opened, beta=4)  # followed while it goes on
    assert {"β 0.25", "β 1", "β 4"} <= words(opened)
