"""The keeper of a run: when it writes, and what it says."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from latent_explorer.core.checkpoint import weights
from latent_explorer.core.errors import ExportError
from latent_explorer.core.types import ModelRecord, TrainingProgress
from latent_explorer.workers import keeping
from latent_explorer.workers.keeping import SECONDS_BETWEEN, RunKeeper
from tests.core.checkpoint.models import record as make_record
from tests.workers.test_training_lane import progress

WATCHDOG = 20_000  # milliseconds


class Desk:
    """A keeper with a clock of the test's own, and a save that writes nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.now = 1000.0
        self.saved: list[tuple[Path, str, bool]] = []
        self.full = False
        self.heard: list[tuple[Any, ...]] = []
        self.threads: set[int] = set()
        monkeypatch.setattr(keeping, "time", SimpleNamespace(monotonic=lambda: self.now))
        monkeypatch.setattr(weights, "save_model", self._save)
        self.keeper = RunKeeper(path, lambda what: make_record(name=f"step {what.step}"))
        self.keeper.kept.connect(self._kept)
        self.keeper.failed.connect(self._failed)

    def _save(self, path: Path, record: ModelRecord, *, with_state: bool = False) -> ModelRecord:
        if self.full:
            raise ExportError("The disk is full; free some space.")
        self.saved.append((path, record.name, with_state))
        return record

    def _kept(self, record: ModelRecord, outcome: str) -> None:
        self.threads.add(threading.get_ident())
        self.heard.append((record.name, outcome))

    def _failed(self, record: ModelRecord, outcome: str, sentence: str) -> None:
        self.threads.add(threading.get_ident())
        self.heard.append((record.name, outcome, sentence))

    def say(self, after: float, what: TrainingProgress) -> None:
        """The training thread calls, some seconds after the last time."""
        self.now += after
        thread = threading.Thread(target=self.keeper, args=(what,))
        thread.start()
        thread.join()


@pytest.fixture
def desk(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Desk:
    return Desk(monkeypatch, tmp_path / "run.safetensors")


def test_it_writes_at_most_every_twenty_seconds_and_at_the_end(desk: Desk, tmp_path: Path) -> None:
    assert SECONDS_BETWEEN == 20
    desk.say(1, progress(1, resumable=True))
    desk.say(18.9, progress(2, resumable=True))
    assert desk.saved == []
    desk.say(0.1, progress(3, resumable=True))
    desk.say(19, progress(4, resumable=True))
    desk.say(1, progress(5, resumable=True))
    desk.say(0.1, progress(6, resumable=True, outcome="stopped"))
    path = tmp_path / "run.safetensors"
    assert desk.saved == [(path, "step 3", True), (path, "step 5", True), (path, "step 6", True)]
    QCoreApplication.processEvents()
    assert desk.heard == [("step 3", ""), ("step 5", ""), ("step 6", "stopped")]
    assert desk.threads == {threading.get_ident()}


@pytest.mark.parametrize(("outcome", "resumable"), [("finished", False), ("stopped", True), ("diverged", False)])
def test_the_end_is_always_written_with_state_only_where_it_can_be_continued(desk: Desk, outcome: str, resumable: bool) -> None:
    desk.say(0, progress(9, resumable=resumable, outcome=outcome))
    assert [(name, with_state) for _, name, with_state in desk.saved] == [("step 9", resumable)]
    QCoreApplication.processEvents()
    assert desk.heard == [("step 9", outcome)]


def test_what_could_not_be_written_at_the_end_is_handed_over(desk: Desk) -> None:
    desk.full = True
    desk.say(0, progress(7, resumable=True, outcome="stopped"))
    QCoreApplication.processEvents()
    assert desk.heard == [("step 7", "stopped", "The disk is full; free some space.")]


def test_a_full_disk_is_told_and_tried_again(desk: Desk) -> None:
    desk.full = True
    desk.say(20, progress(1, resumable=True))
    desk.say(20, progress(2, resumable=True))
    desk.full = False
    desk.say(20, progress(3, resumable=True))
    QCoreApplication.processEvents()
    sentence = "The disk is full; free some space."
    assert desk.heard == [("step 1", "", sentence), ("step 2", "", sentence), ("step 3", "")]
    assert desk.threads == {threading.get_ident()}
