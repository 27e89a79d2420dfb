"""Big play and pause, step, stop; epoch, time left, speed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from latent_explorer.core.types import TrainingProgress
from latent_explorer.views.glossary import explained, term_label
from latent_explorer.views.style import DARK, Theme, enlarge_icons, icon
from latent_explorer.views.text import LiveText, time_left

STATES = ("idle", "running", "paused", "stopping")


class ThinBar(QWidget):
    """How far the run is; QProgressBar would repaint its window at once at every change."""

    def __init__(self) -> None:
        super().__init__()
        self._part = 0.0
        self.setFixedHeight(4)
        self.setAccessibleName("Progress of the run")

    def set_part(self, part: float) -> None:
        """From 0 to 1."""
        if part != self._part:
            self._part = part
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A line, filled from the left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().mid())
        painter.fillRect(0, 0, round(self.width() * self._part), self.height(), self.palette().highlight())


class Transport(QWidget):
    """Signals: trainRequested(), pauseRequested(), resumeRequested(), stepRequested(), stopRequested()."""

    trainRequested = Signal()  # Qt's manner, here and below
    pauseRequested = Signal()
    resumeRequested = Signal()
    stepRequested = Signal()
    stopRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._state, self._can_continue = DARK, "idle", False
        self._play, self._step, self._stop = QPushButton("Train"), QPushButton("Step"), QPushButton()
        self._play.setProperty("role", "primary")
        self._play.setObjectName("train_button")
        self._step.setObjectName("step_button")
        self._stop.setObjectName("stop_button")
        self._stop.setAccessibleName("Stop training")
        self._step.setToolTip("One optimiser step, then pause.")
        self._stop.setToolTip("Stop. What was learned is kept in My models and can be continued.")
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in (self._play, self._step, self._stop):
            button.setIconSize(QSize(18, 18))
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        self._play.setMinimumWidth(112)
        self._play.setMinimumHeight(34)
        self._play.clicked.connect(self._play_clicked)
        self._step.clicked.connect(self.stepRequested)
        self._stop.clicked.connect(self.stopRequested)
        self._epoch, self._left, self._speed = LiveText("2000 / 2000"), LiveText("12 h 30 min"), LiveText("12,345")
        counters = QGridLayout()
        counters.setHorizontalSpacing(12)
        counters.setVerticalSpacing(0)
        for column, (text, value, term) in enumerate(
            (("Epoch", self._epoch, "epoch"), ("Left", self._left, "left"), ("Steps/s", self._speed, "speed"))
        ):
            explained(value, term, text)
            counters.addWidget(term_label(text, term), 0, column)
            counters.addWidget(value, 1, column)
        counters.setColumnStretch(0, 1)  # a long run's epochs take what room there is
        self._bar = ThinBar()
        self._word = LiveText(lines=3, muted=True)
        self._word.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        explained(self._word, "run", "Run")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(6)
        layout.addLayout(row)
        layout.addLayout(counters)
        layout.addWidget(self._bar)
        layout.addWidget(self._word, 1)
        self._refresh()

    def set_theme(self, theme: Theme) -> None:
        """Icons in the theme's colours."""
        self._theme = theme
        enlarge_icons(18, self._play, self._step, self._stop)
        self._refresh()

    def set_state(self, state: str, *, can_continue: bool = False) -> None:
        """One of `STATES`; `can_continue` when the shown model is an unfinished run whose data are open."""
        if (state, can_continue) != (self._state, self._can_continue):  # it is told at every snapshot of a run
            self._state, self._can_continue = state, can_continue
            self._refresh()

    def _refresh(self) -> None:
        state, can_continue = self._state, self._can_continue
        fresh = ("Train", "play", "Train a new model with the settings on the left.")
        text, drawing, hint = {
            "idle": ("Continue", "play", "Go on with this unfinished run; another setting begins a new one.") if can_continue else fresh,
            "running": ("Pause", "pause", "Hold after the current step."),
            "paused": ("Resume", "play", "Go on training."),
            "stopping": ("Stopping", "stop", "The run ends after the current step."),
        }[state]  # fmt: skip
        self._play.setText(text)
        self._play.setToolTip(hint)
        self._play.setIcon(icon(drawing, self._theme.on_accent))
        self._play.setEnabled(state != "stopping")
        self._step.setIcon(icon("step", self._theme.text))
        self._step.setEnabled(state != "stopping")
        self._stop.setIcon(icon("stop", self._theme.text))
        self._stop.setEnabled(state in ("running", "paused"))

    def set_progress(self, progress: TrainingProgress | None) -> None:
        """Counters of the run; none before the first."""
        if progress is None:
            for label in (self._epoch, self._left, self._speed):
                label.setText("–")
            self._bar.set_part(0.0)
            return
        self._epoch.setText(f"{progress.epoch} / {progress.epochs}")
        self._left.setText("–" if progress.outcome else time_left(progress.seconds_left) or "–")
        self._speed.setText(f"{progress.steps_per_second:,.0f}" if progress.steps_per_second else "–")
        self._bar.set_part(progress.step / max(1, progress.steps))

    def set_word(self, text: str) -> None:
        """One sentence on how the run stands."""
        self._word.setText(text)

    def _play_clicked(self) -> None:
        {"idle": self.trainRequested, "running": self.pauseRequested, "paused": self.resumeRequested}[self._state].emit()
