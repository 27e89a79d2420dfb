"""Training in the window: with real clicks, on the digits, in seconds."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
import torch
from PySide6.QtWidgets import QLabel, QLineEdit

from latent_explorer.core.checkpoint import weights as weights_module
from latent_explorer.core.checkpoint.library import my_model_path, my_models
from latent_explorer.core.checkpoint.record import read_checkpoint, read_record
from latent_explorer.core.checkpoint.weights import load_model
from latent_explorer.core.errors import ExportError
from latent_explorer.core.nn.families.vae import VAE, Terms
from latent_explorer.core.nn.handles import forget, weights_of
from latent_explorer.core.nn.inference import encode
from latent_explorer.core.nn.written_gradient import WrittenGradient
from latent_explorer.core.types import Codes, ImageDataset, ModelRecord, Slot
from tests.app.conftest import Desk, is_sentence
from tests.core.data import idx_files
from tests.views.hand import Ear, look, settle

MANY = 100_000  # epochs: a run that does not end by itself


def own_files() -> list[Path]:
    return [entry.path for entry in my_models()]


def kept_file(desk: Desk) -> Path:
    """The file of the run that has just ended."""
    assert desk.slot.record is not None
    path = desk.slot.record.path
    assert path is not None
    assert own_files() == [path]
    return path


def running(desk: Desk, after: int = 3) -> None:
    """A run is on, and has come some steps far."""
    desk.wait(lambda: desk.session.run_state == "running" and bool(desk.progress) and desk.progress[-1].step >= after)


def idle(desk: Desk) -> None:
    desk.wait(lambda: desk.session.run_state == "idle")
    desk.rest()


def loss_points(desk: Desk) -> int:
    """Points of the longest curve that is drawn."""
    curves = [
        item
        for plot in desk.window.losses.findChildren(pg.PlotWidget)
        for item in plot.getViewBox().addedItems
        if isinstance(item, pg.PlotDataItem) and item.getData()[0] is not None
    ]
    return max((len(item.getData()[0]) for item in curves), default=0)


# --- a whole run -------------------------------------------------------------------------------------------------------------


def test_a_run_from_the_click_to_the_file(opened: Desk, digits: ImageDataset) -> None:
    desk = opened
    before, points = desk.slot, loss_points(desk)
    slots: list[Slot] = []
    states: list[str] = []
    desk.session.slotChanged.connect(slots.append)
    desk.session.runStateChanged.connect(states.append)
    desk.train(epochs=60)
    desk.wait(lambda: desk.session.run_state == "running")
    assert desk.button("train_button").text() == "Pause"
    assert not desk.box("data").isEnabled()
    assert own_files() == []
    idle(desk)
    # while it ran
    assert states == ["running", "idle"]
    live = [slot for slot in slots if slot.generation == desk.slot.generation]
    assert {slot.slot_id for slot in live} == {before.slot_id}
    assert len({slot.generation for slot in slots}) == 1
    scatters = {slot.codes["mean"].z.tobytes() for slot in live}
    assert len(scatters) >= 3
    revisions = [slot.revision for slot in live]
    assert revisions == sorted(revisions)
    assert [what.step for what in desk.progress] == sorted(what.step for what in desk.progress)
    # at the end
    assert desk.progress[-1].outcome == "finished"
    assert desk.progress[-1].epoch == 60
    assert loss_points(desk) > points
    assert desk.says("Finished after 60 epochs")
    assert desk.says("60 / 60")
    assert desk.button("train_button").text() == "Train"
    assert desk.box("data").isEnabled()
    assert desk.notice == ""
    assert desk.slot.record is not None
    assert not desk.slot.record.resumable
    assert desk.shows((0.0, 0.0))
    # and kept
    path = kept_file(desk)
    assert re.fullmatch(r"digits dense 16 \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d", path.stem)
    assert desk.box("models").currentText() == path.stem
    assert desk.window.windowTitle() == f"{path.stem} · Latent Explorer"
    record = load_model(path)
    assert desk.slot.handle is not None
    mine, stored = weights_of(desk.slot.handle), weights_of(record.handle)
    assert mine.keys() == stored.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, stored[name])
    forget(record.handle)
    assert record.handle.content_hash == desk.slot.handle.content_hash != ""
    np.testing.assert_array_equal(record.codes["mean"].z, desk.slot.codes["mean"].z)
    assert (record.epoch, record.data.content_hash) == (60, digits.content_hash)
    assert record.training is not None
    assert (record.training.epochs, record.handle.architecture.hidden) == (60, (16,))
    assert record.history is not None
    assert record.history.columns["validation_loss"][-1] < record.history.columns["train_loss"][0]


def test_the_codes_at_the_end_are_those_of_the_last_weights(opened: Desk, digits: ImageDataset) -> None:
    opened.train(epochs=5)
    idle(opened)
    codes = opened.slot.codes["mean"]
    np.testing.assert_array_equal(codes.index, digits.split.test)
    assert opened.slot.handle is not None
    mu, _ = encode(opened.slot.handle, digits.images[codes.index])
    np.testing.assert_allclose(codes.z, mu, atol=1e-5)


def test_a_model_that_was_trained_opens_again(opened: Desk, models: dict[str, Path]) -> None:
    desk = opened
    desk.train(epochs=3)
    idle(desk)
    path, picture, codes = kept_file(desk), desk.image(), desk.slot.codes["mean"].z
    desk.program.opening.open(models["other"])
    desk.wait(lambda: desk.slot.name == "other")
    desk.program.opening.open(path)
    desk.wait(lambda: desk.slot.name == path.stem)
    desk.rest()
    np.testing.assert_allclose(desk.image().astype(int), picture.astype(int), atol=1)  # type: ignore[union-attr]
    np.testing.assert_array_equal(desk.slot.codes["mean"].z, codes)


def test_a_second_run_leaves_the_first_ones_file_and_curves(opened: Desk) -> None:
    opened.train(epochs=4)
    idle(opened)
    first = kept_file(opened)
    opened.set_field("seed", "7")
    opened.press("train")
    opened.wait(lambda: opened.session.run_state == "running")
    idle(opened)
    assert opened.slot.record is not None
    assert opened.slot.record.path != first
    assert sorted(own_files()) == sorted([first, opened.slot.record.path])  # type: ignore[type-var]
    assert read_record(first).epoch == 4


def test_an_own_model_can_be_renamed_after_its_run(opened: Desk) -> None:
    """Not while it is on, and at once when it has ended."""
    actions = {name: next(a for a in opened.window.actions() if a.objectName() == f"action_{name}") for name in ("rename", "delete")}
    assert not any(action.isEnabled() for action in actions.values())
    opened.train(epochs=MANY)
    running(opened)
    assert not any(action.isEnabled() for action in actions.values())
    opened.press("stop")
    idle(opened)
    assert all(action.isEnabled() for action in actions.values())


def test_the_same_settings_and_seed_give_the_same_model(opened: Desk) -> None:
    found = []
    for _ in range(2):
        opened.train(epochs=3, seed=11)
        idle(opened)
        assert opened.slot.handle is not None
        found.append(opened.slot.handle.content_hash)
    assert found[0] == found[1]


# --- the probe while it trains -----------------------------------------------------------------------------------------------


def test_the_probe_uses_the_newest_weights_while_training(opened: Desk) -> None:
    desk = opened
    desk.hand.click(desk.plane, desk.pixel(0.6, 0.6))
    desk.away()
    held = desk.session.scene.probe
    desk.wait(lambda: desk.shows(held))
    before = desk.image()
    desk.train(epochs=MANY)
    pictures, revisions = [before], []
    for _ in range(3):
        running(desk, after=desk.progress[-1].step + 20 if desk.progress else 20)
        seen = desk.slot.revision
        desk.wait(lambda seen=seen: desk.slot.revision > seen)  # type: ignore[misc]
        desk.press("train")  # pause
        desk.wait(lambda: desk.session.run_state == "paused")
        desk.rest()
        desk.wait(lambda: desk.shows(held))  # what the published weights decode there
        assert desk.says("in training")
        pictures.append(desk.image())
        revisions.append(desk.slot.revision)
        # also where the pointer is, also while it holds
        desk.hand.move(desk.plane, desk.pixel(0.3, 0.4))
        desk.rest()
        x, y = desk.window.plane.window_rectangle()[:2]
        z = desk.program.probe.shown[0]  # type: ignore[index]
        assert z[0] > x and z[1] > y
        assert desk.shows(z)
        desk.away()
        desk.press("train")  # resume
    assert revisions == sorted(set(revisions))
    assert all((one != other).any() for one, other in pairwise(pictures))
    desk.press("stop")
    idle(desk)
    desk.wait(lambda: desk.shows(held))


def test_the_last_codes_are_painted_when_a_run_holds_and_when_it_ends(opened: Desk) -> None:
    """While it goes on another thread paints the points; the window's own drawing of the same codes is the measure."""
    desk, plane = opened, opened.window.plane
    painted: list[object] = []
    told = plane.take_points_picture
    plane.take_points_picture = lambda drawing, words: (painted.append(words), told(drawing, words))  # type: ignore[method-assign]

    def check() -> None:
        desk.rest()
        np.testing.assert_array_equal(desk.session.slot.codes["mean"].z, desk.program.scenery._shown_codes.z)  # type: ignore[union-attr]
        shown = look(plane)
        plane.set_hidden(frozenset({0}))
        assert (look(plane) != shown).any()
        plane.set_hidden(frozenset())
        np.testing.assert_array_equal(look(plane), shown)

    desk.away()
    desk.train(epochs=MANY)
    running(desk, after=100)
    desk.press("train")  # pause
    desk.wait(lambda: desk.program.training_lane._condition._waiters)  # it holds, and has told all
    settle()
    check()
    desk.press("train")  # resume
    running(desk, after=desk.progress[-1].step + 50)
    desk.press("stop")
    idle(desk)
    check()
    assert len(painted) > 1


