"""The mosaic in the real window: every cell is the decoder's own picture of its place, newer ones come when they should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QCheckBox, QSlider

from latent_explorer.app.features import mosaic
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import forget, publish
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.scene import Camera
from latent_explorer.core.types import ModelHandle, Slot
from latent_explorer.workers.mosaic import MosaicAnswer, MosaicWish, Tiles
from tests.app.conftest import Desk
from tests.app.sheets import Gate, check_mosaic, sheets
from tests.views.hand import pixels_of, settle


def test_the_mosaic_shows_every_cells_own_decode_where_it_lies(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = sheets(monkeypatch)
    for turns in (2, -3, 8):
        opened.hand.wheel(opened.plane, opened.pixel(0.3, 0.6), turns)
        opened.rest()
        check_mosaic(opened, shown[-1])


def test_the_middle_of_a_cell_is_painted_at_its_place_on_the_screen(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture with one bright pixel in the middle, and a code right there: both within half a pixel of the same place."""
    config = ModelConfig((9, 9, 1), hidden=(4,))
    handle = ModelHandle("one bright pixel", config)
    module = build(config, 0).eval().requires_grad_(False)
    for name, weight in module.decoder.named_parameters():
        weight.data.fill_(0.0 if "weight" in name else -30.0)
    module.decoder.last_bias().data[40] = 30.0
    publish(handle, module)
    opened.session.put_slot(Slot(1, opened.session.new_generation(), PlaneFrame.identity(), {}, handle, "bright", ready=True))
    opened.session.set_scene(layers=replace(opened.session.scene.layers, mosaic_opacity=1.0))
    plane, steps = opened.window.plane, set()
    for span in (5.0, 1.7, 0.011):
        plane.set_camera(Camera(0.3 * span, -0.2 * span, span))
        opened.rest()
        opened.away()
        shown = opened.program.mosaic.shown
        assert shown is not None
        steps.add(shown.step_x)
        picture = pixels_of(plane.viewport().grab().toImage())[..., 0].astype(float)
        middle = shown.centres().reshape(shown.rows, shown.columns, 2)[shown.rows // 2, shown.columns // 3]
        corners = [plane.plane_to_pixel(*(middle + sign * np.array([shown.step_x, shown.step_y]) / 2)) for sign in (-1, 1)]
        left, right = round(corners[0].x()), round(corners[1].x())
        top, bottom = round(corners[1].y()), round(corners[0].y())
        bright = np.argwhere(picture[top:bottom, left:right] > 160)
        assert len(bright)
        y, x = (bright.min(axis=0) + bright.max(axis=0) + 1) / 2 + (top, left)  # edges of the pixel
        exact = plane.viewportTransform().map(plane.getPlotItem().getViewBox().mapViewToScene(QPointF(*middle)))
        assert (x, y) == pytest.approx((exact.x(), exact.y()), abs=0.51)
    assert len(steps) == 3
    forget(handle)


def test_the_mosaic_can_be_taken_away_and_comes_back(opened: Desk) -> None:
    opened.window.raise_panel("layers")
    settle()
    slider = opened.window.layers.findChild(QSlider, "slider_mosaic_opacity")
    assert slider is not None
    slider.setValue(0)
    opened.rest()
    assert not opened.session.scene.layers.mosaic
    assert not opened.says("mosaic ")
    slider.setValue(40)
    opened.rest()
    assert opened.says("mosaic ")
    smooth = next(box for box in opened.window.layers.findChildren(QCheckBox) if box.text() == "Smooth")
    opened.hand.click(smooth, (8, smooth.height() / 2))
    assert opened.session.scene.layers.smooth
    assert opened.session.scene.layers.mosaic_opacity == pytest.approx(0.4)


def sheets_asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The revisions of all mosaics that are asked for from now on."""
    asked: list[int] = []
    real = Tiles.answers

    def answers(tiles: Tiles, wish: MosaicWish) -> Iterator[MosaicAnswer | None]:
        asked.append(wish.slot.revision)
        return real(tiles, wish)

    monkeypatch.setattr(Tiles, "answers", answers)
    return asked


def test_newer_snapshots_share_a_mosaic_and_the_last_one_is_shown(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = sheets_asked(monkeypatch)
    monkeypatch.setattr(mosaic, "REST", 0.2)
    opened.session.set_run_state("running")
    opened.hand.wheel(opened.plane, opened.pixel(0.5, 0.5), 3)
    for revision in range(100, 140):
        opened.session.revise_slot(revision=revision)
        settle()
    opened.wait(lambda: opened.program.mosaic.settled)
    assert asked[-1] == 139
    assert len(asked) < 10


def test_a_pass_ends_before_the_next_revision_starts_unless_the_window_moves(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr(mosaic, "REST", 0.0)
    monkeypatch.setattr(mosaic, "RESTS", 0.0)
    opened.session.set_run_state("running")
    opened.session.revise_slot(revision=1)
    opened.wait(gate.begun.is_set)
    for revision in (2, 3, 4):
        opened.session.revise_slot(revision=revision)
        settle()
    assert not opened.program.lanes.tiles._waiting  # nothing that would drop the pass
    assert not opened.program.mosaic.settled
    gate.allowed.release(2)
    opened.rest()
    assert gate.revisions == [1, 4]
    opened.session.revise_slot(revision=5)
    opened.wait(lambda: len(gate.revisions) == 3)
    opened.hand.wheel(opened.plane, opened.pixel(0.5, 0.5), 4)
    assert opened.program.lanes.tiles._waiting
    gate.allowed.release(9)
    opened.rest()
    assert gate.revisions[:4] == [1, 4, 5, 5]
    opened.session.set_run_state("idle")


def test_a_move_does_not_wait_for_the_next_snapshots_turn(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = sheets_asked(monkeypatch)
    monkeypatch.setattr(mosaic, "REST", 3600.0)
    opened.hand.wheel(opened.plane, opened.pixel(0.5, 0.5), 3)
    opened.rest()
    before = len(asked)
    opened.session.set_run_state("running")
    opened.session.revise_slot(revision=7)
    settle()
    assert len(asked) == before
    assert not opened.program.mosaic.settled
    opened.hand.wheel(opened.plane, opened.pixel(0.5, 0.5), -3)
    opened.rest()
    assert asked[before:] == [7]
    opened.session.set_run_state("idle")


def test_a_runs_last_weights_do_not_wait_for_their_turn(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = sheets_asked(monkeypatch)
    monkeypatch.setattr(mosaic, "REST", 3600.0)
    opened.session.set_run_state("running")
    opened.hand.wheel(opened.plane, opened.pixel(0.5, 0.5), 3)
    opened.rest()
    before = len(asked)
    opened.session.revise_slot(revision=7)
    settle()
    assert asked[before:] == []
    opened.session.set_run_state("stopping")
    opened.rest()
    opened.session.revise_slot(revision=8)
    opened.rest()
    opened.session.set_run_state("idle")
    opened.rest()
    assert asked[before:] == [7, 8]


def test_another_models_mosaic_is_taken_away_at_once(opened: Desk, models: dict[str, Path]) -> None:
    session, first, seen = opened.session, opened.slot, []
    session.slotChanged.connect(lambda slot: seen.append((slot.handle.id == first.handle.id, opened.says("mosaic "))))
    session.put_slot(replace(first, generation=session.new_generation()))  # the same model on the same axes
    assert seen == [(True, True)]
    opened.rest()
    opened.program.opening.open(models["other"])
    opened.wait(lambda: len(seen) > 1)
    assert seen[1] == (False, False)
    opened.rest()
    assert opened.says("mosaic ")
