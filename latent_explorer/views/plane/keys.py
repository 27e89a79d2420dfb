"""What the keys do on the plane: everything that the mouse can do there."""

from __future__ import annotations

from PySide6.QtCore import Qt

Key, Modifier = Qt.Key, Qt.KeyboardModifier

ARROWS = {Key.Key_Left: (-1, 0), Key.Key_Right: (1, 0), Key.Key_Up: (0, 1), Key.Key_Down: (0, -1)}
LETTERS = {
    Key.Key_F: "fit", Key.Key_P: "pin", Key.Key_V: "probe", Key.Key_H: "pan", Key.Key_R: "rectangle", Key.Key_L: "lasso",
    Key.Key_X: "how", Key.Key_A: "select_view", Key.Key_S: "select_place", Key.Key_C: "card", Key.Key_B: "resample",
}  # fmt: skip
SELECTING = ("select_view", "select_place")
FINE, COARSE = 1 / 400, 1 / 40  # of the window's shorter side: one nudge of the probe
STEP, STRIDE = 1 / 16, 1 / 4  # of the same: one push of the plane

Deed = tuple[str, float, float]  # what to do, and by how much

ONCE = (
    "fit",
    "hold",
    "pin",
    "remove_pin",
    "probe",
    "pan",
    "rectangle",
    "lasso",
    "how",
    "card",
    "resample",
    "escape",
    *SELECTING,
)  # not again while the key stays down


def deed_of(key: int, modifiers: Qt.KeyboardModifier, space: bool) -> Deed | None:
    """What a key asks for; None for keys of others. `space`: whether the space bar is down.

    "nudge" and "push" come with parts of the window's shorter side (right, up), "zoom" with 1 (nearer) or -1, "step_pin" and
    "step_class" with 1 (next) or -1, "class" with the digit, "select_view" and "select_place" with -1 to remove; "fit", "hold",
    "pin", "remove_pin", "probe", "pan", "rectangle", "lasso", "how", "card", "resample", "escape", "space" with nothing.
    """
    control = bool(modifiers & Modifier.ControlModifier)
    shift = bool(modifiers & Modifier.ShiftModifier)
    if key in ARROWS:
        right, up = ARROWS[Key(key)]
        if space or control:
            part = STRIDE if shift else STEP
            return "push", part * right, part * up
        part = COARSE if shift else FINE
        return "nudge", part * right, part * up
    for keys, deed in (
        ((Key.Key_BracketRight, Key.Key_PageDown), ("step_pin", 1.0, 0.0)),  # some keyboards have brackets on AltGr only
        ((Key.Key_BracketLeft, Key.Key_PageUp), ("step_pin", -1.0, 0.0)),
        ((Key.Key_Escape,), ("escape", 0.0, 0.0)),
        ((Key.Key_Space,), ("space", 0.0, 0.0)),
    ):
        if key in keys:
            return deed
    if control:
        return None  # shortcuts of the window
    if key in (Key.Key_Comma, Key.Key_Period):
        return "step_class", 1.0 if key == Key.Key_Period else -1.0, 0.0
    if key in (Key.Key_Plus, Key.Key_Equal, Key.Key_Minus):
        return "zoom", -1.0 if key == Key.Key_Minus else 1.0, 0.0
    if Key.Key_0 <= key <= Key.Key_9:
        return "class", float(key - Key.Key_0), 0.0
    if key in (Key.Key_Return, Key.Key_Enter):
        return "hold", 0.0, 0.0
    if key in (Key.Key_Delete, Key.Key_Backspace):
        return "remove_pin", 0.0, 0.0
    if key == Key.Key_Home:
        return "fit", 0.0, 0.0
    letter = LETTERS.get(Key(key)) if key in LETTERS else None
    if letter in SELECTING and shift and not modifiers & (Modifier.AltModifier | Modifier.MetaModifier):
        return letter, -1.0, 0.0
    if letter is not None and not modifiers & (Modifier.AltModifier | Modifier.MetaModifier | Modifier.ShiftModifier):
        return letter, 0.0, 0.0
    return None