def test_a_drag_while_training_ends_at_its_last_place(opened: Desk) -> None:
    desk = opened
    ear = Ear(desk.window.plane, "planePointHeld")
    desk.train(epochs=MANY)
    running(desk)
    desk.hand.drag(desk.plane, [desk.pixel(0.2 + 0.005 * k, 0.3) for k in range(100)])
    held = ear.of("planePointHeld")[-1][1:]
    assert desk.session.scene.probe == pytest.approx(held)
    desk.press("stop")
    idle(desk)
    desk.away()
    desk.wait(lambda: desk.shows(desk.session.scene.probe))
    assert desk.session.scene.probe == pytest.approx(held)


def test_the_scatter_moves_while_training(opened: Desk) -> None:
    desk = opened
    desk.train(epochs=MANY)
    running(desk)
    first: Codes = desk.slot.codes["mean"]
    desk.wait(lambda: desk.slot.codes["mean"] is not first)
    second = desk.slot.codes["mean"]
    assert (first.z != second.z).any()
    assert len(first.z) == len(second.z)
    assert desk.says(f"{len(first.z):,} points")
    desk.press("stop")
    idle(desk)


# --- pause, step, stop, go on ------------------------------------------------------------------------------------------------


def test_step_from_rest_and_step_by_step(opened: Desk) -> None:
    desk = opened
    desk.set_field("hidden", "16")
    desk.set_field("epochs", "5")
    for step in range(1, 4):
        desk.press("step")
        desk.wait(lambda step=step: bool(desk.progress) and desk.progress[-1].step == step)  # type: ignore[misc]
        assert desk.session.run_state == "paused"
        assert desk.button("train_button").text() == "Resume"
    assert not desk.window.training.findChild(QLineEdit, "field_lr").isEnabled()  # type: ignore[union-attr]
    desk.press("train")
    idle(desk)
    assert desk.progress[-1].outcome == "finished"
    assert max(what.step for what in desk.progress) == desk.progress[-1].steps


