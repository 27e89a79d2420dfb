"""Pins, trail and the held place, pixel by pixel; and what they cost when the probe moves."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF
from PySide6.QtGui import QHelpEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from latent_explorer.core.palette import rgb
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.sheet import sheet_of
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.pins import HEAD, REACH, PinMark, PinMarker
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.style import DARK, LIGHT, Theme
from tests.views.hand import Hand, close_to, look, settle, where

THEMES = [DARK, LIGHT]


@pytest.fixture(params=THEMES, ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    chosen: Theme = request.param
    return chosen


@pytest.fixture
def plane(qtbot: QtBot, theme: Theme) -> PlaneView:
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(640, 480)
    plane.set_theme(theme)
    plane.modes.hide()
    Hand(plane)
    plane.set_camera(Camera(0.3, -0.2, 4.0))
    settle()
    return plane


def around(plane: PlaneView, place: QPointF, reach: int = 14) -> np.ndarray:
    """What is seen in a square."""
    x, y = round(place.x()), round(place.y())
    return look(plane.viewport())[y - reach : y + reach, x - reach : x + reach]


def head_of(plane: PlaneView, x: float, y: float) -> np.ndarray:
    return around(plane, plane.plane_to_pixel(x, y) - QPointF(0, REACH), 7)


def difference(plane: PlaneView, before: np.ndarray) -> np.ndarray:
    """Which pixels have changed."""
    return (np.abs(look(plane.viewport()).astype(int) - before).max(axis=2) > 24).astype(bool)


# --- pins --------------------------------------------------------------------------------------------------------------------


def test_the_tip_is_the_place_and_the_size_does_not_depend_on_the_zoom(plane: PlaneView) -> None:
    sizes = []
    for span in (4.0, 0.5):
        plane.set_pins([])
        plane.set_camera(Camera(0.3, -0.2, span))
        before = look(plane.viewport())
        plane.set_pins([PinMark(1, 0.3, -0.2)])
        left, top, right, bottom = where(difference(plane, before))
        tip = plane.plane_to_pixel(0.3, -0.2)
        assert (left + right) / 2 == pytest.approx(tip.x(), abs=1.5)
        assert bottom == pytest.approx(tip.y(), abs=4)
        sizes.append((right - left, bottom - top))
    assert sizes[0] == pytest.approx(sizes[1], abs=1)
    assert sizes[0][0] == pytest.approx(2 * HEAD, abs=6)


@pytest.mark.parametrize("ground", [0, 90, 160, 255])
def test_the_number_is_readable_on_every_ground(plane: PlaneView, ground: int) -> None:
    """Whatever lies under it, the head has much light and much dark, and a dark edge around the light."""
    sheet = np.full((8, 8, 3), ground, np.uint8)
    plane.set_layers(Layers(points=False, mosaic=True, mosaic_opacity=1.0))
    plane.set_mosaic(sheet_of(sheet, (-10, -10, 20, 20)))
    plane.set_pins([PinMark(8, 0.0, 0.0)])
    grey = head_of(plane, 0, 0).mean(axis=2)
    assert (grey > 230).mean() > 0.3
    assert (grey < 60).mean() > 0.08
    ring = around(plane, plane.plane_to_pixel(0, 0) - QPointF(0, REACH), 14).mean(axis=2)
    rows, columns = np.indices(ring.shape) - 13.5
    away, angle = np.hypot(rows, columns), np.arctan2(rows, columns)
    for start in np.arange(np.pi * 0.7, np.pi * 2.3, np.pi / 8):  # whichever way one leaves the head, but to its tip, there is a dark edge
        ray = ((angle - start) % (2 * np.pi) < np.pi / 8) & (away > HEAD - 2) & (away < HEAD + 4)
        assert ring[ray].min() < 110


def test_numbers_can_be_told_apart_and_states_too(plane: PlaneView, theme: Theme) -> None:
    pictures = {}
    for name, mark in {
        "1": PinMark(1, 0, 0),
        "7": PinMark(7, 0, 0),
        "10": PinMark(10, 0, 0),
        "off": PinMark(1, 0, 0, off=True),
        "current": PinMark(1, 0, 0, current=True),
        "both": PinMark(1, 0, 0, off=True, current=True),
    }.items():
        plane.set_pins([mark])
        pictures[name] = head_of(plane, 0, 0)
    assert len({picture.tobytes() for picture in pictures.values()}) == len(pictures)
    accent = rgb(theme.accent)
    assert close_to(pictures["current"], accent).mean() > 0.3
    assert not close_to(pictures["1"], accent).any()
    assert np.median(pictures["off"]) == pytest.approx(np.median(rgb(theme.plane)), abs=20)  # hollow
    assert np.median(pictures["1"]) > 230


def test_markers_come_and_go_and_the_current_one_lies_above(plane: PlaneView, theme: Theme) -> None:
    empty = look(plane.viewport())
    plane.set_pins([PinMark(1, 0.0, 0.0, current=True), PinMark(2, 0.02, 0.0)])
    assert close_to(head_of(plane, 0, 0), rgb(theme.accent)).mean() > 0.25
    plane.set_pins([PinMark(2, 0.02, 0.0)])
    assert not close_to(head_of(plane, 0, 0), rgb(theme.accent)).any()
    plane.set_pins([])
    assert not difference(plane, empty).any()


def test_copies_on_a_torus_look_alike_and_are_drawn_once(plane: PlaneView, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    real = PinMarker._draw
    monkeypatch.setattr(PinMarker, "_draw", lambda marker: drawn.append(marker) or real(marker))
    plane.set_shape(PlaneFrame.torus())
    plane.set_camera(Camera(0.5, 0.5, 4.0))
    for number, current in enumerate((False, True, False), start=1):
        plane.set_pins([PinMark(7, 0.5, 0.5, current=current)])
        heads = [head_of(plane, x + 0.5, y + 0.5) for x in (-1, 0, 1) for y in (-1, 0, 1)]
        assert len({item.pixmap().cacheKey() for item in plane._pins._markers.values()}) == 1
        assert max(np.abs(head.astype(int) - heads[0]).mean() for head in heads) < 40  # but for parts of a pixel
        assert len(drawn) == number


def test_a_larger_interface_has_larger_markers(plane: PlaneView, theme: Theme, qapp: QApplication) -> None:
    def size() -> float:
        before = look(plane.viewport())
        plane.set_pins([PinMark(1, 0.0, 0.0)])
        left, _, right, _ = where(difference(plane, before))
        plane.set_pins([])
        return right - left

    usual, font = size(), plane.font()
    font.setPixelSize(26)
    plane.setFont(font)
    plane.set_theme(theme)
    settle()
    assert size() > 1.6 * usual


def test_a_name_is_never_read_as_markup(plane: PlaneView) -> None:
    plane.set_pins([PinMark(1, 0.0, 0.0, "Pin 1: <img src=x> & co\nz 0, 0")])
    settle()
    place = (plane.plane_to_pixel(0, 0) - QPointF(0, REACH)).toPoint()
    QApplication.sendEvent(plane.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, plane.viewport().mapToGlobal(place)))
    assert QToolTip.text() == "<qt>Pin 1: &lt;img src=x&gt; &amp; co<br>z 0, 0</qt>"
    beside = place + QPoint(40, 0)
    QApplication.sendEvent(plane.viewport(), QHelpEvent(QEvent.Type.ToolTip, beside, plane.viewport().mapToGlobal(beside)))
    settle()
    QToolTip.hideText()


# --- the trail ---------------------------------------------------------------------------------------------------------------


def test_the_trail_fades_with_age_and_can_be_switched_off(plane: PlaneView) -> None:
    before = look(plane.viewport())
    xs = np.linspace(-1.2, 1.2, 24)
    plane.set_trail(np.stack([xs, np.zeros(24)], axis=1))
    now = look(plane.viewport())
    strength = []
    for x in xs:
        place = plane.plane_to_pixel(x, 0).toPoint()
        part = np.s_[place.y() - 3 : place.y() + 4, place.x() - 3 : place.x() + 4]
        strength.append(float(np.abs(now[part].astype(int) - before[part]).sum()))
    assert min(strength) > 0
    assert strength[0] < 0.6 * strength[-1]
    assert all(older <= 1.1 * younger for older, younger in zip(strength, strength[6:], strict=False))
    plane.set_layers(Layers(trail=False))
    assert not difference(plane, before).any()
    plane.set_layers(Layers(trail=True))
    assert difference(plane, before).any()
    plane.set_trail(np.zeros((0, 2)))
    assert not difference(plane, before).any()


class Painted(QObject):
    """Adds up the pixels that a widget is asked to paint."""

    def __init__(self) -> None:
        super().__init__()
        self.area = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.area += sum(box.width() * box.height() for box in event.region())
        return False


def painted(plane: PlaneView) -> Painted:
    settle()
    watch = Painted()
    watch.setParent(plane)
    plane.viewport().installEventFilter(watch)
    return watch


def test_one_more_dot_repaints_a_few_dots_and_not_the_plane(plane: PlaneView) -> None:
    corners = np.stack([np.linspace(-2, 2, 48), np.linspace(-1.5, 1.5, 48)], axis=1)
    plane.set_trail(corners[:-1])
    watch = painted(plane)
    plane.set_trail(corners)
    settle()
    whole = plane.viewport().width() * plane.viewport().height()
    assert 0 < watch.area < 0.02 * whole
    watch.area = 0
    plane.set_trail(corners)
    settle()
    assert watch.area == 0


def test_the_probe_repaints_its_ring_and_nothing_else(plane: PlaneView) -> None:
    plane.set_pins([PinMark(k, -1.5 + 0.2 * k, 1.0) for k in range(1, 12)])
    plane.set_trail(np.stack([np.linspace(-2, 2, 48), np.linspace(-1.5, 1.5, 48)], axis=1))
    plane.set_cursor((0.0, -1.0))
    watch = painted(plane)
    for x in np.linspace(0, 1, 10):
        plane.set_cursor((float(x), -1.0))
        settle()
    assert 0 < watch.area < 10 * 3000


def test_qt_draws_the_markers_without_python() -> None:
    """At every move of the probe Qt asks all markers how large they are, and draws those under the ring."""
    assert not {"paint", "boundingRect", "shape"} & {name for kind in PinMarker.__mro__[:1] for name in vars(kind)}


@pytest.mark.parametrize("ratio", [1.0, 2.0, 1.5])
def test_markers_are_as_sharp_as_the_screen(plane: PlaneView, ratio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    plane.set_pins([PinMark(12, 0.0, 0.0)])
    marker = next(item for item in plane.scene().items() if isinstance(item, PinMarker))
    size = marker.boundingRect().size()
    monkeypatch.setattr(PlaneView, "devicePixelRatioF", lambda plane: ratio, raising=False)
    QApplication.sendEvent(plane.viewport(), QEvent(QEvent.Type.DevicePixelRatioChange))
    assert marker.pixmap().devicePixelRatio() == ratio
    assert marker.pixmap().width() == pytest.approx(size.width() * ratio, abs=1)
    assert marker.boundingRect().width() == pytest.approx(size.width(), abs=1)


# --- the held place ----------------------------------------------------------------------------------------------------------


def test_the_held_place_is_a_dot_while_the_probe_is_elsewhere(plane: PlaneView) -> None:
    before = look(plane.viewport())
    plane.set_held((0.5, 0.5))
    left, top, right, bottom = where(difference(plane, before))
    place = plane.plane_to_pixel(0.5, 0.5)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((place.x(), place.y()), abs=1.5)
    assert 5 < right - left < 13
    plane.set_held(None)
    assert not difference(plane, before).any()
