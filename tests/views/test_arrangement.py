"""First sizes of the window and its panels."""

from __future__ import annotations

import pytest

from latent_explorer.views.arrangement import arrangement_for, window_for

SCREENS = [
    # room on the screen, size of the window
    ((800, 600), (800, 600)),
    ((1366, 728), (1366, 728)),
    ((1600, 1000), (1600, 1000)),
    ((1920, 1040), (1600, 1000)),
    ((2560, 1440), (1843, 1123)),
    ((3840, 2160), (2765, 1685)),
]


@pytest.mark.parametrize(("screen", "window"), SCREENS, ids=str)
def test_the_window_uses_its_screen(screen: tuple[int, int], window: tuple[int, int]) -> None:
    assert window_for(*screen) == window


@pytest.mark.parametrize("size", [(900, 600), (1200, 860), (1366, 768), (1600, 1000), (2560, 1440), (3840, 2160), (7680, 4320)], ids=str)
def test_the_plane_owns_the_window(size: tuple[int, int]) -> None:
    found = arrangement_for(*size)
    width, height = size
    assert (width - found.left - found.right) * (height - found.bottom) > 0.36 * width * height


def test_larger_windows_have_larger_panels_within_bounds() -> None:
    usual, large, huge = arrangement_for(1600, 1000), arrangement_for(3840, 2160), arrangement_for(20_000, 20_000)
    for name in ("left", "right", "bottom"):
        assert getattr(usual, name) < getattr(large, name) <= getattr(huge, name) <= 2 * getattr(usual, name)
    assert large.right > 1.7 * usual.right  # the decoded image
