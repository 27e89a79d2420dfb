"""Every image measured on request: then points are coloured by it, and the card and the table know it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from latent_explorer.core.nn.evaluation import ELBO_SAMPLES, evaluate, image_columns
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import ImageDataset
from tests.app.conftest import Desk
from tests.views.hand import settle


def colours(desk: Desk) -> list[str]:
    box = desk.window.layers.findChild(QComboBox, "point_colour")
    assert box is not None
    return [box.itemData(k) for k in range(box.count())]


def test_the_columns_have_the_means_that_evaluate_quotes(opened: Desk, digits: ImageDataset) -> None:
    """Same draws, same samples; of each image its own."""
    handle, codes = opened.slot.handle, opened.slot.codes["mean"]
    assert handle is not None
    images = digits.images[codes.index]
    columns, figures = image_columns(handle, codes.z, images), evaluate(handle, digits, quick=True)
    for name in ("elbo", "reconstruction", "mse"):
        assert columns[name].shape == (len(codes.z),) and columns[name].dtype == np.float32
        assert columns[name].mean() == pytest.approx(figures[name]["value"], rel=1e-5)
    kl = -(columns["elbo"] + columns["reconstruction"])
    log_var = codes.columns["log_var"]
    grey = 0.5 * (codes.z**2 + np.exp(log_var) - 1 - log_var).sum(1)  # of the grey image; the draw's differs a little
    assert np.corrcoef(kl, grey)[0, 1] > 0.7 and (kl > 0).all()
    assert ELBO_SAMPLES == 16


def test_a_person_asks_and_the_points_show_it(opened: Desk) -> None:
    opened.wait(lambda: opened.session.dataset_of(opened.slot) is not None)
    assert "elbo" not in colours(opened)
    opened.wish("measure")
    opened.wait(lambda: "elbo" in opened.slot.codes["mean"].columns)
    opened.rest()
    assert [name for name in ("elbo", "reconstruction", "mse") if name in colours(opened)] == ["elbo", "reconstruction", "mse"]
    assert opened.session.scene.layers.point_colour == "elbo"
    assert "Every image is measured" in opened.notice
    before = opened.slot.codes["mean"]
    opened.wish("measure")  # once is enough
    opened.rest()
    assert opened.slot.codes["mean"] is before


def test_card_table_colours_and_bar_have_one_name_for_a_likelihood(opened: Desk) -> None:
    opened.wait(lambda: opened.session.dataset_of(opened.slot) is not None)
    opened.wish("measure")
    opened.wait(lambda: "ll" in opened.slot.codes["mean"].columns)
    opened.session.set_scene(selection=Rows(np.array([3, 5])), layers=replace(opened.session.scene.layers, point_colour="surprise"))
    opened.rest()
    settle()
    heads = opened.window.selection.model.shown.heads
    assert {"log p(x), one draw", "ELBO", "Reconstruction", "Squared error"} <= set(heads)
    colour = opened.box("point_colour")
    assert colour.itemText(colour.findData("surprise")) == "Surprise, −log p(x), one draw (nats)"
    bar = opened.window.plane.points_bar.bar
    assert bar is not None and bar.title == "Surprise, −log p(x), one draw (nats)"
    opened.program.hover.point_at(3)
    opened.program.hover._show_card()
    content = opened.window.plane.card.content
    assert content is not None and any(line.startswith("log p(x), one draw −") for line in content.lines)
    column, model = heads.index("log p(x), one draw"), opened.window.selection.model
    assert "black and white draw" in model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)


def test_without_the_data_it_says_why_not(opened: Desk) -> None:
    opened.session.set_dataset(None)
    opened.wish("measure")
    assert "open it first" in opened.notice
    assert "elbo" not in opened.slot.codes["mean"].columns
