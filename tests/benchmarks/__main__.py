"""``python -m tests.benchmarks [--json FILE] [--only PREFIX]``: measures speed, prints a table.

Every benchmark runs in a process of its own, one after the other, so that none disturbs another. It is a module beside this
one with a function `measure`, and its docstring says what is measured, how, and beside what. Aims are for the reference
machine (2 cores, about 160 GFLOP/s in float32); elsewhere read the ratios: above 1, ours is better than the peer.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.figure import Figure, hand_in, now, say

ROOT = Path(__file__).resolve().parent.parent.parent

# Which keys begin how, module by module, in the order of the table.
BENCHMARKS = {
    "probe": ("probe.p50_ms.mnist-dense", "probe.p99_ms.mnist-dense", "probe.max_ms.mnist-dense"),
    "probe_conv": ("probe.p50_ms.mnist-conv", "probe.p99_ms.mnist-conv", "probe.max_ms.mnist-conv"),
    "probe_training": ("probe.p50_ms_training.", "probe.p99_ms_training.", "probe.max_ms_training."),
    "probe_families": ("probe.p99_ms_training.",),
    "window_gaps": ("window.gap_ms_max.", "window.gap_p99_ms.", "window.gap_ms_start."),
    "start": ("start.window_s.", "start.first_decode_s."),
    "map_frame": ("map.frame_ms.", "map.open_s.", "map.peer_frame_ms."),
    "map_pointing": ("map.hover_ms.", "map.lasso_ms.", "map.index_ms."),
    "field_frame": ("field.first_ms.", "field.full_ms.", "field.frame_ms."),
    "mosaic": ("mosaic.first_ms.mnist-dense", "mosaic.full_ms.mnist-dense", "mosaic.frame_ms_max.mnist-dense"),
    "mosaic_conv": ("mosaic.first_ms.mnist-conv", "mosaic.full_ms.mnist-conv", "mosaic.frame_ms_max.mnist-conv"),
    "tables": ("tables.read_s.", "tables.peak_mb."),
    "memory_peak": ("memory.peak_mb.", "memory.open_mb."),
    "train_epoch": ("train.epoch_s.", "train.epoch_ratio.", "train.gemm_ratio."),
    "train_elbo": ("train.seconds_to_elbo_140.",),
    "train_ll": ("train.seconds_to_ll_132_5.",),
    "growth": ("growth.epoch_s_by_", "growth.peak_mb_by_", "growth.estimate_mb_by_"),
    "posterior": ("posterior.heatmap_ms.", "evaluate.ll_s."),
    "quality": ("quality.",),
    "train_speed": ("train.steps_per_s.", "train.steps_per_s_2_threads."),
}
MACHINE = "machine"
LIMIT = 900.0  # seconds for one module; it ends itself, with a traceback of all threads
GRACE = 20.0  # seconds more, then it is killed


def wanted(prefix: str) -> list[str]:
    """The modules that give keys which begin with `prefix`."""
    return [name for name, keys in BENCHMARKS.items() if any(key.startswith(prefix) or prefix.startswith(key) for key in keys)]


def measure_here(name: str, out: Path) -> None:
    """In the child: measure one module."""
    faulthandler.dump_traceback_later(LIMIT, exit=True)
    module = importlib.import_module(f"tests.benchmarks.{name}")
    if name == MACHINE:
        out.write_text(json.dumps(module.measure_machine()))
    else:
        hand_in(module.measure(), out)
    faulthandler.cancel_dump_traceback_later()


def environment(home: Path) -> dict[str, str]:
    """Of the children: settings and models of the person stay out of reach; offscreen where there is no display."""
    values = {**os.environ, "LATENT_EXPLORER_HOME": str(home)}
    values |= {name: str(home) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME")}
    if sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        values["QT_QPA_PLATFORM"] = "offscreen"
    return values


def run(name: str) -> Any:
    """What a module measured, in a process of its own; None, with its last words on stderr, when it failed."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "figures.json")
        command = [sys.executable, "-m", "tests.benchmarks", "--measure", name, "--out", str(out)]
        child = subprocess.Popen(
            command, cwd=ROOT, env=environment(Path(folder)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        try:
            _, words = child.communicate(timeout=LIMIT + GRACE)
        except subprocess.TimeoutExpired:
            child.kill()
            _, words = child.communicate()
        if child.returncode == 0 and out.exists():
            return json.loads(out.read_text())
    say(f"{name} failed (exit code {child.returncode}):\n{words[-3000:]}")
    return None


def table(figures: Sequence[Figure]) -> str:
    """Aligned columns."""

    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"

    head = ("figure", "value", "unit", "aim", "", "peer", "ratio", "n")
    rows = [head, *((f.key, shown(f.value), f.unit, shown(f.aim), f.verdict, shown(f.peer), shown(f.ratio), str(f.n)) for f in figures)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    left = {0, 2, 4}
    lines = (
        "  ".join(cell.ljust(w) if k in left else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 1 when a benchmark failed; an aim that is missed is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measures speed, prints a table.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", default="", metavar="PREFIX", help="only figures that begin so, such as probe. or train.")
    parser.add_argument("--measure", choices=(MACHINE, *BENCHMARKS), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.measure:
        measure_here(given.measure, given.out)
        return 0
    names = wanted(given.only)
    if not names:
        parser.error(
            f"no figure begins with {given.only!r}; they begin with {', '.join(key for keys in BENCHMARKS.values() for key in keys)}"
        )
    figures: list[Figure] = []
    failed = []
    say(f"measuring {len(names)} of {len(BENCHMARKS)} benchmarks; all of them take about 15 minutes")
    machine = run(MACHINE) or {}
    for name in names:
        begin = now()
        found = run(name)
        if found is None:
            failed.append(name)
            continue
        say(f"{name}: {now() - begin:.0f} s")
        figures += [figure for figure in (Figure(**values) for values in found) if figure.key.startswith(given.only)]
    print("\n".join(f"{key}: {value}" for key, value in machine.items()))
    print(table(figures))
    if given.json:
        result = {"schema": 1, "machine": machine, "figures": {figure.key: figure.to_record() for figure in figures}}
        given.json.write_text(json.dumps(result, indent=1) + "\n")
    return 1 if failed or not machine else 0


if __name__ == "__main__":
    sys.exit(main())
