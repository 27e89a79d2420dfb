"""Visible buttons for what keys and modifiers do, for people who do not know them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from latent_explorer.views.style import DARK, Theme, enlarge_icons, icon
from latent_explorer.views.text import tip

MODES = (
    ("probe", "Probe", "Move or drag: the decoded image follows. Click: the probe stays there. Key: V."),
    (
        "rectangle",
        "Rectangle",
        "Drag around points to select them, or click one; Shift adds, Ctrl or Alt removes. With Probe or Pan: Shift + drag. Key: R.",
    ),
    (
        "lasso",
        "Lasso",
        "Draw a line around points to select them; Shift adds, Ctrl or Alt removes. With Probe or Pan: Shift + Ctrl + drag. Key: L.",
    ),
    ("pan", "Pan", "Drag to move the plane (also with the middle or right button, or with Space held). Key: H."),
)
LINES = ("rectangle", "lasso")
HOWS = (
    ("replace", "Replace", "What is selected next takes the place of the selection. Key: X, for the next of the three."),
    (
        "add",
        "Add",
        "What is selected next is added to the selection; with Rectangle and Lasso also by Shift. Key: X, for the next of the three.",
    ),
    (
        "remove",
        "Remove",
        "What is selected next is taken from it; with Rectangle and Lasso also by Ctrl or Alt. Key: X, for the next of the three.",
    ),
)
FIT = "Show all points (F, Home, or a double-click on the plane)."
PIN = "Keep the place where the probe is held, with a number and its picture. Key: P, which takes the place under the pointer."


class ModeBar(QFrame):
    """What the left button does, what selecting does to the selection while that matters, fit and pin.

    Signals: modePicked(str), fitRequested(), pinRequested(), resized().
    """

    modePicked = Signal(str)  # Qt's manner
    resized = Signal()
    fitRequested = Signal()
    pinRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.mode, self.how = "probe", "replace"
        self._anything_selected = False
        self._theme = DARK
        self._buttons: dict[str, QToolButton] = {}
        lines = self._lines = QVBoxLayout(self)
        lines.setContentsMargins(4, 4, 4, 4)
        lines.setSpacing(4)
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for line in (upper, lower):
            line.setSpacing(4)
            lines.addLayout(line)
        self._modes, self._hows = QButtonGroup(self), QButtonGroup(self)
        for group, entries, chosen, act, line in (
            (self._modes, MODES, self.mode, self._picked, upper),
            (self._hows, HOWS, self.how, self._how_picked, lower),
        ):
            for name, text, hint in entries:
                button = self._button(name, text, hint)
                button.setCheckable(True)
                button.setChecked(name == chosen)
                button.clicked.connect(act)
                group.addButton(button)
                line.addWidget(button)
        lower.addStretch(1)
        self._show_hows()
        for name, text, hint, wish in (("fit", "Fit", FIT, self.fitRequested), ("pin", "Pin", PIN, self.pinRequested)):
            button = self._button(name, text, hint)
            button.clicked.connect(wish)
            upper.addWidget(button)

    def _button(self, name: str, text: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"mode_{name}")
        button.setText(text)
        button.setAccessibleName(text)  # also while there is room for icons only
        button.setToolTip(tip(hint))
        button.setProperty("role", "mode")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space would press it
        self._buttons[name] = button
        return button

    def set_theme(self, theme: Theme) -> None:
        """Icons in the text's colour."""
        self._theme = theme
        enlarge_icons(16, *self._buttons.values())
        for name, button in self._buttons.items():
            button.setIcon(icon(name, theme.on_accent if button.isChecked() else theme.text))

    def set_mode(self, mode: str) -> None:
        """As a click on its button."""
        self._buttons[mode].click()

    def fit_into(self, width: int) -> None:
        """Words beside the icons, or icons alone where there is no room for words."""
        for style in (Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly):
            for button in self._buttons.values():
                button.setToolButtonStyle(style)
            self._lines.invalidate()
            self._lines.activate()  # else the frame is sized for what the buttons were
            self.adjustSize()
            if self.width() <= width:
                return

    def line_for(self, modifiers: Qt.KeyboardModifier) -> str:
        """The line that the left button draws around points: "rectangle" or "lasso"; "" where it does something else.

        A tool that was chosen keeps its shape whatever keys are held, which then say what becomes of the selection.
        """
        if self.mode in LINES:
            return self.mode
        if modifiers & Qt.KeyboardModifier.ShiftModifier:
            return "lasso" if modifiers & Qt.KeyboardModifier.ControlModifier else "rectangle"
        return ""

    def how_for(self, modifiers: Qt.KeyboardModifier) -> str:
        """What becomes of a selection by what such a line goes around."""
        if modifiers & Qt.KeyboardModifier.AltModifier:
            return "remove"
        if self.mode in LINES:
            if modifiers & Qt.KeyboardModifier.ControlModifier:  # many desktops keep Alt + drag for themselves
                return "remove"
            if modifiers & Qt.KeyboardModifier.ShiftModifier:
                return "add"
        return self.how

    def next_how(self) -> None:
        """From replace to add, to remove, and to replace again."""
        names = [name for name, _, _ in HOWS]
        self._buttons[names[(names.index(self.how) + 1) % len(names)]].click()

    def set_selected(self, selected: bool) -> None:
        """Whether anything is selected."""
        if selected != self._anything_selected:
            self._anything_selected = selected
            self._show_hows()

    def _show_hows(self) -> None:
        """Only while it matters: the bar is to be small."""
        shown = self.mode in LINES or self._anything_selected or self.how != "replace"
        for button in self._hows.buttons():
            button.setVisible(shown)
        self.resized.emit()

    def _how_picked(self) -> None:
        self.how = next(name for name, _, _ in HOWS if self._buttons[name].isChecked())
        self.set_theme(self._theme)
        self._show_hows()

    def _picked(self) -> None:
        self.mode = next(name for name, _, _ in MODES if self._buttons[name].isChecked())
        self.set_theme(self._theme)
        self._show_hows()
        self.modePicked.emit(self.mode)
