"""Models that are told more than a place: one plane for each class, and draws of what lies below the plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox, QToolButton

from latent_explorer.core.nn.inference import decode_bytes
from latent_explorer.core.types import ImageDataset
from tests.app.conftest import Desk, make_model
from tests.views.hand import Key


@pytest.fixture(scope="session")
def told_models(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("told")
    conditional, hierarchical = folder / "conditional.safetensors", folder / "hierarchical.safetensors"
    make_model(conditional, digits, family="conditional-vae", classes=10, epochs=12, lr=5e-3)
    make_model(hierarchical, digits, family="hierarchical-vae", epochs=8)
    return {"conditional": conditional, "hierarchical": hierarchical}


def shown(desk: Desk) -> np.ndarray:
    image = desk.image()
    assert image is not None
    return image.astype(int)


def expected(desk: Desk, **told: int) -> np.ndarray:
    assert desk.slot.handle is not None
    z = np.array([desk.program.probe.where()], np.float32)
    return np.broadcast_to(decode_bytes(desk.slot.handle, z, **told)[0], shown(desk).shape).astype(int)


def shows(desk: Desk, **told: int) -> bool:
    return bool(np.abs(shown(desk) - expected(desk, **told)).max() <= 1)


def box(desk: Desk, name: str) -> QComboBox:
    found = desk.window.plane.told.findChild(QComboBox, f"told_{name}")
    assert found is not None
    return found


def told_button(desk: Desk, name: str) -> QToolButton:
    found = desk.window.plane.told.findChild(QToolButton, f"told_{name}")
    assert found is not None
    return found


def test_what_lies_around_is_of_the_class_whose_plane_is_shown(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    for label in (7, 2):
        desk.session.set_scene(condition=label)
        desk.rest()
        answer, codes = desk.program.neighbours._answer, desk.slot.codes["mean"]
        assert answer is not None and answer.around is not None and answer.around.nearest
        rows = np.flatnonzero(codes.labels == label)
        distances = np.hypot(*(codes.z[rows].astype(np.float64) - answer.z).T)
        assert set(answer.around.nearest) == set(rows[np.argsort(distances)[:6]].tolist())
        assert answer.around.near == (distances <= 0.1).sum()


def test_digits_choose_the_class_whose_plane_is_shown(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    desk.rest()
    assert desk.window.plane.told.isVisible()
    assert shows(desk, condition=0)
    before = desk.session.scene.probe
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_7)
    desk.rest()
    assert desk.slot.condition == desk.session.scene.condition == 7
    assert shows(desk, condition=7)
    assert np.abs(expected(desk, condition=7) - expected(desk, condition=0)).max() > 8
    assert desk.session.scene.probe == before  # it is told a class, and does not go to one
    assert box(desk, "condition").currentIndex() == 7
    desk.hand.key(Key.Key_Period)
    desk.rest()
    assert shows(desk, condition=8)
    desk.hand.click(told_button(desk, "before"))
    desk.rest()
    assert shows(desk, condition=7)
    desk.wish("undo")
    desk.rest()
    assert desk.slot.condition != 7


def test_points_of_other_classes_are_faint_or_hidden(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    desk.rest()
    codes = desk.slot.points
    assert codes is not None
    scatter = desk.window.plane._points._scatter
    assert scatter.faint is not None and scatter.faint.tolist() == [False] + [True] * 10
    others = box(desk, "others")
    others.setCurrentIndex(others.findData("hidden"))
    others.activated.emit(others.currentIndex())
    desk.rest()
    assert desk.window.plane._points._scatter.drawn == int((codes.labels == 0).sum())
    visible = desk.program.index.visible
    assert visible is not None and (visible == (codes.labels == 0)).all()  # what is not seen cannot be pointed at
    desk.hand.key(Key.Key_3)
    desk.rest()
    visible = desk.program.index.visible
    assert visible is not None and (visible == (codes.labels == 3)).all()
    others.setCurrentIndex(others.findData("shown"))
    others.activated.emit(others.currentIndex())
    desk.rest()
    assert desk.window.plane._points._scatter.drawn == len(codes.z)
    assert desk.window.plane._points._scatter.faint is None


def test_a_pin_keeps_the_class_it_was_made_in(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_4)
    desk.hand.key(Key.Key_Return)
    desk.hand.key(Key.Key_P)
    desk.rest()
    assert [pin.condition for pin in desk.session.scene.pins] == [4]
    desk.hand.key(Key.Key_5)
    desk.rest()
    desk.hand.key(Key.Key_BracketRight)
    desk.rest()
    assert desk.session.scene.condition == 4


def test_the_mosaic_is_of_the_class_that_is_told(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    desk.rest()
    one = desk.window.plane._mosaic._sheet
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_1)
    desk.rest()
    two = desk.window.plane._mosaic._sheet
    assert one is not None and two is not None
    assert not np.array_equal(one.words, two.words)
    desk.hand.key(Key.Key_0)
    desk.rest()
    again = desk.window.plane._mosaic._sheet
    assert again is not None and np.array_equal(again.words, one.words)


def test_b_draws_anew_what_lies_below(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["hierarchical"])
    desk.away()
    desk.rest()
    assert shows(desk)
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_B)
    desk.rest()
    assert desk.slot.seed == 1
    assert shows(desk, seed=1)
    assert told_button(desk, "mean").isVisible()
    desk.hand.click(told_button(desk, "resample"))
    desk.rest()
    assert shows(desk, seed=2)
    assert np.abs(expected(desk, seed=2) - expected(desk, seed=1)).max() > 2
    desk.hand.click(told_button(desk, "mean"))
    desk.rest()
    assert not told_button(desk, "mean").isVisible()  # the word beside it says so
    assert desk.slot.seed == 0
    assert shows(desk)


def test_a_plain_model_is_told_nothing(opened: Desk, models: dict[str, Path]) -> None:
    assert not opened.window.plane.told.isVisible()
    opened.window.plane.setFocus()
    for key in (Key.Key_B, Key.Key_Comma, Key.Key_Period):
        opened.hand.key(key)
    opened.rest()
    assert (opened.slot.condition, opened.slot.seed) == (None, 0)
    assert (opened.session.scene.condition, opened.session.scene.below) == (0, 0)


def test_what_is_copied_as_python_says_the_class(
    desk: Desk, told_models: dict[str, Path], qapp: object, new_desk: Callable[..., Desk]
) -> None:
    from PySide6.QtGui import QGuiApplication

    desk.open(told_models["conditional"])
    desk.away()
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_6)
    desk.rest()
    desk.wish("copy_python")
    assert "condition=6" in QGuiApplication.clipboard().text()


def test_images_are_of_the_class_that_is_told_and_a_faint_point_s_card_says_its_own(desk: Desk, told_models: dict[str, Path]) -> None:
    desk.open(told_models["conditional"])
    desk.away()
    desk.wait(lambda: desk.program.index.shown is not None)
    desk.rest()
    codes, shown = desk.slot.points, desk.program.index.shown
    assert codes is not None and shown is not None and desk.session.scene.layers.others == "faint"
    desk.session.set_scene(layers=replace(desk.session.scene.layers, thumbnails=True))
    for label in (0, 3):
        desk.hand.key(Key.Key_0 if label == 0 else Key.Key_3)
        desk.rest()
        rows = [one.row for one in desk.window.plane._thumbnails._thumbnails]
        assert rows and {int(codes.labels[row]) for row in rows} == {label}
    card, faint = desk.window.plane.card, int(np.flatnonzero(codes.labels == 7)[0])
    desk.program.hover.point_at(faint)
    desk.wait(card.isVisible)
    desk.rest()
    assert card.content is not None and "Decoded as its own class, 7." in card.content.note
    desk.hand.key(Key.Key_7)
    assert not card.isVisible()
    desk.program.hover.point_at(faint)
    desk.wait(card.isVisible)
    assert card.content is not None and "own class" not in card.content.note
