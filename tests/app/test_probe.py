"""The probe, the mosaic and what the person arranges, with real events on the real window."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox, QWidget

from latent_explorer.core.palette import apply_grey_map
from latent_explorer.core.types import DecodeRequest, DecodeResult
from latent_explorer.views.image_view import ImageView
from latent_explorer.workers import decoding
from tests.app.conftest import WATCHDOG, Desk
from tests.views.hand import Ear, Key, pixels_of, settle


@pytest.fixture
def ear(opened: Desk) -> Ear:
    return Ear(opened.window.plane, "planePointPicked", "planePointHeld")


# --- the image follows -------------------------------------------------------------------------------------------------------


def test_the_image_follows_the_pointer(opened: Desk, ear: Ear) -> None:
    seen = set()
    for place in ((0.2, 0.3), (0.8, 0.4), (0.5, 0.8)):
        opened.hand.move(opened.plane, opened.pixel(*place))
        z = opened.under(ear)
        opened.wait(lambda z=z: opened.shows(z))  # type: ignore[misc]
        seen.add(opened.decoded(z).tobytes())
        assert opened.says(f"{z[0]:.3f}, {z[1]:.3f}".replace("-", "−"))
    assert len(seen) == 3


def test_after_a_drag_the_image_belongs_to_the_last_place(opened: Desk, ear: Ear) -> None:
    start, end = np.array([0.15, 0.2]), np.array([0.85, 0.8])
    places = [opened.pixel(*(start + part * (end - start))) for part in np.linspace(0, 1, 120)]
    before = opened.image()
    opened.hand.drag(opened.plane, places)
    held = ear.of("planePointHeld")[-1][1:]
    opened.wait(lambda: opened.shows(held))
    opened.rest()
    assert opened.shows(held)
    assert (opened.image() != before).any()
    assert opened.session.scene.probe == pytest.approx(held)
    assert opened.program.probe.shown is not None
    assert opened.program.probe.shown[0] == pytest.approx(held)


def test_the_held_point_comes_back_when_the_pointer_leaves(opened: Desk, ear: Ear) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.7, 0.3))
    held = opened.session.scene.probe
    assert held is not None
    for elsewhere in (opened.window.status, opened.window.plane.legend, opened.window.plane.modes, opened.button("train_button")):
        opened.hand.move(opened.plane, opened.pixel(0.2, 0.7))
        hover = opened.under(ear)
        opened.wait(lambda z=hover: opened.shows(z))  # type: ignore[misc]
        opened.hand.move(elsewhere)
        opened.wait(lambda: opened.shows(held))
        assert opened.session.scene.probe == held


def test_nothing_held_the_origin_comes_back(opened: Desk, ear: Ear) -> None:
    opened.hand.move(opened.plane, opened.pixel(0.1, 0.9))
    opened.wait(lambda: opened.shows(opened.under(ear)))
    opened.away()
    opened.wait(lambda: opened.shows((0.0, 0.0)))


def test_a_double_click_fits_and_leaves_the_held_point(opened: Desk) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.6))
    held, camera = opened.session.scene.probe, opened.session.scene.camera
    opened.hand.wheel(opened.plane, opened.pixel(0.3, 0.3), 5)
    assert opened.session.scene.camera.span < 0.5 * camera.span
    opened.hand.double_click(opened.plane, opened.pixel(0.2, 0.2))
    assert opened.session.scene.probe == held
    points = opened.slot.codes["mean"].z
    left, bottom, width, height = opened.window.plane.window_rectangle()
    assert (points >= (left, bottom)).all()
    assert (points <= (left + width, bottom + height)).all()
    opened.away()
    opened.wait(lambda: opened.shows(held))


def test_a_double_click_while_panning_leaves_the_held_point_too(opened: Desk) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.6))
    opened.hand.click(opened.plane, opened.pixel(0.3, 0.4))
    held = opened.session.scene.probe
    pan = opened.window.plane.findChild(QWidget, "mode_pan")
    assert pan is not None
    opened.hand.click(pan)
    opened.hand.double_click(opened.plane, opened.pixel(0.2, 0.2))
    assert opened.session.scene.probe == held


def test_arrows_move_the_probe_from_where_it_is(opened: Desk) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.5))
    opened.away()
    x, y = opened.session.scene.probe or (0, 0)
    opened.window.plane.setFocus()
    span = opened.session.scene.camera.span
    for _ in range(4):
        opened.hand.key(Key.Key_Right)
    opened.hand.key(Key.Key_Down)
    assert opened.session.scene.probe == pytest.approx((x + 4 * span / 400, y - span / 400))
    opened.wait(lambda: opened.shows(opened.session.scene.probe))


def test_digits_jump_to_where_a_class_is_densest(opened: Desk) -> None:
    codes = opened.slot.codes["mean"]
    opened.hand.move(opened.plane, opened.pixel(0.5, 0.5))
    opened.window.plane.setFocus()
    for label, key in ((3, Key.Key_3), (0, Key.Key_0)):
        opened.hand.key(key)
        place = opened.session.scene.probe
        assert place is not None
        points = codes.z[codes.labels == label]
        distances = np.sort(np.hypot(*(points - np.array(place, np.float32)).T))
        typical = np.median(np.hypot(*(points[:, None] - points[None]).T))
        assert distances[4] < 0.5 * typical  # others of its class are near
        opened.wait(lambda: opened.shows(opened.session.scene.probe))


def test_the_image_view_says_how_sure_it_is(opened: Desk, ear: Ear) -> None:
    codes = opened.slot.codes["mean"].z
    opened.hand.click(opened.plane, opened.pixel(0.5, 0.5))
    opened.away()
    opened.rest()
    z = np.array(opened.session.scene.probe, np.float32)
    distances = np.hypot(*(codes - z).T.astype(np.float64))
    assert opened.says(f"{distances.min():.3f} away")
    near = int((distances <= 0.1).sum())
    assert opened.says("No code within 0.1" if near == 0 else "1 code within" if near == 1 else f"{near:,} codes within")
    log_prior = -0.5 * float(z @ z) - np.log(2 * np.pi)
    assert any(text.replace("−", "-") == f"{log_prior:.2f} per unit²" for text in opened.texts())


def test_an_answer_of_the_model_before_is_dropped(opened: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder is slow; meanwhile another model is opened. What the slow one says must not be shown."""
    begun, gate = threading.Event(), threading.Event()
    real, slow = decoding.decode, opened.slot.handle
    late: list[DecodeResult] = []

    def decode(request: DecodeRequest) -> DecodeResult:
        result = real(request)
        if request.handle is slow and len(request.z) == 1:
            begun.set()
            assert gate.wait(WATCHDOG / 1000)
            late.append(result)
        return result

    monkeypatch.setattr(decoding, "decode", decode)
    shown: list[bytes] = []
    told = ImageView.set_image

    def note(view: ImageView, pixels: np.ndarray, message: str = "") -> None:
        shown.append(pixels.tobytes())
        told(view, pixels, message)

    monkeypatch.setattr(ImageView, "set_image", note)
    opened.hand.move(opened.plane, opened.pixel(0.2, 0.2))
    assert begun.wait(WATCHDOG / 1000)
    shown.clear()
    opened.program.opening.open(models["other"])
    opened.wait(lambda: opened.slot.name == "other")
    gate.set()
    opened.wait(lambda: bool(shown))
    opened.rest()
    assert len(late) == 1
    assert late[0].images[0].tobytes() not in shown
    assert late[0].request.generation != opened.slot.generation


