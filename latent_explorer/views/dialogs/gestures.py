"""F1: what the mouse and the keys do."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from latent_explorer.views.text import heading, plain_label

GESTURES = (
    ("On the plane, by mouse", (
        ("Move, or drag with the left button", "The decoded image follows; a drag leaves a trail"),
        ("Click", "The probe is held there, and returns when the pointer leaves"),
        ("Click on a pin", "The probe is held at the pin"),
        ("Rest on a point", "A card tells what it is: its image, what the decoder makes of its code, its class and number"),
        ("Shift + click, Shift + drag", "Select the nearest point; those in a rectangle"),
        ("Shift + Ctrl + drag", "Select the points that the line goes around"),
        ("With Rectangle or Lasso chosen", "Drag or click selects; with Shift adds to the selection, with Ctrl or Alt takes from it"),
        ("Otherwise, when selecting", "The bar says whether points replace the selection, are added or removed; Alt removes"),
        ("Wheel, or pinch", "Zoom at the pointer"),
        ("Drag with the middle or right button, Space + drag", "Move the plane; turn the globe"),
        ("Double-click", "Show all points; again: all but the stragglers"),
    )),
    ("On the plane, by keyboard", (
        ("Arrows, Shift + arrows", "Move the probe finely, coarsely"),
        ("Enter", "Hold the probe where it is, as a click does"),
        ("Ctrl or Space + arrows, with Shift", "Move the plane, or turn the globe, a little, a lot"),
        ("+ and −", "Zoom at the centre"),
        ("Home, F", "Show all points; again: all but the stragglers"),
        ("Digits 0 to 9", "Move the probe to where a class is densest; to the plane of that class, where each has its own"),
        (", and .", "To the plane of the class before, of the next class"),
        ("B", "Draw anew what lies below the plane of a hierarchical model"),
        ("P", "Pin the place under the pointer, else where the probe is held"),
        ("[ and ], Page Up and Page Down", "To the pin before, to the next pin"),
        ("Delete", "Remove the pin where the probe is held"),
        ("V, H, R, L", "The left button probes; moves the plane; draws a rectangle, a lasso around points to select them"),
        ("A, S", "Select the points in view; the point where the probe is; with Shift take them from the selection"),
        ("X", "What is selected next replaces the selection, is added to it, or is removed from it, in turn"),
        ("C", "The card of the point nearest to the probe, and away with it"),
        ("Esc", "Stop a gesture, else clear the trail, the selection, close a message, leave full screen; never the window"),
    )),
    ("Legend", (
        ("Click; Space or Enter", "Hide or show a class"),
        ("Double-click; Shift + Enter", "Show only this class; again: show all"),
        ("Tab, then up and down", "Reach the classes without a mouse"),
        ("J; digits, also several", "Move the probe to the class; to the class of that number"),
        ("Esc", "Back to the plane"),
    )),
    ("Pins", (
        ("Click; Enter", "The probe is held at the pin"),
        ("Double-click; F2", "Give it a name"),
        ("Delete", "Remove it; Ctrl+Z takes it back"),
        ("Drag; Alt + up or down", "Put it elsewhere in the list"),
        ("Esc", "Back to the plane"),
    )),
    ("Selection", (
        ("Click; Enter", "The probe is held at the point, and the plane brings it into view"),
        ("Click on a column's head", "Sort by it; again: the other way round"),
        ("Delete", "Take the point from the selection"),
        ("Ctrl+J", "Move the plane so that all selected points are in view"),
        ("Ctrl+Shift+O, Ctrl+Shift+H, Ctrl+Shift+A", "Show only the selected points; hide them; show all points"),
        ("Ctrl+Shift+E", "Export the selected points as a table"),
        ("Ctrl+B", "The exact posterior of the selected image, of the nearest one or of a pin; and away with it"),
        ("Click on a nearest image", "Select its point"),
        ("Esc", "Back to the plane"),
    )),
    ("Slice, on a slider", (
        ("Click, or drag", "The coordinate goes there; the wheel scrolls the panel"),
        ("Left and right, down and up", "Move the coordinate by 0.05"),
        ("Page Down, Page Up", "Move it by 0.5"),
        ("Home, End", "To the lowest, to the highest value of the slider"),
        ("Double-click; Delete or Backspace", "Back to the mean of the codes"),
    )),
    ("Everywhere", (
        ("Drop on the window", "Open a model, a table of codes or a picture of your own, or a folder with MNIST's files"),
        ("Tab, Shift + Tab", "To the next field, to the one before"),
        ("Ctrl+O", "Open a model, a table of codes or a picture of your own"),
        ("Ctrl+V", "Ask the model about a picture that was copied: its exact posterior, else where the encoder puts it"),
        ("Ctrl+Shift+S", "Save the model as…"),
        ("Ctrl+E", "Export the decoded image"),
        ("Ctrl+Shift+C, Ctrl+Shift+P", "Copy the decoded image; copy it as lines of Python"),
        ("Ctrl+Z; Ctrl+Shift+Z, Ctrl+Y", "Undo a step: view, probe, selection, pins, layers, classes, slice; redo it"),
        ("Ctrl+T, Ctrl+Shift+T, Ctrl+.", "Train, pause or resume; one step; stop"),
        ("F11", "Full screen: the plane and the decoded image"),
        ("Ctrl+1 to Ctrl+9", "Hide or show a panel, in the order of View > Panels"),
        ("Ctrl + plus, Ctrl + minus, Ctrl+0", "Larger, smaller, normal interface"),
        ("Ctrl+Q", "Quit"),
        ("F1", "This sheet"),
    )),
)  # fmt: skip


class GestureSheet(QDialog):
    """A table of gestures that scrolls where the screen is low; Esc closes it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Gestures and keys")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 12)
        table = self._table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(20, 16, 20, 8)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        row = 0
        for title, entries in GESTURES:
            grid.addWidget(heading(title), row, 0, 1, 2)
            row += 1
            for gesture, effect in entries:
                for column, words in enumerate((gesture, effect)):
                    grid.addWidget(self._label(words, muted=column == 0), row, column, Qt.AlignmentFlag.AlignTop)
                row += 1
        self._area = QScrollArea()
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setAccessibleName("Gestures and keys")
        self._area.setWidget(table)
        layout.addWidget(self._area, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.setContentsMargins(20, 0, 20, 0)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    def _label(self, words: str, muted: bool) -> QLabel:
        label = plain_label(words, wrap=True)
        if muted:
            label.setProperty("role", "muted")
        return label

    def showEvent(self, event: QShowEvent) -> None:  # Qt's name, here and below
        """As large as the table, where the screen allows it; the keys scroll at once."""
        super().showEvent(event)
        if event.spontaneous():
            return
        room = self.screen().availableSize()
        wish = self.sizeHint()
        self.resize(min(wish.width(), room.width() - 40), min(wish.height(), room.height() - 80))
        self._area.setFocus()

    def sizeHint(self) -> QSize:
        """The whole table in a width that reads well."""
        unit = self.fontMetrics().averageCharWidth()
        width = 110 * unit
        bar = self._area.verticalScrollBar().sizeHint().width()
        return QSize(width + bar, self._table.heightForWidth(width) + super().sizeHint().height() - self._area.sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """It scrolls."""
        return QSize(360, 240)
