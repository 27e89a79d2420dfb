"""The form of what the benchmarks write, and their bookkeeping; speed is not judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import BENCHMARKS, ROOT, table, wanted
from tests.benchmarks.figure import Figure, percentile

MACHINE = {"cpu", "cores", "gemm_gflops", "copy_gb_s", "tick_p99_ms", "load"}
FIGURE = {"value", "unit", "peer", "ratio", "aim", "n"}


def test_the_json_has_the_contract_s_form(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--json", str(out), "--only", "map.frame"]
    environment = {**os.environ, "LATENT_EXPLORER_BENCH_QUICK": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert "map.frame_ms.10k" in done.stdout
    result = json.loads(out.read_text())
    assert result["schema"] == 1
    assert set(result) == {"schema", "machine", "figures"}
    assert set(result["machine"]) == MACHINE
    assert list(result["figures"]) == ["map.frame_ms.10k"]
    figure = result["figures"]["map.frame_ms.10k"]
    assert set(figure) == FIGURE
    assert figure["unit"] == "ms"
    assert figure["n"] == 10
    assert figure["ratio"] == pytest.approx(figure["peer"] / figure["value"], rel=0.01)


def test_an_unknown_prefix_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks", "--only", "nonsense"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr


@pytest.mark.parametrize(
    ("prefix", "modules"),
    [
        ("probe.", ["probe", "probe_conv", "probe_training", "probe_families"]),
        ("probe.p99_ms.mnist-dense", ["probe"]),
        ("window.gap_ms_max", ["window_gaps"]),
        ("train.steps_per_s.digits-dense", ["train_speed"]),
        ("", list(BENCHMARKS)),
        ("speed", []),
    ],
)
def test_a_prefix_chooses_modules(prefix: str, modules: list[str]) -> None:
    assert wanted(prefix) == modules


@pytest.mark.parametrize(
    ("figure", "ratio", "verdict"),
    [
        (Figure("a.ms.x", 5.0, "ms", 1, 10.0, 20.0), 4.0, "ok"),
        (Figure("a.ms.x", 15.0, "ms", 1, 10.0), None, "over"),
        (Figure("a.rate.x", 60.0, "steps/s", 1, 50.0, 30.0), 2.0, "ok"),
        (Figure("a.rate.x", 40.0, "steps/s", 1, 50.0, 80.0), 0.5, "over"),
        (Figure("a.ms.x", 1.0, "ms", 1), None, ""),
    ],
)
def test_a_ratio_above_one_is_better_whatever_the_unit(figure: Figure, ratio: float | None, verdict: str) -> None:
    assert figure.ratio == ratio
    assert figure.verdict == verdict
    assert figure.key in table([figure])


def test_the_percentile_is_one_of_the_values() -> None:
    values = list(range(1, 1001))
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (500, 990, 1000)
    assert percentile([7.0], 99) == 7.0


def test_the_newest_wish_answers_the_older_ones() -> None:
    from tests.benchmarks.probing import Answers

    answers = Answers()
    for k in range(4):
        answers.ask(float(k), (float(k), 0.0))
    answers.paint(10.0, (9.0, 9.0))  # foreign
    assert answers.waits == []
    answers.paint(11.0, (2.0, 0.0))
    assert answers.waits == [11.0, 10.0, 9.0]
    answers.paint(12.0, (1.0, 0.0))  # older than what was seen
    assert (answers.images, answers.open) == (1, 1)
    answers.paint(13.0, (3.0, 0.0))
    assert (answers.images, answers.open) == (2, 0)
    assert answers.waits[-1] == 10.0
