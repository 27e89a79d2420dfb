"""As `probe`, for the convolutional model that ships."""

from __future__ import annotations

from tests.benchmarks.figure import Figure
from tests.benchmarks.probe import measure as measure_probe

AIM_P99 = 16.0


def measure() -> list[Figure]:
    return measure_probe("mnist-conv", AIM_P99)
