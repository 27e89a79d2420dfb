"""Copy as Python: what is on the clipboard is run, and shows what the window shows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QGuiApplication

from latent_explorer.core.checkpoint import library
from tests.app.conftest import Desk, is_sentence
from tests.views.hand import Key, Modifier

ROOT = Path(__file__).resolve().parents[2]


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


@pytest.fixture(autouse=True)
def empty_clipboard(desk: Desk) -> None:
    QGuiApplication.clipboard().setText("")


def run_elsewhere(text: str, folder: Path) -> np.ndarray:
    """The image that the lines make in a process of their own, started in another folder."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = text + f"\nimport numpy\nnumpy.save({str(folder / 'image.npy')!r}, image)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    image: np.ndarray = np.load(folder / "image.npy")
    return image


def hold(desk: Desk, x: float, y: float) -> None:
    desk.hand.click(desk.plane, desk.pixel(x, y))
    desk.away()
    desk.wait(lambda: desk.shows(desk.session.scene.probe))
    desk.rest()


def test_what_was_copied_gives_the_shown_image(opened: Desk, models: dict[str, Path], tmp_path: Path) -> None:
    hold(opened, 0.3, 0.7)
    opened.wish("copy_python")
    text = clipboard()
    assert repr(str(models["small"])) in text  # in no list of models: by its path
    assert opened.slot.handle is not None and opened.slot.handle.content_hash[:12] in text
    assert "clipboard" in opened.notice
    image = run_elsewhere(text, tmp_path)
    assert image.dtype == np.float32 and image.shape == (8, 8, 1)
    assert opened.program.probe.shown is not None
    np.testing.assert_allclose(image * 255, opened.program.probe.shown[1], atol=0.6)


def test_by_the_keyboard_while_the_pointer_is_on_the_plane(opened: Desk) -> None:
    hold(opened, 0.3, 0.7)
    opened.hand.move(opened.plane, opened.pixel(0.6, 0.2))
    opened.wait(lambda: opened.program.probe.shown is not None and opened.program.probe.shown[0] != opened.session.scene.probe)
    opened.rest()
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_P, Modifier.ControlModifier | Modifier.ShiftModifier)
    assert opened.program.probe.shown is not None
    left: dict[str, object] = {}
    exec(next(line for line in clipboard().splitlines() if line.startswith("z = ")), left)
    assert np.asarray(left["z"], np.float32).tolist() == list(opened.program.probe.shown[0])


def test_models_in_the_lists_are_copied_by_name(opened: Desk, models: dict[str, Path], tmp_path: Path) -> None:
    mine = library.my_model_path("it's mine")
    mine.write_bytes(models["other"].read_bytes())
    shipped = next(entry for entry in library.shipped() if entry.name == "digits")
    for path, name in ((mine, "it's mine"), (shipped.path, "digits")):
        opened.program.opening.open(path)
        opened.wait(lambda path=path: opened.slot.record is not None and opened.slot.record.path == path)  # type: ignore[misc]
        opened.rest()
        opened.wish("copy_python")
        assert f"load({name!r})" in clipboard()
        image = run_elsewhere(clipboard(), tmp_path)
        assert opened.program.probe.shown is not None
        np.testing.assert_allclose(image * 255, opened.program.probe.shown[1], atol=0.6)


def test_a_model_in_training_is_copied_once_it_lies_in_a_file(opened: Desk, tmp_path: Path) -> None:
    opened.train(epochs=5000)
    opened.wait(lambda: opened.slot.record is None)  # the run's model has taken the plane
    opened.rest()
    opened.wish("copy_python")
    assert clipboard() == ""
    assert is_sentence(opened.notice) and "when the run has ended" in opened.notice
    opened.press("stop")
    opened.wait(lambda: opened.session.run_state == "idle" and opened.slot.record is not None)
    opened.rest()
    opened.wish("copy_python")
    image = run_elsewhere(clipboard(), tmp_path)
    assert opened.program.probe.shown is not None
    np.testing.assert_allclose(image * 255, opened.program.probe.shown[1], atol=0.6)


def test_a_model_whose_file_was_deleted_is_not_copied(opened: Desk, models: dict[str, Path]) -> None:
    mine = library.my_model_path("mine")
    mine.write_bytes(models["other"].read_bytes())
    opened.program.opening.open(mine)
    opened.wait(lambda: opened.slot.record is not None and opened.slot.record.path == mine)
    opened.rest()
    assert opened.slot.record is not None
    opened.program.keeping.delete(opened.slot.record)
    opened.wish("copy_python")
    assert clipboard() == ""
    assert "save it first" in opened.notice


def test_before_there_is_anything_to_copy_it_says_so(desk: Desk, models: dict[str, Path]) -> None:
    desk.wish("copy_python")
    assert is_sentence(desk.notice) and "no model" in desk.notice
    seen: list[str] = []

    def note(slot: object) -> None:
        desk.wish("copy_python")
        seen.append(desk.notice)

    desk.session.slotChanged.connect(note)
    desk.program.start(models["small"])
    desk.wait(lambda: bool(seen))
    assert clipboard() == ""
    assert is_sentence(seen[0]) and "loading" in seen[0]
    desk.session.slotChanged.disconnect(note)
    desk.wait(lambda: desk.session.slot is not None and desk.session.slot.ready)
    desk.rest()
    desk.wish("copy_python")
    assert "latent_explorer.load" in clipboard()
