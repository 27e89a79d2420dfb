"""The table of the plane's keys: nothing the mouse can do is left out, and keys of others are left alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from latent_explorer.views.plane.keys import COARSE, FINE, ONCE, STEP, STRIDE, Deed, deed_of

Key, Modifier = Qt.Key, Qt.KeyboardModifier
NONE, SHIFT, CONTROL, ALT = Modifier.NoModifier, Modifier.ShiftModifier, Modifier.ControlModifier, Modifier.AltModifier

TABLE = [
    (Key.Key_Right, NONE, False, ("nudge", FINE, 0.0)),
    (Key.Key_Down, SHIFT, False, ("nudge", 0.0, -COARSE)),
    (Key.Key_Right, CONTROL, False, ("push", STEP, 0.0)),
    (Key.Key_Up, CONTROL | SHIFT, False, ("push", 0.0, STRIDE)),
    (Key.Key_Left, NONE, True, ("push", -STEP, 0.0)),
    (Key.Key_Down, SHIFT, True, ("push", 0.0, -STRIDE)),
    (Key.Key_Plus, SHIFT, False, ("zoom", 1.0, 0.0)),
    (Key.Key_Equal, NONE, False, ("zoom", 1.0, 0.0)),
    (Key.Key_Minus, NONE, False, ("zoom", -1.0, 0.0)),
    (Key.Key_Plus, CONTROL, False, None),  # a larger interface
    (Key.Key_Home, NONE, False, ("fit", 0.0, 0.0)),
    (Key.Key_F, NONE, False, ("fit", 0.0, 0.0)),
    (Key.Key_F, ALT, False, None),  # the menu
    (Key.Key_Return, NONE, False, ("hold", 0.0, 0.0)),
    (Key.Key_Enter, Modifier.KeypadModifier, False, ("hold", 0.0, 0.0)),
    (Key.Key_P, NONE, False, ("pin", 0.0, 0.0)),
    (Key.Key_P, CONTROL | SHIFT, False, None),  # copy as Python
    (Key.Key_BracketRight, NONE, False, ("step_pin", 1.0, 0.0)),
    (Key.Key_BracketLeft, CONTROL | ALT, False, ("step_pin", -1.0, 0.0)),  # AltGr, as some systems tell it
    (Key.Key_PageUp, NONE, False, ("step_pin", -1.0, 0.0)),
    (Key.Key_PageDown, NONE, False, ("step_pin", 1.0, 0.0)),
    (Key.Key_Delete, NONE, False, ("remove_pin", 0.0, 0.0)),
    (Key.Key_Backspace, NONE, False, ("remove_pin", 0.0, 0.0)),
    (Key.Key_V, NONE, False, ("probe", 0.0, 0.0)),
    (Key.Key_H, NONE, False, ("pan", 0.0, 0.0)),
    (Key.Key_0, NONE, False, ("class", 0.0, 0.0)),
    (Key.Key_9, Modifier.KeypadModifier, False, ("class", 9.0, 0.0)),
    (Key.Key_0, CONTROL, False, None),  # the normal size
    (Key.Key_Escape, NONE, False, ("escape", 0.0, 0.0)),
    (Key.Key_Space, NONE, False, ("space", 0.0, 0.0)),
    (Key.Key_Z, CONTROL, False, None),
    (Key.Key_R, NONE, False, ("rectangle", 0.0, 0.0)),
    (Key.Key_L, NONE, False, ("lasso", 0.0, 0.0)),
    (Key.Key_X, NONE, False, ("how", 0.0, 0.0)),
    (Key.Key_C, NONE, False, ("card", 0.0, 0.0)),
    (Key.Key_C, CONTROL | SHIFT, False, None),  # copy the decoded image
    (Key.Key_A, NONE, False, ("select_view", 0.0, 0.0)),
    (Key.Key_A, SHIFT, False, ("select_view", -1.0, 0.0)),
    (Key.Key_S, NONE, False, ("select_place", 0.0, 0.0)),
    (Key.Key_S, SHIFT, False, ("select_place", -1.0, 0.0)),
    (Key.Key_S, CONTROL | SHIFT, False, None),  # save the model
    (Key.Key_R, SHIFT, False, None),
    (Key.Key_B, NONE, False, ("resample", 0.0, 0.0)),
    (Key.Key_Comma, NONE, False, ("step_class", -1.0, 0.0)),
    (Key.Key_Period, NONE, False, ("step_class", 1.0, 0.0)),
    (Key.Key_D, NONE, False, None),
    (Key.Key_F5, NONE, False, None),
    (Key.Key_Tab, NONE, False, None),
]


@pytest.mark.parametrize(("key", "modifiers", "space", "deed"), TABLE, ids=[f"{k.name} {m.value} {s}" for k, m, s, _ in TABLE])
def test_the_table(key: Key, modifiers: Modifier, space: bool, deed: Deed | None) -> None:
    assert deed_of(key, modifiers, space) == deed


def test_only_what_moves_repeats_while_a_key_stays_down() -> None:
    named = {deed[0] for *_, deed in TABLE if deed is not None}
    assert named - set(ONCE) == {"nudge", "push", "zoom", "step_pin", "step_class", "class", "space"}
