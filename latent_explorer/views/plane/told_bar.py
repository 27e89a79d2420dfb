"""What a model is told besides the place: the class of a conditional one, and a draw of what lies below the plane."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from latent_explorer.views.glossary import explain
from latent_explorer.views.text import plain_label, tip

OTHERS = {"shown": "All", "faint": "Rest faint", "hidden": "Alone"}  # what becomes of the points of other classes
MOST_LETTERS = 12  # of a class's name in the list
BEFORE, AFTER = "The class before (key: comma).", "The next class (key: full stop)."
RESAMPLE = "Draw anew what the plane leaves open: another image for every place. Key: B."
MEAN = "Back to the mean of what the plane leaves open."


class ToldBar(QFrame):
    """There while the model is told anything.

    Signals: conditionRequested(label), othersRequested(how), resampleRequested(), meanRequested().
    """

    conditionRequested = Signal(int)  # Qt's manner, here and below
    othersRequested = Signal(str)
    resampleRequested = Signal()
    meanRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        line = QHBoxLayout(self)
        line.setContentsMargins(8, 4, 4, 4)
        line.setSpacing(4)
        self._names: tuple[str, ...] = ()
        self._class = plain_label("Class")
        self._class.setToolTip(explain("condition"))
        self._boxes = {name: QComboBox(self) for name in ("condition", "others")}
        for name, box in self._boxes.items():
            box.setObjectName(f"told_{name}")
            box.setToolTip(explain(name))
            box.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the plane keeps its keys
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._boxes["condition"].setAccessibleName("Class that the model is told")
        self._boxes["others"].setAccessibleName("Points of other classes")
        for how, text in OTHERS.items():
            self._boxes["others"].addItem(text, how)
        self._boxes["condition"].activated.connect(self._class_picked)
        self._boxes["others"].activated.connect(self._others_picked)
        self._before = self._button("told_before", "‹", BEFORE)
        self._after = self._button("told_after", "›", AFTER)
        self._resample = self._button("told_resample", "Resample below", RESAMPLE)
        self._mean = self._button("told_mean", "Mean", MEAN)
        self._before.clicked.connect(self._step_back)
        self._after.clicked.connect(self._step_on)
        self._resample.clicked.connect(self.resampleRequested)
        self._mean.clicked.connect(self.meanRequested)
        self._of_class: tuple[QWidget, ...] = (self._class, self._before, self._boxes["condition"], self._after, self._boxes["others"])
        self._draw = QLabel()
        self._draw.setProperty("role", "muted")
        self._of_draw: tuple[QWidget, ...] = (self._resample, self._mean, self._draw)
        for part in (*self._of_class, *self._of_draw):
            line.addWidget(part)
        self.set_condition((), None)
        self.set_draw(None)

    def _button(self, name: str, text: str, hint: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        button.setAccessibleName(hint.partition(" (")[0].partition(":")[0])
        button.setToolTip(tip(hint))
        button.setProperty("role", "mode")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space would press it
        return button

    def fit_into(self, width: int) -> None:
        """Without its first word where there is no room for it."""
        self._class.setVisible(not self._boxes["condition"].isHidden())
        self.adjustSize()
        if self.width() > width:
            self._class.hide()
            self.adjustSize()

    def set_condition(self, names: tuple[str, ...], label: int | None, others: str = "faint") -> None:
        """The classes' names and the one that is told; None where the model is told none."""
        box = self._boxes["condition"]
        if names != self._names:
            self._names = names
            box.clear()
            for number, name in enumerate(names):
                box.addItem(name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…", number)
        box.setCurrentIndex(-1 if label is None else label)
        self._boxes["others"].setCurrentIndex(self._boxes["others"].findData(others))
        self._show(self._of_class, label is not None)

    def set_draw(self, seed: int | None) -> None:
        """Which draw is shown, 0 for the mean; None where nothing lies below the plane."""
        self._draw.setText(f"draw {seed}" if seed else "mean")
        self._show((self._resample, self._draw), seed is not None)
        self._show((self._mean,), bool(seed))  # at the mean the word beside it says so

    def _show(self, parts: tuple[QWidget, ...], there: bool) -> None:
        for part in parts:
            part.setVisible(there)
        self.setVisible(any(not part.isHidden() for part in (*self._of_class, *self._of_draw)))
        self.adjustSize()

    def _class_picked(self, row: int) -> None:
        self.conditionRequested.emit(row)

    def _others_picked(self, row: int) -> None:
        self.othersRequested.emit(self._boxes["others"].itemData(row))

    def _step_back(self) -> None:
        self._step(-1)

    def _step_on(self) -> None:
        self._step(1)

    def _step(self, by: int) -> None:
        if self._names:
            self.conditionRequested.emit((self._boxes["condition"].currentIndex() + by) % len(self._names))
