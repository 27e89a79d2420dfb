"""What is worked out once: by one thread, and only those wait who ask the same object."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from latent_explorer.core.once import once

PATIENCE = 30.0


@dataclass(frozen=True, eq=False)
class Thing:
    name: str
    begun: threading.Event
    go_on: threading.Event
    times: list[str]

    @once
    def value(self) -> str:
        """What it says."""
        self.times.append(self.name)
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        return self.name * 2


def test_another_object_does_not_wait_and_the_same_one_is_asked_once() -> None:
    times: list[str] = []
    slow = Thing("slow", threading.Event(), threading.Event(), times)
    quick = Thing("quick", threading.Event(), threading.Event(), times)
    quick.go_on.set()
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(slow.value)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert slow.begun.wait(PATIENCE)
    assert quick.value == "quickquick"  # while the slow one is at it
    slow.go_on.set()
    for thread in threads:
        thread.join()
    assert found == ["slowslow"] * 3
    assert sorted(times) == ["quick", "slow"]
    assert Thing.value.__doc__ == "What it says."
