"""How soon the program is there: process start to the scatter painted, and to the first decoded image painted.

The real command (`latent-explorer open MODEL`) in a process of its own, five times after one that warms the disk; medians.

Peer of `window_s`: a process that imports torch, Qt and pyqtgraph and does nothing else: the least that a program takes
which loads torch before it shows its window.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from latent_explorer.core.checkpoint.library import shipped
from tests.benchmarks.figure import Figure, now, quick

MODEL = "mnist-qlvm"
RUNS = 5
AIM_WINDOW, AIM_DECODE = 0.9, 2.0  # seconds
LIMIT = 60.0
IMPORTS = "import torch, PySide6.QtWidgets, pyqtgraph"


def start_once(model: Path) -> tuple[float, float]:
    """Seconds to the scatter and to the first decoded image."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "moments.json")
        private = {"LATENT_EXPLORER_HOME": folder, "XDG_CONFIG_HOME": folder}
        # A person's Python keeps the compiled modules of the program, so it does not compile them at every start.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        begin = now()
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.started", str(out), str(model)],
            env={**environment, **private},
            timeout=LIMIT,
            check=True,
        )
        moments = json.loads(out.read_text())
    return moments["scatter"] - begin, moments["decode"] - begin


def import_once() -> float:
    """Seconds of the peer."""
    begin = now()
    subprocess.run([sys.executable, "-c", IMPORTS], timeout=LIMIT, check=True)
    return now() - begin


def measure() -> list[Figure]:
    model = next(entry.path for entry in shipped() if entry.name == MODEL)
    runs = 1 if quick() else RUNS
    if not quick():
        start_once(model)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(start_once(model))
        theirs.append(import_once())
    scatter, decode = (statistics.median(values) for values in zip(*ours, strict=True))
    return [
        Figure(f"start.window_s.{MODEL}", scatter, "s", runs, AIM_WINDOW, statistics.median(theirs)),
        Figure(f"start.first_decode_s.{MODEL}", decode, "s", runs, AIM_DECODE),
    ]
