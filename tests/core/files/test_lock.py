from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from latent_explorer.core.errors import Cancelled
from latent_explorer.core.files.lock import only_one

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from latent_explorer.core.files.lock import only_one
with only_one(Path(sys.argv[1]), lambda: None) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def never() -> None:
    raise AssertionError("there is nobody to wait for")


def test_one_after_the_other(tmp_path: Path) -> None:
    for _ in range(2):
        with only_one(tmp_path / "lock", never) as held:
            assert held
    with only_one(tmp_path / "one", never), only_one(tmp_path / "other", never):
        pass


def test_who_waits_can_leave_and_who_stays_gets_in(tmp_path: Path) -> None:
    inside: list[str] = []
    waits = threading.Event()

    def second() -> None:
        with only_one(tmp_path / "lock", waits.set):
            inside.append("second")

    def cancel() -> None:
        raise Cancelled

    with only_one(tmp_path / "lock", never):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(60)
        with pytest.raises(Cancelled), only_one(tmp_path / "lock", cancel):
            inside.append("cancelled")
        inside.append("first")
    thread.join()
    assert inside == ["first", "second"]


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    def cancel() -> None:
        raise Cancelled

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        with pytest.raises(Cancelled), only_one(tmp_path / "lock", cancel):
            pass
        process.kill()
        process.wait()
        with only_one(tmp_path / "lock", never) as held:
            assert held