def test_pause_holds_and_resume_goes_on(opened: Desk) -> None:
    desk = opened
    desk.train(epochs=MANY)
    running(desk)
    desk.press("train")
    desk.wait(lambda: desk.session.run_state == "paused")
    told = len(desk.progress)
    for _ in range(5):
        before = desk.progress[-1].step
        desk.press("step")
        desk.wait(lambda before=before: desk.progress[-1].step > before)  # type: ignore[misc]
    desk.press("stop")
    idle(desk)
    # A held run tells every step, some twice: once more with codes. Besides the five only the one that was under way, and what
    # was on its way here.
    *told_steps, last = [what.step for what in desk.progress[told:]]
    steps = sorted(set(told_steps))
    assert desk.progress[-1].outcome == "stopped"
    assert steps[-5:] == list(range(last - 4, last + 1))
    assert 5 <= len(steps) <= 7
    desk.press("train")  # continue, and without a pause it runs
    running(desk, after=last + 10)
    desk.press("stop")
    idle(desk)


def test_stop_keeps_and_continue_goes_on_where_it_stopped(opened: Desk) -> None:
    desk = opened
    desk.train(epochs=30)
    running(desk, after=20)
    desk.press("stop")
    idle(desk)
    stopped, path = desk.progress[-1], kept_file(desk)
    assert desk.says(f"Stopped after {stopped.epoch} epoch")
    assert desk.says(f"{stopped.epoch} / 30")
    assert desk.button("train_button").text() == "Continue"
    kept = read_checkpoint(path)
    assert kept.record.resumable
    assert int(kept.state["optim.position"][0]) == stopped.step
    desk.progress.clear()
    desk.press("train")
    idle(desk)
    assert desk.progress[0].step == stopped.step
    assert desk.progress[-1].outcome == "finished"
    assert desk.progress[-1].epoch == 30
    assert kept_file(desk) == path  # the same model, grown up
    assert not read_record(path).resumable
    assert desk.button("train_button").text() == "Train"