def test_a_pick_finds_what_was_held_in_a_model_of_another_latent_size(opened: Desk) -> None:
    """The scene hears of the new model a moment after the slot: what is held, and the trail, are of the one before."""
    opened.away()
    opened.session.set_scene(probe=(0.1, 0.2, 0.3))  # as of a model of three dimensions
    probe, plane = opened.program.probe, opened.window.plane
    probe._leave()
    probe._ask()
    assert probe.where() is not None and len(probe.where() or ()) == 2
    probe._trail.begin(np.zeros(3))
    plane.gestureBegan.emit()
    probe._trail.begin(np.zeros(3))
    plane.planePointPicked.emit(opened.slot.slot_id, 0.4, 0.1)
    plane.gestureEnded.emit()
    opened.rest()
    assert probe.shown is not None and probe.shown[0] == pytest.approx((0.4, 0.1))


def test_a_thousand_moves_leave_no_backlog(opened: Desk, ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one decode is slow, a thousand places are picked: two decodes in all, the first and the last."""
    begun, gate = threading.Event(), threading.Event()
    real = decoding.decode
    asked: list[np.ndarray] = []

    def decode(request: DecodeRequest) -> DecodeResult:
        if len(request.z) == 1:
            asked.append(request.z[0])
            begun.set()
            assert gate.wait(WATCHDOG / 1000)
        return real(request)

    monkeypatch.setattr(decoding, "decode", decode)
    plane, slot_id = opened.window.plane, opened.slot.slot_id
    plane.planePointPicked.emit(slot_id, 0.0, 0.0)
    assert begun.wait(WATCHDOG / 1000)
    for k in range(1000):
        plane.planePointPicked.emit(slot_id, 0.001 * k, 0.5)
    gate.set()
    opened.wait(lambda: opened.shows((0.999, 0.5)))
    opened.rest()
    np.testing.assert_allclose(asked, [(0.0, 0.0), (0.999, 0.5)], atol=1e-6)


# --- the look ----------------------------------------------------------------------------------------------------------------


def test_the_grey_map_colours_the_image_and_not_what_is_known_of_it(opened: Desk) -> None:
    opened.window.raise_panel("layers")
    settle()
    box = next(box for box in opened.window.layers.findChildren(QComboBox) if box.findText("inverted") >= 0)
    box.setFocus()
    opened.hand.key(Key.Key_Down)
    opened.rest()
    assert opened.program.probe.shown is not None
    pixels = opened.program.probe.shown[1]
    np.testing.assert_array_equal(opened.image(), apply_grey_map(pixels, "inverted"))
    np.testing.assert_allclose(pixels[..., 0].astype(int), opened.decoded((0.0, 0.0))[..., 0].astype(int), atol=1)


def test_the_image_can_be_copied(opened: Desk) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.4, 0.6))
    opened.away()
    opened.wait(lambda: opened.shows(opened.session.scene.probe))
    opened.rest()  # a finer decode may follow the first
    opened.wish("copy")
    copied = QGuiApplication.clipboard().image()
    np.testing.assert_array_equal(pixels_of(copied), opened.image())
    assert "clipboard" in opened.notice


# --- classes -----------------------------------------------------------------------------------------------------------------


def row(desk: Desk, name: str) -> QWidget:
    return next(child for child in desk.window.plane.legend.findChildren(QWidget) if child.accessibleName() == f"Class {name}")


def test_the_legend_hides_classes_and_fit_fits_what_is_left(opened: Desk) -> None:
    codes = opened.slot.codes["mean"]
    opened.hand.click(row(opened, "4"))
    assert opened.session.scene.hidden_classes == {4}
    assert opened.says(f"{len(codes.z):,} points, {(codes.labels == 4).sum():,} hidden")
    opened.hand.double_click(row(opened, "7"))
    assert opened.session.scene.hidden_classes == set(range(10)) - {7}
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_Home)
    points = codes.z[codes.labels == 7]
    left, bottom, width, height = opened.window.plane.window_rectangle()
    assert ((points >= (left, bottom)) & (points <= (left + width, bottom + height))).all()
    extent = np.ptp(points, axis=0)
    assert 0.75 < max(extent[0] / width, extent[1] / height) < 0.95  # as large as the bar of modes above leaves room for
    opened.hand.double_click(row(opened, "7"))
    assert opened.session.scene.hidden_classes == set()
    assert opened.session.scene.probe is None  # the legend is not the plane


def test_hidden_classes_stay_hidden_with_another_model_of_the_same_data(opened: Desk, models: dict[str, Path]) -> None:
    opened.hand.click(row(opened, "4"))
    opened.program.opening.open(models["other"])
    opened.wait(lambda: opened.slot.name == "other")
    opened.rest()
    assert opened.session.scene.hidden_classes == {4}
    assert opened.says("hidden")


def test_escape_leaves_full_screen_and_never_the_program(opened: Desk) -> None:
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_F11)
    assert opened.window.isFullScreen()
    opened.hand.key(Key.Key_Escape)
    assert not opened.window.isFullScreen()
    opened.hand.key(Key.Key_Escape)
    assert opened.window.isVisible()
