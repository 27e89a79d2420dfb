"""The real program in a real window with a real mouse. Needs an X display and xdotool: `xvfb-run python tests/real_window.py`.

Starts `latent_explorer` in a process of its own, drags over the plane, trains the built-in digits, closes the window while it
trains, and looks at screenshots on the way. pytest does not collect this file; .ci/run starts it.

The child runs the unchanged program. Beside it, in the same process, an observer writes down now and then where the visible
widgets lie on the screen (`observe`), so that the mouse finds them in whatever layout.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ImageGrab

TITLE = "Latent Explorer"
ROOT = Path(__file__).resolve().parent.parent

# What the mouse looks for: an object name or the text on the widget.
PLANE = "plane"
DECODED = "decoded_image"
DATA = "data"
DIGITS = "digits"
TRAIN = "train_button"
LOSSES = "losses"
STOP_AND_CLOSE = "Stop and close"

Box = tuple[int, int, int, int]  # left, top, width, height in pixels of the screen


# --- inside the program: the observer ----------------------------------------------------------------------------------------


def visible_things() -> list[dict[str, Any]]:
    """Every visible widget, menu entry and list entry with its place on the screen."""
    from PySide6.QtCore import QPoint, QRect
    from PySide6.QtWidgets import QAbstractItemView, QApplication, QMenu, QWidget

    def box(widget: QWidget, rect: QRect) -> Box:
        corner = widget.mapToGlobal(QPoint(rect.x(), rect.y()))
        return corner.x(), corner.y(), rect.width(), rect.height()

    things: list[dict[str, Any]] = []

    def note(widget: QWidget, rect: QRect, name: str, text: str, enabled: bool) -> None:
        things.append(
            {
                "name": name,
                "kind": type(widget).__name__,
                "text": text.replace("&", ""),
                "on": enabled,
                "box": box(widget, rect & widget.rect()),
            }
        )

    for widget in QApplication.allWidgets():
        if not widget.isVisible():
            continue
        text = getattr(widget, "text", None) or getattr(widget, "currentText", None)
        note(widget, widget.rect(), widget.objectName(), str(text() if callable(text) else text) if text else "", widget.isEnabled())
        if isinstance(widget, QMenu):
            for action in widget.actions():
                note(widget, widget.actionGeometry(action), action.objectName(), action.text(), action.isEnabled())
        elif isinstance(widget, QAbstractItemView) and (model := widget.model()) is not None:
            for row in range(min(model.rowCount(), 50)):
                index = model.index(row, 0)
                note(widget.viewport(), widget.visualRect(index), "", str(index.data() or ""), True)
    return things


def run_observed(report: Path) -> None:
    """Runs `python -m latent_explorer`; as long as its event loop runs, tells in a file where everything lies."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    def write() -> None:
        fresh = report.with_suffix(".new")
        fresh.write_text(json.dumps(visible_things()))
        fresh.replace(report)

    enter_loop = QApplication.exec

    def exec_observed(*_: Any) -> int:
        timer = QTimer()
        timer.timeout.connect(write)
        timer.start(250)
        try:
            return enter_loop()
        finally:
            timer.stop()

    QApplication.exec = staticmethod(exec_observed)  # type: ignore[method-assign]  # the one place to begin with a running app
    sys.argv = ["latent-explorer"]
    runpy.run_module("latent_explorer", run_name="__main__", alter_sys=True)


# --- outside: mouse, eyes ----------------------------------------------------------------------------------------------------


def xdotool(*arguments: object) -> str:
    """Runs xdotool; what it prints."""
    return subprocess.run(["xdotool", *map(str, arguments)], capture_output=True, text=True, check=True).stdout.strip()


