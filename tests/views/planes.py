"""A plane with nothing over it, whose pixels tests look at."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from latent_explorer.views.style import Theme
from tests.views.hand import Hand, settle


def bare_plane(qtbot: QtBot, theme: Theme, layers: Layers) -> PlaneView:
    """Shown, in a theme, with these layers and no bar of modes; its centre is no round number."""
    plane = PlaneView()
    qtbot.addWidget(plane)
    plane.resize(640, 480)
    plane.set_theme(theme)
    plane.set_layers(layers)
    plane.modes.hide()
    Hand(plane)
    plane.set_camera(Camera(0.3, -0.2, 4.0))
    settle()
    return plane
