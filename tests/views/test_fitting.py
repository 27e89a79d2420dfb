"""What is fitted into the plot lies beside the overlays, and is as large as there is room for."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF

from latent_explorer.views.plane.fitting import camera_around

PLOT = QRectF(50, 10, 800, 600)


@pytest.mark.parametrize(
    ("corner", "above", "beside", "free"),
    [
        ((4.0, 3.0), 0.0, 850.0, (0, 0, 800, 600)),
        ((4.0, 3.0), 70.0, 850.0, (0, 60, 800, 600)),
        ((9.0, 3.0), 70.0, 750.0, (0, 60, 700, 600)),
        ((9.0, 3.0), 70.0, 500.0, (0, 60, 800, 600)),  # half of the plot is too much to leave free
        ((1.0, 8.0), 400.0, 850.0, (0, 0, 800, 600)),
    ],
)
def test_a_rectangle_fills_the_free_part(
    corner: tuple[float, float], above: float, beside: float, free: tuple[float, float, float, float]
) -> None:
    camera = camera_around((-1.0, -2.0), corner, 1.0, PLOT, above, beside)
    pixel = camera.span / 600
    left, right = ((x - camera.x) / pixel + 400 for x in (-1.0, corner[0]))
    top, bottom = ((camera.y - y) / pixel + 300 for y in (corner[1], -2.0))
    assert left + right == pytest.approx(free[0] + free[2]) and top + bottom == pytest.approx(free[1] + free[3])
    assert min(left - free[0], top - free[1]) == pytest.approx(0)
