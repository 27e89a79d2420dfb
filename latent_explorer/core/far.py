"""How far out points of the plane are drawn, found and counted: the same for tables, pictures, searches and the camera."""

from __future__ import annotations

FARTHEST = 1e6  # plane units; beyond, float32 and pixels can hardly be told apart any more