def test_an_unfinished_model_of_a_file_can_be_continued(desk: Desk, models: dict[str, Path]) -> None:
    """In My models under the same name; a file elsewhere is the person's own and stays as it is."""
    file = models["unfinished"].read_bytes()
    mine = my_model_path("mine")
    mine.write_bytes(file)
    desk.open(models["unfinished"])
    for path in (models["unfinished"], mine):
        desk.program.opening.open(path)
        desk.wait(lambda path=path: desk.slot.record is not None and desk.slot.record.path == path)  # type: ignore[misc]
        desk.rest()
        assert desk.button("train_button").text() == "Continue"
        assert desk.window.training.training_config().epochs == 40
        desk.progress.clear()
        desk.press("train")
        idle(desk)
        assert desk.progress[0].step == 20
        assert (desk.progress[-1].outcome, desk.progress[-1].epoch) == ("finished", 40)
        assert desk.slot.record is not None
        assert (desk.slot.record.path == mine) == (path is mine)
    assert models["unfinished"].read_bytes() == file
    assert len(own_files()) == 2


def test_a_stopped_run_goes_on_to_the_very_model_that_an_unbroken_run_gives(opened: Desk) -> None:
    hashes = []
    for stop in (False, True):
        opened.progress.clear()
        opened.train(epochs=80, seed=3)  # long enough to be stopped on the way
        if stop:
            running(opened, after=5)
            opened.press("stop")
            idle(opened)
            assert opened.progress[-1].step < opened.progress[-1].steps
            opened.press("train")
            opened.wait(lambda: opened.session.run_state == "running")
        idle(opened)
        assert opened.progress[-1].outcome == "finished"
        assert opened.slot.handle is not None
        hashes.append(opened.slot.handle.content_hash)
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(("field", "text"), [("seed", "8"), ("hidden", "10"), ("epochs", "31")])
def test_other_settings_begin_a_new_run(desk: Desk, models: dict[str, Path], field: str, text: str) -> None:
    desk.open(models["unfinished"])
    file = models["unfinished"].read_bytes()
    desk.set_field(field, text)
    assert desk.button("train_button").text() == "Train"
    desk.press("train")
    running(desk)
    assert desk.progress[0].step == 0
    desk.press("stop")
    idle(desk)
    assert models["unfinished"].read_bytes() == file
    assert kept_file(desk) != models["unfinished"]


def test_a_chosen_schedule_begins_a_new_run_too(desk: Desk, models: dict[str, Path]) -> None:
    desk.open(models["unfinished"])
    desk.choose("schedule", 1)
    assert desk.button("train_button").text() == "Train"
    desk.choose("schedule", 0)
    assert desk.button("train_button").text() == "Continue"


def test_the_menu_does_what_the_buttons_do(opened: Desk) -> None:
    desk = opened
    desk.set_field("hidden", "16")
    desk.set_field("epochs", str(MANY))
    for wish, state in (("train", "running"), ("train", "paused"), ("train", "running"), ("step", "paused"), ("stop", "idle")):
        desk.wish(wish)
        desk.wait(lambda state=state: desk.session.run_state == state)  # type: ignore[misc]
    idle(desk)
    assert desk.progress[-1].outcome == "stopped"