def ask_to_close(window: int) -> None:
    """Sends what the cross in the title bar sends (WM_DELETE_WINDOW); under Xvfb no window manager does, and xdotool would kill."""
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.restype = ctypes.c_ulong
    x11.XInternAtom.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]

    class ClientMessage(ctypes.Structure):
        _fields_ = [
            ("type", ctypes.c_int),
            ("serial", ctypes.c_ulong),
            ("send_event", ctypes.c_int),
            ("display", ctypes.c_void_p),
            ("window", ctypes.c_ulong),
            ("message_type", ctypes.c_ulong),
            ("format", ctypes.c_int),
            ("data", ctypes.c_long * 5),
            ("padding", ctypes.c_long * 24),
        ]

    display = x11.XOpenDisplay(None)
    message = ClientMessage(type=33, send_event=1, display=display, window=window, format=32)
    message.message_type = x11.XInternAtom(display, b"WM_PROTOCOLS", 0)
    message.data[0] = x11.XInternAtom(display, b"WM_DELETE_WINDOW", 0)
    x11.XSendEvent(display, window, 0, 0, ctypes.byref(message))
    x11.XCloseDisplay(display)


class Desk:
    """The screen with the program on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.report = folder / "widgets.json"
        self.log = folder / "program.log"
        private = {"LATENT_EXPLORER_HOME": str(folder / "home"), "QT_QPA_PLATFORM": "xcb"}
        for variable in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
            private[variable] = str(folder / "home" / variable.lower())
        command = [sys.executable, "-m", "tests.real_window", "--observed", str(self.report)]
        with self.log.open("wb") as log:
            self.program = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **private}, stdout=log, stderr=log)
        self.window = 0

    def wait(self, what: str, ready: Callable[[], Any], seconds: float = 30.0) -> Any:
        """What `ready` returns once it is true; fails when the program ends or the time runs out."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if result := ready():
                return result
            if self.program.poll() is not None:
                raise AssertionError(f"waiting for {what}: the program ended with {self.program.returncode}")
            time.sleep(0.1)
        self.shot("failed")
        raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")

    def find_window(self) -> int:
        """The X id of the main window, 0 when it is not there yet."""
        done = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", TITLE], capture_output=True, text=True, check=False)
        return int(done.stdout.split()[0]) if done.stdout.split() else 0

    def things(self) -> list[dict[str, Any]]:
        """What is visible, as the observer told last."""
        return list(json.loads(self.report.read_text())) if self.report.exists() else []

    def locate(self, name: str) -> Box | None:
        """Where the enabled widget or entry of this object name or text lies; None when there is none to see."""
        for key in ("name", "text"):
            for thing in self.things():
                left, top, width, height = thing["box"]
                if str(thing[key]).lower() == name.lower() and thing["on"] and width > 0 and height > 0:
                    return left, top, width, height
        return None

    def place(self, name: str, seconds: float = 15.0) -> Box:
        """As `locate`, but waits for it."""
        found: Box = self.wait(f"“{name}” on the screen", lambda: self.locate(name), seconds)
        return found

    def click(self, name: str) -> None:
        """A real click in the middle of a widget."""
        left, top, width, height = self.place(name)
        xdotool("mousemove", left + width // 2, top + height // 2)
        time.sleep(0.15)
        xdotool("click", 1)
        time.sleep(0.7)  # longer than the observer's pace, and than the time for which a fresh list takes clicks for double-clicks

    def drag(self, box: Box, points: list[tuple[float, float]]) -> None:
        """Press at the first point, move along the others, release; points are fractions of the box."""
        left, top, width, height = box
        pixels = [(left + round(x * width), top + round(y * height)) for x, y in points]
        xdotool("mousemove", *pixels[0])
        xdotool("mousedown", 1)
        for (x0, y0), (x1, y1) in pairwise(pixels):
            for step in range(1, 21):
                xdotool("mousemove", x0 + (x1 - x0) * step // 20, y0 + (y1 - y0) * step // 20)
                time.sleep(0.005)
        xdotool("mouseup", 1)
        time.sleep(0.3)

    def shot(self, name: str) -> np.ndarray:
        """The whole screen, uint8 (H, W, 3); also kept as a file."""
        image = ImageGrab.grab(xdisplay=os.environ["DISPLAY"]).convert("RGB")
        image.save(self.folder / f"{name}.png")
        return np.asarray(image)


def part(screen: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of a box."""
    left, top, width, height = box
    return screen[max(top, 0) : top + height, max(left, 0) : left + width]


def colours(pixels: np.ndarray) -> int:
    """How many different colours there are."""
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


def changed(before: np.ndarray, after: np.ndarray) -> float:
    """The share of pixels that differ."""
    return float((before != after).any(axis=2).mean())


# --- the visit ---------------------------------------------------------------------------------------------------------------


def visit(desk: Desk) -> int:
    """What a person does in the first minute. Returns the number of checks that passed; the first that fails raises."""
    passed = 0

    def check(true: bool, sentence: str) -> None:
        nonlocal passed
        if not true:
            desk.shot("failed")
            raise AssertionError(f"not so: {sentence}")
        passed += 1
        print(f"  {sentence}")

    desk.window = desk.wait("the window", desk.find_window, 60)
    xdotool("windowfocus", desk.window)
    plane = desk.place(PLANE, 30)
    picture = desk.place(DECODED)

    def rested() -> bool:
        first = desk.shot("first-screen")
        time.sleep(1.0)
        decoded = (part(first, picture) == 0).mean() > 0.2  # a digit on black; before torch is loaded a sentence is in its place
        return decoded and colours(part(first, plane)) > 200 and changed(first, desk.shot("first-screen")) < 0.001

    desk.wait("scatter, mosaic and decoded image to be drawn", rested, 60)
    check(colours(desk.shot("first-screen")) > 500, "the first screen shows a picture in many colours")

    before = desk.shot("before-drag")
    desk.drag(plane, [(0.35, 0.35), (0.6, 0.4), (0.55, 0.65)])
    after = desk.shot("after-drag")
    check(changed(part(before, picture), part(after, picture)) > 0.02, "a drag over the plane changes the decoded image")
    check(0 < changed(part(before, plane), part(after, plane)) < 0.2, "the cursor moves, the plane stays")

    if desk.locate(DIGITS) is None:  # else they are chosen already
        desk.click(DATA)
        desk.click(DIGITS)
    desk.place(DIGITS)  # now as what is chosen
    losses = desk.place(LOSSES)
    before = desk.shot("before-training")
    desk.click(TRAIN)
    desk.wait("the points to move while training", lambda: changed(part(before, plane), part(desk.shot("training"), plane)) > 0.02, 60)
    check(True, "training moves the points")
    desk.wait("a loss curve", lambda: changed(part(before, losses), part(desk.shot("training"), losses)) > 0.002, 60)
    check(True, "training draws a loss curve")
    before = desk.shot("training")
    desk.drag(plane, [(0.4, 0.4), (0.6, 0.6)])
    after = desk.shot("training-drag")
    check(changed(part(before, picture), part(after, picture)) > 0.01, "the probe answers while the model trains")
    check(colours(after) > 500, "the screenshot is not blank")

    asked = time.monotonic()
    ask_to_close(desk.window)
    end = asked + 5
    while desk.program.poll() is None and desk.locate(STOP_AND_CLOSE) is None and time.monotonic() < end:
        time.sleep(0.05)
    if desk.program.poll() is None:
        desk.shot("question")
        asked = time.monotonic()
        desk.click(STOP_AND_CLOSE)
    code = desk.program.wait(timeout=15)
    check(code == 0, f"the window closes while training, exit code 0, after {time.monotonic() - asked:.1f} s")
    log = desk.log.read_text(errors="replace")
    check("Traceback" not in log and "QThread: Destroyed" not in log, "nothing broke on the way")
    return passed


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--observed", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--keep", type=Path, help="a folder for the screenshots and the program's log")
    arguments = parser.parse_args()
    if arguments.observed:
        run_observed(arguments.observed)
        return 0

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.keep or scratch).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        desk = Desk(folder)
        try:
            passed = visit(desk)
        except Exception as error:
            print(f"{error}\n--- the program said:\n{desk.log.read_text(errors='replace')}", file=sys.stderr)
            print("real window: 1 failed")
            return 1
        finally:
            if desk.program.poll() is None:
                desk.program.kill()
                desk.program.wait()
    print(f"real window: {passed} passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
