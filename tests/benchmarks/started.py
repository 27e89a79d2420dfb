"""The program as `start` watches it: the real command, with an eye on two paints. Arguments: a file for the moments, a model."""

from __future__ import annotations

import sys
import time


def main(out: str, model: str) -> int:
    """Returns the exit code."""
    # These imports are the program's own: it would make them a moment later.
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from latent_explorer.cli.main import main as command
    from latent_explorer.views.image_view import PixelView
    from latent_explorer.views.plane.plane_view import PlaneView
    from latent_explorer.views.plane.points import PointsLayer

    moments: dict[str, float] = {}
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

    def note(what: str) -> None:
        moments.setdefault(what, time.monotonic())
        if len(moments) == 2:
            QTimer.singleShot(0, leave)

    def leave() -> None:
        application = QApplication.instance()
        if application is not None:
            application.quit()

    PlaneView.set_codes, PointsLayer.paint, PixelView.paintEvent = codes, points, image  # type: ignore[assignment, method-assign]
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
