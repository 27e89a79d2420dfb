"""Visible buttons for what keys and modifiers do, for people who do not know them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from latent_explorer.views.style import DARK, Theme, enlarge_icons, icon
from latent_explorer.views.text import tip

MODES = (
    ("probe", "Probe", "Move or drag: the decoded image follows. Click: the probe stays there. Key: V."),
    ("pan", "Pan", "Drag to move the plane (also with the middle or right button, or with Space held). Key: H."),
)
FIT = "Show all points (F, Home, or a double-click on the plane)."
PIN = "Keep the place where the probe is held, with a number and its picture. Key: P, which takes the place under the pointer."


class ModeBar(QFrame):
    """What the left button does, fit and pin. Signals: modePicked(str), fitRequested(), pinRequested()."""

    modePicked = Signal(str)  # Qt's manner
    fitRequested = Signal()
    pinRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.mode = "probe"
        self._theme = DARK
        self._buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        group = QButtonGroup(self)
        for name, text, hint in MODES:
            button = self._button(name, text, hint)
            button.setCheckable(True)
            button.setChecked(name == self.mode)
            button.clicked.connect(self._picked)
            group.addButton(button)
            layout.addWidget(button)
        for name, text, hint, wish in (("fit", "Fit", FIT, self.fitRequested), ("pin", "Pin", PIN, self.pinRequested)):
            button = self._button(name, text, hint)
            button.clicked.connect(wish)
            layout.addWidget(button)

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
            self.adjustSize()
            if self.width() <= width:
                return

    def _picked(self) -> None:
        self.mode = next(name for name, button in self._buttons.items() if button.isChecked())
        self.set_theme(self._theme)
        self.modePicked.emit(self.mode)
