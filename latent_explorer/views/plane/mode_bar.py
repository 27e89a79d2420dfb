"""Visible buttons for what the modifiers do, for people who do not know them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QToolButton, QWidget

from latent_explorer.views.style import Theme, icon

MODES = (
    ("probe", "Probe", "Move or drag: the decoded image follows. Click: the probe stays there."),
    ("pan", "Pan", "Drag to move the plane (also with the middle or right button, or with Space held)."),
)


class ModeBar(QFrame):
    """What the left button does, and fit. Signals: modePicked(str), fitRequested()."""

    modePicked = Signal(str)  # Qt's manner
    fitRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.mode = "probe"
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
        fit = self._button("fit", "Fit", "Show all points (F, Home, or a double-click on the plane).")
        fit.clicked.connect(self.fitRequested)
        layout.addWidget(fit)

    def _button(self, name: str, text: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(f"mode_{name}")
        button.setText(text)
        button.setToolTip(hint)
        button.setProperty("role", "mode")
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(16, 16))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space would press it
        self._buttons[name] = button
        return button

    def set_theme(self, theme: Theme) -> None:
        """Icons in the text's colour."""
        for name, button in self._buttons.items():
            button.setIcon(icon(name, theme.on_accent if button.isChecked() else theme.text))
        self._theme = theme

    def _picked(self) -> None:
        self.mode = next(name for name, button in self._buttons.items() if button.isChecked())
        self.set_theme(self._theme)
        self.modePicked.emit(self.mode)
