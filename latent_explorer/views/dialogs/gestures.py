"""F1: what the mouse and the keys do."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from latent_explorer.views.text import heading, plain_label

GESTURES = (
    ("On the plane", (
        ("Move, or drag with the left button", "The decoded image follows"),
        ("Click", "The probe stays there; it returns when the pointer leaves"),
        ("Wheel, or pinch", "Zoom at the pointer"),
        ("Drag with the middle or right button, Space + drag", "Move the plane"),
        ("Double-click, Home, F", "Show all points; again: all but the stragglers"),
        ("Arrows, Shift + arrows", "Move the probe finely, coarsely"),
        ("Digits 0 to 9", "Jump to where a class is densest"),
        ("+ and −", "Zoom at the centre"),
        ("Esc", "Stop a gesture; it never closes the window"),
    )),
    ("Legend", (("Click", "Hide or show a class"), ("Double-click", "Show only this class; again: show all"))),
    ("Everywhere", (
        ("Drop on the window", "Open a model file, or a folder with MNIST's files"),
        ("Ctrl+O", "Open a model file"),
        ("Ctrl+Shift+S", "Save the model as…"),
        ("Ctrl+E", "Export the decoded image"),
        ("Ctrl+Shift+C, Ctrl+Shift+P", "Copy the decoded image; copy it as lines of Python"),
        ("Ctrl+T, Ctrl+Shift+T, Ctrl+.", "Train, pause or resume; one step; stop"),
        ("F11", "Full screen: the plane and the decoded image"),
        ("Ctrl + plus, Ctrl + minus, Ctrl+0", "Larger, smaller, normal interface"),
        ("Ctrl+Q", "Quit"),
        ("F1", "This sheet"),
    )),
)  # fmt: skip


class GestureSheet(QDialog):
    """A table of gestures; Esc closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Gestures and keys")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        row = 0
        for title, entries in GESTURES:
            grid.addWidget(heading(title), row, 0, 1, 2)
            row += 1
            for gesture, effect in entries:
                name = plain_label(gesture)
                name.setProperty("role", "muted")
                grid.addWidget(name, row, 0)
                grid.addWidget(plain_label(effect), row, 1)
                row += 1
        layout.addLayout(grid)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
