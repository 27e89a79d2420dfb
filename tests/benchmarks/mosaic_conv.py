"""As `mosaic`, for the convolutional model that ships."""

from __future__ import annotations

from tests.benchmarks.figure import Figure
from tests.benchmarks.mosaic import measure as measure_mosaic


def measure() -> list[Figure]:
    return measure_mosaic("mnist-conv")
