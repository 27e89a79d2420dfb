"""On a screen with two device pixels in each way to a pixel of the window; in a process of its own, which alone can be told so."""

from __future__ import annotations

import json
import os
import subprocess
import sys

CODE = """
import json, sys
import numpy as np
from latent_explorer.app.main import make_application
from latent_explorer.core.plane.sheet import sheet_of
from latent_explorer.core.scene import Camera, Layers
from latent_explorer.views.plane.plane_view import PlaneView
from tests.views.hand import pixels_of, settle

application = make_application()
plane = PlaneView()
plane.resize(500, 400)
plane.modes.hide()  # which is white here
plane.set_layers(Layers(mosaic_opacity=1.0, point_size=9.0, point_opacity=0.99))
plane.show()
sheet = np.zeros((30, 30, 1), np.uint8)
sheet[20:, 20:] = 255
plane.set_mosaic(sheet_of(sheet, (-1.5, -1.5, 3.0, 3.0)))
plane.set_codes(np.array([[-1.0, -1.0]]), np.array([1]), {1: "one"}, frozenset())
found = []
for camera in (Camera(0.0, 0.0, 4.0), Camera(0.4, 0.1, 4.0), Camera(0.2, -0.2, 3.6)):
    plane.set_camera(camera)
    settle()
    picture = pixels_of(plane.grab().toImage()).astype(int)
    ratio = plane.devicePixelRatioF()
    bright, red = picture.min(2) > 200, (np.abs(picture - picture[..., :1]).max(2) > 60)
    places = {}
    for name, mask in (("sheet", bright), ("point", red)):
        for which, x, y in (("inside", 1.0, -1.0), ("point", -1.0, -1.0)):
            place = plane.plane_to_pixel(x, y)
            column, row = round((place.x() + 0.5) * ratio), round((place.y() + 0.5) * ratio)
            places[f"{name} {which}"] = bool(mask[row - 2 : row + 3, column - 2 : column + 3].mean() > 0.8)
    zero, one = plane.plane_to_pixel(0.0, 0.0), plane.plane_to_pixel(1.0, 1.0)
    rows = np.flatnonzero(bright[:, round((plane.plane_to_pixel(1.0, 0.0).x() + 0.5) * ratio)])
    places["height"] = float((rows.max() - rows.min() + 1) / ratio / (zero.y() - one.y()))
    found.append(places)
sys.stdout.write(json.dumps([ratio, found]))
plane.close()
"""


def test_points_and_mosaic_lie_where_they_belong_on_a_sharp_screen() -> None:
    """Also when a picture is drawn over that of another window."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "2"}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ratio, found = json.loads(done.stdout)
    assert ratio == 2
    for places in found:
        assert places["sheet inside"]
        assert not places["sheet point"]
        assert places["point point"]
        assert not places["point inside"]
        assert abs(places["height"] - 1.0) < 0.02
