"""What the machine can do, so that figures from different machines can be read side by side."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import numpy as np
import torch
from PySide6.QtCore import QCoreApplication, QEventLoop, Qt, QTimer

from tests.benchmarks.figure import now, percentile, quick, rounded

SIDE = 2048
COPY_BYTES = 256 << 20
TICK_MS = 16


def cpu_name() -> str:
    """As the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gemm_gflops(threads: int) -> float:
    """Best of several float32 matrix products of 2048 x 2048, 10^9 operations a second."""
    torch.set_num_threads(threads)
    a, b = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    best = float("inf")
    for _ in range(3 if quick() else 12):
        begin = now()
        torch.mm(a, b)
        best = min(best, now() - begin)
    return 2 * SIDE**3 / best / 1e9


def copy_gb_s() -> float:
    """Best of several copies of 256 MB by one thread: 10^9 bytes copied a second (each is read once and written once)."""
    source = np.ones(COPY_BYTES, np.uint8)
    target = np.zeros_like(source)
    best = float("inf")
    for _ in range(2 if quick() else 6):
        begin = now()
        np.copyto(target, source)
        best = min(best, now() - begin)
    return COPY_BYTES / best / 1e9


def tick_p99_ms() -> float:
    """99th percentile of the time between 16 ms ticks of Qt's precise timer in an otherwise idle event loop."""
    application = QCoreApplication.instance() or QCoreApplication([])
    moments: list[float] = []
    timer, loop = QTimer(), QEventLoop()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    count = 20 if quick() else 200

    def tick() -> None:
        moments.append(now())
        if len(moments) > count:
            loop.quit()

    timer.timeout.connect(tick)
    timer.start(TICK_MS)
    loop.exec()
    timer.stop()
    application.processEvents()
    return 1000 * percentile(np.diff(moments).tolist(), 99)


def measure_machine() -> dict[str, str | int | float | None]:
    """The contract's six entries; the load is the mean of the last minute, before anything was measured."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    time.sleep(0.2)
    return {
        "cpu": cpu_name(),
        "cores": cores(),
        "gemm_gflops": rounded(gemm_gflops(cores())),
        "copy_gb_s": rounded(copy_gb_s()),
        "tick_p99_ms": rounded(tick_p99_ms()),
        "load": rounded(load),
    }
