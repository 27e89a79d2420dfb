"""The program as `start` watches it: the real command, with an eye on two paints. Arguments: a file for the moments, a model."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from latent_explorer.cli import window as door  # loads neither Qt nor numpy

moments: dict[str, float] = {}


def note(what: str) -> None:
    """Remember when something was painted first; after both the program is left."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    def leave() -> None:
        application = QApplication.instance()
        if application is not None:
            application.quit()

    if what not in moments:
        moments[what] = time.monotonic()
        if len(moments) == 2:
            QTimer.singleShot(0, leave)


def watch() -> None:
    """Look over the shoulders of the two widgets; everything is imported by now."""
    from latent_explorer.views.image_view import PixelView
    from latent_explorer.views.plane.plane_view import PlaneView
    from latent_explorer.views.plane.points import PointsLayer

    scattered = False
    paint_points, paint_image, set_codes = PointsLayer.paint, PixelView.paintEvent, PlaneView.set_codes

    def codes(view: PlaneView, *arguments: object) -> None:
        nonlocal scattered
        set_codes(view, *arguments)  # type: ignore[arg-type]
        scattered = True

    def points(layer: PointsLayer, *arguments: object) -> None:
        paint_points(layer, *arguments)  # type: ignore[arg-type]
        if scattered:
            note("scatter")

    def image(view: PixelView, event: object) -> None:
        paint_image(view, event)  # type: ignore[arg-type]
        if view.picture() is not None:
            note("decode")

    PlaneView.set_codes, PointsLayer.paint, PixelView.paintEvent = codes, points, image  # type: ignore[assignment, method-assign]


def main(out: str, model: str) -> int:
    """Returns the exit code."""
    qt_imports = door.qt_imports

    @contextmanager
    def watched() -> Iterator[None]:
        with qt_imports():
            yield
        watch()

    door.qt_imports = watched
    from latent_explorer.cli.main import main as command

    sys.argv = ["latent-explorer", "open", model]
    try:
        code = command()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    import json
    from pathlib import Path

    Path(out).write_text(json.dumps(moments))
    return code or 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
