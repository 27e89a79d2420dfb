"""What is kept when a run breaks, diverges, or its file cannot be written."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import TrainingError
from latent_explorer.core.nn.device import memory_in_a_sentence
from latent_explorer.core.nn.training import Control
from latent_explorer.core.types import ModelHandle, TrainingProgress
from latent_explorer.workers.training import TrainingLane
from tests.workers.test_keeping import Desk
from tests.workers.test_training_lane import progress

WATCHDOG = 20_000  # milliseconds


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    return Desk(monkeypatch, tmp_path / "run.safetensors")


def test_a_run_that_breaks_leaves_what_it_published_last(qtbot: QtBot) -> None:
    handle = ModelHandle("run", ModelConfig((8, 8, 1)))
    kept: list[TrainingProgress] = []
    failures: list[Exception] = []

    def steps() -> Iterator[TrainingProgress]:
        yield progress(0, snapshot=handle)
        yield progress(1, snapshot=handle, resumable=True)
        yield progress(2)
        raise ZeroDivisionError("broken in step 3")

    lane = TrainingLane(1)
    try:
        lane.failed.connect(failures.append)
        lane.start_run(lambda: (steps(), Control()), kept.append)
        qtbot.waitUntil(lambda: bool(failures), timeout=WATCHDOG)
    finally:
        lane.close()
    assert [(what.step, what.outcome, what.resumable) for what in kept] == [(1, "", True), (1, "failed", True)]
    assert kept[-1].codes is None  # they may be older than the weights


def test_a_run_that_diverges_does_not_replace_the_file_it_could_be_continued_from(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    path.write_bytes(b"the run as it was")
    desk.say(1, progress(9, outcome="diverged"))
    assert desk.saved == [(tmp_path / "run diverged.safetensors", "step 9", False)]
    path.unlink()
    desk.say(1, progress(9, outcome="diverged"))
    assert desk.saved[-1] == (path, "step 9", False)


def test_the_end_of_a_run_whose_file_cannot_be_written_is_kept_aside(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    save = Desk._save

    def only_aside(self: Desk, path: Path, *rest: object, **more: bool) -> object:
        self.full = path.parent == tmp_path
        return save(self, path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("latent_explorer.core.checkpoint.weights.save_model", only_aside.__get__(desk))
    desk.say(100, progress(3, resumable=True))
    desk.say(1, progress(4, resumable=True, outcome="stopped"))
    aside = tmp_path / "aside" / "run.safetensors"
    assert desk.saved == [(aside, "step 4", True)]
    QCoreApplication.processEvents()
    assert [said[-1].endswith(f"lies in {aside}.") for said in desk.heard] == [False, True]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried to")])
def test_memory_that_runs_out_is_a_sentence(error: Exception) -> None:
    with pytest.raises(TrainingError, match=r"Memory ran out.*choose"), memory_in_a_sentence():
        raise error


def test_another_error_of_torch_stays_a_bug() -> None:
    with pytest.raises(RuntimeError, match="shapes"), memory_in_a_sentence():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
