"""Codes by the exact posterior in the window: the switch, its job, undo, files, colours, and the strangest images."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QToolButton

from latent_explorer.app.features import exact_codes as feature
from latent_explorer.core.checkpoint.record import read_checkpoint
from latent_explorer.core.nn.exact.many import exact_codes
from latent_explorer.core.plane.field import POSTERIOR
from latent_explorer.core.scene import Rows
from latent_explorer.core.types import Codes, ImageDataset, ModelHandle
from latent_explorer.workers.exact_codes import with_exact_codes
from latent_explorer.workers.task import Context
from tests.app.conftest import Desk, is_sentence, make_model
from tests.views.hand import settle


@pytest.fixture
def ready(opened: Desk) -> Desk:
    opened.wait(lambda: opened.program.index.shown is not None)
    opened.rest()
    return opened


def switch(desk: Desk) -> QComboBox:
    return desk.box("codes_kind")


def choices(desk: Desk) -> list[str]:
    box = switch(desk)
    return [box.itemText(row) for row in range(box.count())]


def choose(desk: Desk, kind: str) -> None:
    box = switch(desk)
    box.setCurrentIndex(box.findData(kind))
    box.activated.emit(box.currentIndex())
    desk.rest()


def drawn(desk: Desk) -> np.ndarray:
    """Plane coordinates of the points, as the index and so hover and selection know them."""
    shown = desk.program.index.shown
    assert shown is not None
    return np.asarray(shown.index.points)


def test_choosing_a_kind_computes_it_moves_the_points_and_can_be_undone(ready: Desk) -> None:
    assert choices(ready) == ["Encoder", "Exact modes …", "Exact means …"]
    before, means = drawn(ready).copy(), ready.slot.codes["mean"]
    choose(ready, "exact_mode")
    ready.wait(lambda: ready.slot.kind == "exact_mode")
    ready.rest()
    assert ready.slot.handle is not None and ready.session.dataset is not None
    wanted = exact_codes(ready.slot.handle, ready.session.dataset, means.index[:5])["exact_mode"]
    np.testing.assert_allclose(drawn(ready)[:5], wanted.z, atol=1e-3)
    assert np.abs(drawn(ready) - before).max() > 0.01
    assert choices(ready) == ["Encoder", "Exact modes", "Exact means"]
    assert is_sentence(ready.notice) or "exact codes are there" in ready.notice
    ready.wish("undo")
    ready.rest()
    assert ready.slot.kind == "mean" and switch(ready).currentData() == "mean"
    np.testing.assert_array_equal(drawn(ready), before)
    ready.wish("redo")
    ready.rest()
    assert ready.slot.kind == "exact_mode" and switch(ready).currentData() == "exact_mode"


def test_the_same_rows_stay_selected(ready: Desk) -> None:
    ready.session.set_scene(selection=Rows(np.array([2, 7])))
    choose(ready, "exact_mean")
    ready.wait(lambda: ready.slot.kind == "exact_mean")
    ready.rest()
    assert ready.session.scene.selection is not None and ready.session.scene.selection.rows.tolist() == [2, 7]
    codes = ready.slot.points
    assert codes is not None and np.array_equal(codes.index, ready.slot.codes["mean"].index)


def test_they_are_saved_with_the_model_and_are_there_again(ready: Desk, tmp_path: Path) -> None:
    ready.wish("exact_codes")
    ready.wait(lambda: ready.slot.kind == "exact_mode")
    ready.rest()
    record = ready.slot.record
    assert record is not None
    ready.program.keeping.save_as(record, tmp_path / "with.safetensors")
    ready.wait(lambda: "Saved as" in ready.notice)
    written = read_checkpoint(tmp_path / "with.safetensors").record
    assert set(written.codes) == {"mean", "exact_mode", "exact_mean"}
    np.testing.assert_array_equal(written.codes["exact_mode"].z, ready.slot.codes["exact_mode"].z)
    assert written.codes["exact_mode"].columns["cov"].shape == (len(written.codes["mean"].z), 2, 2)
    assert "grey_score" in written.codes["mean"].columns
    ready.program.opening.open(tmp_path / "with.safetensors")
    ready.wait(lambda: ready.slot.name == "with" and ready.slot.ready)
    ready.rest()
    assert ready.slot.kind == "exact_mode"  # as the scene still asks for
    assert choices(ready) == ["Encoder", "Exact modes", "Exact means"]


def test_another_model_without_them_shows_its_means_and_computes_nothing(ready: Desk, models: dict[str, Path]) -> None:
    choose(ready, "exact_mode")
    ready.wait(lambda: ready.slot.kind == "exact_mode")
    ready.program.opening.open(models["other"])
    ready.wait(lambda: ready.slot.name == "other" and ready.slot.ready)
    ready.rest()
    assert set(ready.slot.codes) == {"mean"} and ready.session.scene.layers.codes == "mean"
    assert switch(ready).currentData() == "mean"


def test_cancel_leaves_all_as_it_was(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(handle: ModelHandle, codes: Mapping[str, Codes], dataset: ImageDataset, stop: threading.Event, context: Context) -> object:
        context.progress("of 3 images", 0.5)
        begun.set()
        assert go_on.wait(30)
        return with_exact_codes(handle, codes, dataset, stop, context)

    monkeypatch.setattr(feature, "with_exact_codes", slow)
    box = switch(ready)
    box.setCurrentIndex(box.findData("exact_mean"))
    box.activated.emit(box.currentIndex())
    assert begun.wait(30)
    button = next(button for button in ready.window.status.findChildren(QToolButton) if button.text() == "Cancel")
    ready.wait(button.isVisible)
    ready.hand.click(button)
    go_on.set()
    ready.rest()
    assert "cancelled" in ready.notice and not button.isVisible()
    assert set(ready.slot.codes) == {"mean"} and ready.slot.kind == "mean"
    assert ready.session.scene.layers.codes == "mean" and switch(ready).currentData() == "mean"


def test_what_cannot_be_computed_is_refused_in_a_sentence(ready: Desk) -> None:
    ready.session.set_dataset(None)
    ready.wish("exact_codes")
    assert is_sentence(ready.notice) and "data set" in ready.notice
    choose(ready, "exact_mode")
    assert ready.session.scene.layers.codes == "mean" and switch(ready).currentData() == "mean"
    ready.wish("strangest")
    assert is_sentence(ready.notice) and ready.session.scene.selection is None


def test_the_strangest_are_selected_and_listed_first(ready: Desk) -> None:
    ready.wish("strangest")
    ready.wait(lambda: ready.session.scene.selection is not None)
    ready.rest()
    codes = ready.slot.codes["mean"]
    scores = codes.columns["grey_score"]
    selection = ready.session.scene.selection
    assert selection is not None
    assert set(selection.rows.tolist()) == set(np.argsort(scores, kind="stable")[:50].tolist())
    model = ready.window.selection.model
    assert "Grey score" in model.shown.columns
    order = [float(scores[model.row_at(k)]) for k in range(model.rowCount())]
    assert order == sorted(order)
    assert model.sorted_by[1] == Qt.SortOrder.AscendingOrder
    assert ready.slot.kind == "mean"  # where points lie was not asked
    strangest = codes.index[int(np.argmin(scores))]
    assert model.row_at(0) == int(np.argmin(scores))
    ready.session.set_scene(layers=replace(ready.session.scene.layers, field=POSTERIOR))
    ready.rest()
    asked, dataset = ready.program.posterior._finding, ready.session.dataset
    assert asked is not None and dataset is not None
    assert f"image {strangest:,}" in asked.subject.title  # the first row of the table
    np.testing.assert_array_equal(asked.image, dataset.images[strangest])
    ready.session.set_scene(hidden_classes=frozenset({0, 1, 2, 3, 4}))
    ready.wish("strangest")
    ready.rest()
    again = ready.session.scene.selection
    assert again is not None and codes.labels[again.rows].min() >= 5


def test_without_a_likelihood_nothing_is_strange_and_the_menu_says_why(
    new_desk: type[Desk], tmp_path: Path, digits: ImageDataset, models: dict[str, Path]
) -> None:
    desk = new_desk()
    make_model(tmp_path / "plain.safetensors", digits, family="autoencoder", epochs=1)
    entry = next(action for action in desk.window.actions() if action.objectName() == "action_strangest")
    for path, offered in ((tmp_path / "plain.safetensors", False), (models["small"], True)):
        desk.open(path)
        assert entry.isEnabled() == offered
        assert ("no exact inference" in entry.toolTip().replace("\n", " ")) == (not offered)


def test_points_can_be_coloured_by_surprise(ready: Desk) -> None:
    ready.wish("strangest")
    ready.wait(lambda: ready.session.scene.selection is not None)
    ready.rest()
    box = ready.box("point_colour")
    row = box.findData("grey_surprise")
    assert row >= 0 and "Surprise" in box.itemText(row)
    box.setCurrentIndex(row)
    box.activated.emit(row)
    ready.rest()
    settle()
    bar = ready.window.plane.points_bar.bar
    assert bar is not None and "Surprise" in bar.title
    assert bar.low > 0  # nats that a grey image costs


def test_a_model_without_an_encoder_says_so(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset) -> None:
    desk = new_desk()
    make_model(tmp_path / "qlvm.safetensors", digits, family="qlvm", epochs=1, nodes=(16,))
    desk.open(tmp_path / "qlvm.safetensors")
    words = choices(desk)
    assert len(words) == 3 and not any("ncoder" in word for word in words)


def test_the_model_panel_says_where_points_without_an_encoder_lie(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset) -> None:
    desk = new_desk()
    make_model(tmp_path / "alone.safetensors", digits, family="qlvm", epochs=1, nodes=(16,), validation=0)
    desk.open(tmp_path / "alone.safetensors")
    assert desk.says("It has no encoder: each point lies at the mean of its image's posterior, from a coarse grid.")
    assert desk.says("none set aside")  # in the place of a figure on validation images
    choose(desk, "exact_mode")
    assert desk.says("It has no encoder: each point lies where the exact posterior of its image is highest.")


def test_own_models_keep_them_in_their_file(ready: Desk) -> None:
    ready.train(epochs=2)
    ready.wait(lambda: ready.session.run_state == "idle" and ready.slot.record is not None and ready.slot.record.path is not None)
    ready.rest()
    ready.wish("exact_codes")
    ready.wait(lambda: ready.slot.kind == "exact_mode")
    ready.rest()
    record = ready.slot.record
    assert record is not None and record.path is not None
    written = read_checkpoint(record.path).record
    assert "exact_mode" in written.codes
    assert written.handle.content_hash == record.handle.content_hash
