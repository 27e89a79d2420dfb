"""How large the window and its panels are at first: the plane owns what the others do not need."""

from __future__ import annotations

from dataclasses import dataclass

USUAL = (1600, 1000)  # the window on a usual screen
PART = (0.72, 0.78)  # of a larger screen
LEAST_BELOW = 240  # for a panel that leaves the decoded image all that it fills
NARROW, LOW = 1200, 860  # below this, panels are as small as they can be


@dataclass(frozen=True)
class Arrangement:
    """Wishes in pixels: widths of the panels on the left and on the right, height of the lower panel."""

    left: int
    right: int
    bottom: int


def _grown(least: int, most: int, rate: float, beyond: int) -> int:
    """`least`, and a part of what a window has beyond the usual one."""
    return min(most, least + round(rate * max(0, beyond)))


def is_low(height: int, enlarged: float = 1.0) -> bool:
    """Whether the panels on the left share one place as tabs, in an interface enlarged so many times."""
    return height < LOW * max(1.0, enlarged)


def arrangement_for(width: int, height: int) -> Arrangement:
    """Panels for a window: on large screens wider ones, with a larger image and more of its neighbours, within bounds."""
    wider, higher = width - USUAL[0], height - USUAL[1]
    narrow, low = width < NARROW, is_low(height)
    return Arrangement(
        left=216 if narrow else _grown(276, 380, 0.045, wider),
        right=236 if narrow else _grown(326, 640, 0.13, wider),
        bottom=150 if low else _grown(200, 320, 0.1, higher),
    )


def height_below(whole: int, filled: int, share: float) -> int:
    """Of a panel below the decoded image: its share of both, or what the image leaves when it has the height that it fills."""
    wish, left = round(share * whole), whole - filled
    return min(wish, left) if left >= LEAST_BELOW else wish


def window_for(width: int, height: int) -> tuple[int, int]:
    """Size of the window on a screen with so much room."""
    sizes = (min(room, max(usual, round(part * room))) for room, usual, part in zip((width, height), USUAL, PART, strict=True))
    wide, high = sizes
    return wide, high