def test_opening_waits_for_the_end_of_the_run(opened: Desk, models: dict[str, Path]) -> None:
    desk = opened
    desk.train(epochs=MANY)
    running(desk)
    name = desk.slot.name
    desk.program.opening.open(models["other"])
    assert is_sentence(desk.notice)
    assert "run is on" in desk.notice
    box = desk.box("models")
    box.activated.emit(box.currentIndex())  # the model in training, which has no file yet
    desk.press("stop")
    idle(desk)
    assert desk.slot.name == name
    assert box.currentText() == name


# --- what cannot be ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "option"),
    [
        ("lr", "0", "learning rate"),
        ("lr", "two", "learning rate"),
        ("epochs", "0", "epochs"),
        ("hidden", "16,0", "hidden"),
        ("batch_size", "-4", "batch"),
        ("validation", "5000", "validation"),  # more than there are images: only the data set knows
        ("seed", "x", "seed"),
    ],
)
@pytest.mark.parametrize("button", ["train", "step"])
def test_impossible_settings_start_nothing(opened: Desk, name: str, text: str, option: str, button: str) -> None:
    desk = opened
    before = desk.session.slot, desk.session.scene, desk.session.dataset
    desk.set_field(name, text)
    desk.press(button)
    assert is_sentence(desk.notice)
    assert option in desk.notice.lower()
    assert re.search(r"\d", desk.notice)  # the range
    assert desk.session.run_state == "idle"
    assert not desk.program.training_lane.active
    assert (desk.session.slot, desk.session.scene, desk.session.dataset) == before
    assert own_files() == []
    if name != "validation":
        label = desk.window.training.findChild(QLabel, "settings_problem")
        assert label is not None
        assert label.text() == desk.notice


def test_train_before_the_data_are_there_waits_for_them(desk: Desk, models: dict[str, Path]) -> None:
    desk.train(epochs=3)
    assert desk.says("Waiting for the data")
    assert desk.session.run_state == "idle"
    assert not desk.program.training_lane.active
    desk.program.start(models["small"])
    desk.wait(lambda: bool(desk.progress) and desk.progress[-1].outcome == "finished")
    idle(desk)
    assert len(own_files()) == 1


def test_a_new_run_where_continue_is_offered(opened: Desk) -> None:
    """With the same settings, from the first step on; the stopped run's file stays as it is."""
    desk = opened
    desk.train(epochs=MANY)
    running(desk, after=100)
    desk.wish("new_run")  # one is on
    assert is_sentence(desk.notice)
    desk.press("stop")
    idle(desk)
    first = kept_file(desk)
    before = first.read_bytes()
    assert desk.button("train_button").text() == "Continue"
    last = desk.progress[-1].step
    desk.progress.clear()
    desk.wish("new_run")
    desk.wait(lambda: bool(desk.progress))
    assert desk.progress[0].step < last
    running(desk)
    desk.press("stop")
    idle(desk)
    assert len(own_files()) == 2 and first.read_bytes() == before
    assert desk.slot.record is not None and desk.slot.record.path != first
    assert desk.button("train_button").text() == "Continue"


def test_a_run_that_is_stopped_within_its_first_epoch_says_so(opened: Desk) -> None:
    opened.set_field("batch_size", "1")
    opened.press("step")
    opened.wait(lambda: bool(opened.progress) and opened.progress[-1].step >= 1)
    opened.press("stop")
    idle(opened)
    assert opened.progress[-1].epoch == 0
    assert opened.says("Stopped in the first epoch; kept in My models.")


@pytest.mark.parametrize("good", [True, False])
def test_train_waits_for_the_data_that_the_box_shows(opened: Desk, tmp_path: Path, good: bool) -> None:
    """And a set that turns out not to be there leaves no run on another one."""
    desk = opened
    folder = idx_files.write(tmp_path / "tiny", idx_files.arrays())
    if not good:
        next(folder.glob("train-labels*")).unlink()
    desk.program.lanes.jobs.hold()
    desk.program.datasets.load(str(folder))
    assert desk.box("data").currentText() == "tiny"
    desk.train(epochs=3)
    assert desk.says("Waiting for tiny to be loaded.")
    assert desk.session.run_state == "idle" and not desk.program.training_lane.active
    desk.program.lanes.jobs.release()
    if good:
        desk.wait(lambda: bool(desk.progress) and desk.progress[-1].outcome == "finished")
        idle(desk)
        assert desk.slot.data is not None and desk.slot.data.name == "tiny"
    else:
        desk.wait(lambda: desk.notice != "")
        desk.rest()
        assert desk.box("data").currentText() == "digits" and desk.says("no run was begun")
        assert desk.session.run_state == "idle" and not desk.program.training_lane.active and own_files() == []


