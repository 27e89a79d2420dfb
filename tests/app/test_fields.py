"""Fields in the window: chosen in the panel, computed for what is seen, coarse to fine, also while a model trains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QCheckBox, QComboBox

from latent_explorer.core.plane.field import PlaneField
from latent_explorer.core.scene import Camera, Rows
from latent_explorer.core.types import ImageDataset
from latent_explorer.workers.field_wish import FieldAnswer, Wish
from latent_explorer.workers.fields import Survey
from latent_explorer.workers.task import Context
from tests.app.conftest import Desk, make_model
from tests.views.hand import settle

POSTERIOR = "Posterior"  # which asks for an image: tests of its own
KINDS = ["None", POSTERIOR, "Density of codes", "Density of a class", "Prior", "Holes", "Sensitivity", "Fisher–Rao", "Class regions"]


def shown(desk: Desk) -> tuple[PlaneField, ...]:
    return desk.window.plane._field.fields


def pick(desk: Desk, text: str, box: str = "field_kind") -> None:
    """As a person does, from the list."""
    field = desk.window.layers.findChild(QComboBox, box)
    assert field is not None
    field.setCurrentIndex(field.findText(text))
    field.activated.emit(field.currentIndex())
    desk.rest()


def texts(desk: Desk, box: str = "field_kind") -> list[str]:
    field = desk.window.layers.findChild(QComboBox, box)
    assert field is not None
    return [field.itemText(row) for row in range(field.count())]


def covers_window(desk: Desk) -> bool:
    return all(field.covers(desk.window.plane.window_rectangle()) for field in shown(desk))


def test_a_person_chooses_and_each_field_is_shown_finely(opened: Desk) -> None:
    desk = opened
    assert texts(desk) == KINDS
    assert not shown(desk) and not desk.window.plane.field_bar.isVisible()
    for text in KINDS[2:]:
        pick(desk, text)
        coarse, fine = shown(desk)
        assert coarse.kind == fine.kind == desk.session.scene.layers.field.partition(":")[0]
        assert fine.step < coarse.step / 1.9
        assert covers_window(desk)
        assert desk.window.plane.field_bar.isVisible()
        assert fine.title in desk.window.plane.field_bar.spoken()
    pick(desk, "None")
    assert not shown(desk) and not desk.window.plane.field_bar.isVisible()
    assert desk.session.scene.layers.field == ""


def test_one_class_is_chosen_by_its_name(opened: Desk) -> None:
    desk = opened
    row = desk.window.layers.findChild(QComboBox, "field_class")
    assert row is not None and not row.isVisibleTo(desk.window.layers)
    pick(desk, "Density of a class")
    assert row.isVisibleTo(desk.window.layers)
    assert texts(desk, "field_class") == [str(digit) for digit in range(10)]
    pick(desk, "7", "field_class")
    assert desk.session.scene.layers.field == "class_density:7"
    assert shown(desk)[-1].title == "Density of class 7"


def test_the_field_follows_the_camera_and_is_not_asked_for_twice(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = opened
    pick(desk, "Density of codes")
    asked: list[str] = []
    answer = Survey.answer

    def counted(survey: Survey, wish: Wish, context: Context) -> FieldAnswer:
        asked.append(wish.content.name)
        return answer(survey, wish, context)

    monkeypatch.setattr(Survey, "answer", counted)
    before = shown(desk)
    desk.window.plane.set_camera(Camera(0.4, -0.3, 1.5))
    settle()
    assert shown(desk) == before or covers_window(desk)  # stretched until the new one is there
    desk.rest()
    assert covers_window(desk) and shown(desk) != before
    assert shown(desk)[-1].step == pytest.approx(desk.window.plane.window_rectangle()[2] / desk.window.plane.window_pixels()[0], rel=0.01)
    count = len(asked)
    assert count
    desk.session.set_scene(layers=replace(desk.session.scene.layers, point_size=7.0))
    desk.window.plane.set_camera(desk.window.plane.camera())
    desk.rest()
    assert len(asked) == count


def test_hidden_classes_and_hidden_points_are_left_out(opened: Desk) -> None:
    desk = opened
    pick(desk, "Density of codes")
    whole = shown(desk)[-1].values
    desk.session.set_scene(hidden_classes=frozenset({0, 1, 2, 3, 4}))
    desk.rest()
    half = shown(desk)[-1].values
    assert np.abs(half - whole).max() > 0.1
    desk.session.set_scene(hidden_classes=frozenset(), shown=Rows(np.arange(3)))
    desk.rest()
    assert np.abs(shown(desk)[-1].values - half).max() > 0.1
    desk.session.set_scene(shown=None, hidden_classes=frozenset(range(10)))
    desk.rest()
    assert not shown(desk)


def test_another_model_takes_the_old_field_away(opened: Desk, models: dict[str, Path]) -> None:
    desk = opened
    pick(desk, "Sensitivity")
    before = shown(desk)
    desk.program.opening.open(models["other"])
    desk.wait(lambda: desk.slot.name == "other" and desk.slot.ready)
    desk.rest()
    after = shown(desk)
    assert after and not set(map(id, before)) & set(map(id, after))
    assert before[-1].note == after[-1].note
    assert (before[-1].low, before[-1].high) != (after[-1].low, after[-1].high)


def test_without_opacity_nothing_is_computed(opened: Desk) -> None:
    desk = opened
    desk.session.set_scene(layers=replace(desk.session.scene.layers, field="holes", field_opacity=0.0))
    desk.rest()
    assert not shown(desk)


def test_an_unknown_field_is_none(opened: Desk) -> None:
    desk = opened
    for name in ("nonsense", "class_density", "class_density:99"):
        desk.session.set_scene(layers=replace(desk.session.scene.layers, field=name))
        desk.rest()
        assert not shown(desk)


def test_contours_are_a_tick_away(opened: Desk) -> None:
    desk = opened
    tick = next(box for box in desk.window.layers.findChildren(QCheckBox) if box.text() == "Contours")
    assert not tick.isEnabled()
    desk.window.plane.set_camera(Camera(0.0, 0.0, 7.0))
    pick(desk, "Prior")
    assert tick.isEnabled() and tick.isChecked() and shown(desk)[-1].contours
    tick.click()
    assert not desk.session.scene.layers.contours and not desk.window.plane._field.contours


def test_a_gaussian_model_has_no_fisher_rao(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset) -> None:
    desk = new_desk()
    make_model(tmp_path / "gauss.safetensors", digits, likelihood="gaussian", epochs=1)
    desk.open(tmp_path / "gauss.safetensors")
    assert texts(desk) == [text for text in KINDS if text != "Fisher–Rao"]


def test_on_a_slice_the_sensitivity_follows_the_slider(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset) -> None:
    desk = new_desk()
    make_model(tmp_path / "deep.safetensors", digits, latent_dim=4, epochs=2)
    desk.open(tmp_path / "deep.safetensors")
    for text, moves in (("Sensitivity", True), ("Density of codes", False)):
        pick(desk, text)
        before = shown(desk)
        other = next(axis for axis in range(4) if axis not in (desk.slot.frame.pair or ()))
        desk.window.slice.coordinateRequested.emit(other, desk.slot.frame.origin[other] + 1.5)
        desk.rest()
        assert (shown(desk)[-1] is not before[-1]) == moves


def test_while_a_model_trains_the_field_is_of_the_newest_codes(opened: Desk) -> None:
    desk = opened
    pick(desk, "Density of codes")
    seen: list[PlaneField] = []
    desk.train(epochs=100000)
    desk.wait(lambda: desk.session.run_state == "running" and desk.slot.in_training)

    def collect() -> bool:
        fields = shown(desk)
        if fields and (not seen or fields[-1] is not seen[-1]):
            seen.append(fields[-1])
        return len(seen) >= 6

    desk.wait(collect)
    desk.press("stop")
    desk.wait(lambda: desk.session.run_state == "idle")
    desk.rest()
    content = desk.program.fields._shown
    assert content is not None and content.codes is desk.slot.codes["mean"]
    assert covers_window(desk)
