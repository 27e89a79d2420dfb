"""What the window shows before torch is loaded, and that torch takes over without anything to see."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from latent_explorer.app.features import opening
from latent_explorer.app.features.probe import WAITING
from latent_explorer.core.checkpoint import reading as reading_module
from latent_explorer.core.checkpoint.reading import Reading
from latent_explorer.core.checkpoint.record import Checkpoint, read_checkpoint
from latent_explorer.core.checkpoint.weights import save_model
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.handles import forget, has, publish
from latent_explorer.core.types import Codes, DataReference, ModelHandle, ModelRecord
from latent_explorer.views.image_view import ImageView
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.workers.task import Task
from tests.app.conftest import WATCHDOG, Desk, is_sentence
from tests.app.test_opening import ships_other  # noqa: F401  # a fixture
from tests.views.hand import Ear, settle


@pytest.fixture
def held(desk: Desk, models: dict[str, Path]) -> Desk:
    """The program as it starts: the model was read before the window was there, and the jobs, torch among them, wait."""
    desk.program.lanes.jobs.hold()
    reading = Reading(models["small"])
    reading.result()
    desk.program.start(models["small"], reading)
    return desk


def test_a_model_that_was_read_already_is_shown_at_once(held: Desk) -> None:
    assert held.slot.name == "small"
    assert held.window.windowTitle() == "small · Latent Explorer"
    assert not held.slot.ready
    assert held.box("models").currentText() == "small"


def test_image_and_mosaic_follow_before_the_networks_are_built(held: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ear = Ear(held.window.plane, "planePointPicked")
    held.wait(lambda: held.image() is not None and held.program.mosaic.settled)
    seen = []
    for place in ((0.2, 0.3), (0.8, 0.4), (0.5, 0.8)):
        held.hand.move(held.plane, held.pixel(*place))
        z = held.under(ear)
        held.wait(lambda z=z: held.program.probe.shown is not None and np.allclose(held.program.probe.shown[0], z, atol=1e-6))  # type: ignore[misc]
        picture = held.image()
        assert picture is not None
        seen.append((z, picture))
    assert held.slot.handle is not None
    assert not has(held.slot.handle)  # nobody else can have answered
    assert held.says("mosaic ")
    # And then the networks come: the same pictures, and nothing is drawn again.
    sheets: list[object] = []
    monkeypatch.setattr(PlaneView, "set_mosaic", lambda view, *arguments: sheets.append(arguments))
    waiting: list[str] = []
    told = ImageView.set_image

    def note(view: ImageView, pixels: np.ndarray | None, message: str = "") -> None:
        waiting.append(message)
        told(view, pixels, message)

    monkeypatch.setattr(ImageView, "set_image", note)
    held.program.lanes.jobs.release()
    held.wait(lambda: held.slot.ready)
    held.rest()
    assert held.slot.quick is None
    assert has(held.slot.handle)
    assert held.program.mosaic.settled
    assert sheets == []
    assert set(waiting) == {""}
    for z, picture in seen:
        assert np.abs(picture.astype(int) - held.decoded(z)).max() <= 1
    assert held.shows(seen[-1][0])


def conv_model(path: Path) -> Path:
    """Untrained convolutions, with some codes."""
    handle = ModelHandle("convolutions", ModelConfig((8, 8, 1), network="conv", hidden=(4,), channels=(2,)))
    publish(handle, build(handle.architecture, 1).eval().requires_grad_(False))
    z = np.random.default_rng(0).standard_normal((20, 2)).astype(np.float32)
    codes = {"mean": Codes("mean", z, np.arange(20), np.full(20, -1, np.int64))}
    save_model(path, ModelRecord(handle, "conv", codes, None, DataReference("odd", "ab" * 32, (), (8, 8, 1)), None))
    forget(handle)
    return path


def test_networks_that_numpy_leaves_to_torch_are_waited_for(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "quick_decoder", lambda architecture, weights: None)
    path = conv_model(tmp_path / "conv.safetensors")
    desk.program.lanes.jobs.hold()
    reading = Reading(path)
    reading.result()
    desk.program.start(path, reading)
    desk.wait(lambda: desk.window.image.pixels._message == WAITING)
    assert not desk.slot.decodes
    assert not desk.says("mosaic ")
    desk.program.lanes.jobs.release()
    desk.wait(lambda: desk.slot.ready)
    desk.rest()
    assert desk.shows((0.0, 0.0))
    assert desk.says("mosaic ")


def test_convolutions_answer_early_too(desk: Desk, tmp_path: Path) -> None:
    path = conv_model(tmp_path / "conv.safetensors")
    desk.program.lanes.jobs.hold()
    reading = Reading(path)
    reading.result()
    desk.program.start(path, reading)
    desk.wait(lambda: desk.image() is not None and desk.program.mosaic.settled)
    early = desk.image()
    desk.program.lanes.jobs.release()
    desk.wait(lambda: desk.slot.ready)
    desk.rest()
    assert early is not None
    assert np.abs(early.astype(int) - desk.decoded((0.0, 0.0))).max() <= 1


def test_a_slow_disk_does_not_hold_up_the_window(desk: Desk, models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()

    def slow(path: Path) -> Checkpoint:
        assert gate.wait(WATCHDOG / 1000)
        return read_checkpoint(path)

    monkeypatch.setattr(reading_module, "read_checkpoint", slow)
    desk.program.start(models["small"], Reading(models["small"]))
    settle()
    assert desk.empty
    gate.set()
    desk.wait(lambda: not desk.empty and desk.slot.ready)
    desk.rest()
    assert desk.slot.name == "small"
    assert desk.shows((0.0, 0.0))


@pytest.mark.usefixtures("ships_other")
@pytest.mark.parametrize("early", [True, False], ids=["read before", "read late"])
def test_a_file_that_is_no_model_gives_way_to_the_default(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, early: bool) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"no model at all")
    if not early:
        monkeypatch.setattr(Reading, "done", False)
    reading = Reading(bad)
    desk.program.start(bad, reading)
    desk.wait(lambda: desk.notice != "" and not desk.empty and desk.slot.ready)
    desk.rest()
    assert is_sentence(desk.notice)
    assert "bad.safetensors" in desk.notice
    assert desk.slot.name == "other"


@pytest.mark.parametrize("mosaic", [False, True], ids=["nothing to draw", "the mosaic is on its way"])
def test_jobs_wait_for_the_first_picture_and_no_longer(desk: Desk, mosaic: bool) -> None:
    lanes, ran, gate = desk.program.lanes, threading.Event(), threading.Event()
    desk.program.paint_first()
    lanes.jobs.submit(Task("", lambda context: ran.set(), lambda result: None, torch=False))
    if mosaic:
        lanes.tiles.submit(Task("", lambda context: gate.wait(WATCHDOG / 1000), lambda result: None, torch=False))
    assert not ran.wait(0.05)
    desk.window.plane.viewport().repaint()
    settle()
    if mosaic:
        assert not ran.wait(0.05)
        gate.set()
    desk.wait(ran.is_set)
    desk.program._begin_jobs()  # as when a word of the tiles lane was on its way while the program stopped listening