def diverge(monkeypatch: pytest.MonkeyPatch, after: int, value: float = float("nan")) -> None:
    """From some step on the reconstruction is no number."""
    real = VAE.terms
    steps = 0

    def terms(module: VAE, *arguments: Any, **more: Any) -> Terms:
        nonlocal steps
        found = real(module, *arguments, **more)
        steps += torch.is_grad_enabled()
        return found if steps <= after else Terms(found.reconstruction * value, found.kl)

    monkeypatch.setattr(WrittenGradient, "fits", lambda module: False)
    monkeypatch.setattr(VAE, "terms", terms)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_run_that_diverges_says_so_and_keeps_the_last_good_weights(opened: Desk, monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    desk = opened
    diverge(monkeypatch, after=30, value=value)  # nine steps an epoch: three have ended well
    desk.train(epochs=50)
    idle(desk)
    assert desk.progress[-1].outcome == "diverged"
    assert is_sentence(desk.notice.replace(". Try", "; try"))
    assert "learning rate" in desk.notice
    record = load_model(kept_file(desk))
    assert not record.resumable
    assert all(np.isfinite(array).all() for array in weights_of(record.handle).values())
    assert np.isfinite(record.codes["mean"].z).all()
    forget(record.handle)
    assert desk.button("train_button").text() == "Train"
    assert desk.shows((0.0, 0.0))
    # The next run can be started at once.
    monkeypatch.undo()
    desk.press("train")
    running(desk)
    desk.press("stop")
    idle(desk)


def test_a_run_that_diverges_at_once(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    diverge(monkeypatch, after=0)
    opened.train(epochs=5)
    idle(opened)
    assert opened.progress[-1].outcome == "diverged"
    assert np.isfinite(opened.slot.codes["mean"].z).all()


def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nothing can be written; the result makes room again."""
    real = weights_module.save_model

    def save(path: Path, record: ModelRecord, *, with_state: bool = False) -> ModelRecord:
        if full:
            raise ExportError("The disk is full; free some space and save again.")
        return real(path, record, with_state=with_state)

    full = True

    def free() -> None:
        nonlocal full
        full = False

    monkeypatch.setattr(weights_module, "save_model", save)
    return free


def test_a_run_that_cannot_be_kept_says_so_and_can_be_saved_elsewhere(
    opened: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Trained work is never lost."""
    desk = opened
    free = full_disk(monkeypatch)
    desk.train(epochs=3)
    idle(desk)
    assert "disk is full" in desk.notice
    assert own_files() == []
    assert not desk.says("; kept in My models")
    assert desk.shows((0.0, 0.0))
    assert desk.slot.record is not None
    assert desk.slot.record.epoch == 3
    free()
    desk.program.keeping.save_as(desk.slot.record, tmp_path / "saved.safetensors")
    desk.wait(lambda: (tmp_path / "saved.safetensors").exists() and not desk.program.lanes.jobs.busy)
    record = load_model(tmp_path / "saved.safetensors")
    assert desk.slot.handle is not None
    for name, array in weights_of(desk.slot.handle).items():
        np.testing.assert_array_equal(array, weights_of(record.handle)[name])
    forget(record.handle)


def test_small_images_of_any_size_can_be_trained_on(opened: Desk, tmp_path: Path) -> None:
    """A folder of 5 x 4 images, twenty of them; the model before had 8 x 8."""
    desk = opened
    desk.program.datasets.load(str(idx_files.write(tmp_path / "tiny", idx_files.arrays())))
    desk.wait(lambda: desk.session.dataset is not None and desk.session.dataset.name == "tiny")
    desk.train(epochs=3)
    idle(desk)
    assert desk.progress[-1].outcome == "finished"
    assert desk.image().shape == (5, 4, 3)  # type: ignore[union-attr]
    assert desk.says("10 points")
    assert desk.slot.data is not None
    assert desk.slot.data.name == "tiny"
