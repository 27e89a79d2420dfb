"""A globe seen from far away: its lines of longitude and latitude, and how a hand turns it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from latent_explorer.core.plane.frame import PlaneFrame

STEP = 30  # degrees between two lines
FINE = 3  # degrees between two points of a line
NEAR_POLE = 0.2  # cosine of the latitude; nearer to a pole a hand would spin the globe
NEAR_RIM = 0.9  # of the globe's radius
Turn = tuple[float, float]  # longitude and latitude, degrees, of the point that faces the viewer


def graticule(frame: PlaneFrame) -> NDArray[np.float64]:
    """The visible parts of all lines, plane coordinates (n, 2), rows of NaN between two parts."""
    fine = np.radians(np.arange(-180, 181, FINE))
    gap = np.full((1, 2), np.nan)
    lines = []
    for longitude in np.radians(np.arange(0, 180, STEP)):  # circles through both poles
        lines += [frame.to_plane(_points(longitude, fine)), gap]
    for latitude in np.radians(np.arange(-90 + STEP, 90, STEP)):
        lines += [frame.to_plane(_points(fine, latitude)), gap]
    return np.concatenate(lines)


def degrees_words(degrees: float, letters: str, decimals: int = 0) -> str:
    """As on a map: "30° N"; ``letters`` are those of positive and of negative degrees, and what rounds to 0 or 180 has none."""
    size = round(abs(degrees), decimals)
    return f"{size:.{decimals}f}°" + (f" {letters[degrees < 0]}" if size % 180 else "")


def place_on_globe(z: tuple[float, ...]) -> str:
    """Where a point of the globe, (3,), lies: "12.3° N, 45.6° E", as at the lines of `graticule`; at a pole all longitudes meet."""
    longitude, latitude = facing(z)
    north = degrees_words(latitude, "NS", 1)
    return north if round(abs(latitude), 1) == 90.0 else f"{north}, {degrees_words(longitude, 'EW', 1)}"


def degree_marks(frame: PlaneFrame) -> list[tuple[float, float, str]]:
    """Plane coordinates and words of what can be seen of the lines of `graticule`.

    Latitudes stand where their lines end on the left, longitudes where theirs cross the equator.
    """
    fine = np.radians(np.arange(-180, 181, FINE))
    marks = []
    for latitude in range(-90 + STEP, 90, STEP):
        line = frame.to_plane(_points(fine, math.radians(latitude)))
        line = line[np.isfinite(line).all(axis=1)]
        if len(line):
            x, y = line[np.argmin(line[:, 0])].tolist()
            marks.append((x, y, degrees_words(latitude, "NS")))
    for longitude in range(-180 + STEP, 181, STEP):
        x, y = frame.to_plane(_points(np.array(math.radians(longitude)), 0.0)).tolist()
        if math.hypot(x, y) < NEAR_RIM:  # NaN behind the globe; at the rim they would lie one over the other
            marks.append((x, y, degrees_words(longitude, "EW")))
    return marks


def _points(longitude: NDArray[np.float64] | float, latitude: NDArray[np.float64] | float) -> NDArray[np.float64]:
    east, north = np.broadcast_arrays(longitude, latitude)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=-1)


def turned(turn: Turn, right: float, up: float) -> Turn:
    """What faces the viewer after a hand has moved the globe's middle so far, plane units, to the right and up."""
    longitude, latitude = turn
    across = max(NEAR_POLE, math.cos(math.radians(latitude)))
    longitude -= math.degrees(right / across)
    latitude = min(90.0, max(-90.0, latitude - math.degrees(up)))
    return (longitude + 180.0) % 360.0 - 180.0, latitude


def facing(z: tuple[float, ...]) -> Turn:
    """The turn that brings a point of the globe, (3,), into the middle."""
    x, y, up = z
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(up, math.hypot(x, y)))
