"""Reading ahead, in a thread of its own."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from latent_explorer.core.checkpoint import reading as reading_module
from latent_explorer.core.checkpoint.reading import Reading
from latent_explorer.core.checkpoint.record import Checkpoint, read_checkpoint, write_checkpoint
from latent_explorer.core.errors import CheckpointError
from tests.core.checkpoint.models import record, weights

WATCHDOG = 60.0


def test_what_is_read_is_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    written = write_checkpoint(path, record(), weights())
    reading = Reading(path)
    checkpoint = reading.result()
    assert reading.path == path
    assert reading.done
    assert checkpoint.record.handle.content_hash == written.handle.content_hash
    for name, array in weights().items():
        np.testing.assert_array_equal(checkpoint.weights[name], array)
    assert reading.result() is checkpoint  # may be asked again


def test_a_file_that_is_none_raises_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"no model at all")
    reading = Reading(path)
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            reading.result()


def test_it_begins_at_once_and_the_result_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    write_checkpoint(path, record(), weights())
    begun, gate = threading.Event(), threading.Event()

    def slow(path: Path) -> Checkpoint:
        begun.set()
        assert gate.wait(WATCHDOG)
        return read_checkpoint(path)

    monkeypatch.setattr(reading_module, "read_checkpoint", slow)
    reading = Reading(path)
    assert begun.wait(WATCHDOG)
    assert not reading.done
    opener = threading.Timer(0.02, gate.set)
    opener.start()
    assert reading.result().record.name == record().name
    assert gate.is_set()
    opener.join()
