"""The form of a training run: it refuses impossible settings as they are typed, in the words of the command line."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from latent_explorer.core.config import SCHEDULES, ModelConfig, TrainingConfig
from latent_explorer.core.errors import SettingError
from latent_explorer.views.glossary import explain
from latent_explorer.views.text import plain_label

BINARIZE_NAMES = {"dynamic": "dynamic", "none": "none (grey BCE)"}

# field, which is also its term in the glossary, and label
FIELDS = (
    ("hidden", "Hidden layers"),
    ("epochs", "Epochs"),
    ("batch_size", "Batch"),
    ("lr", "Learning rate"),
    ("beta", "β"),
    ("warmup_epochs", "KL warm-up"),
    ("clip_norm", "Clip gradient"),
    ("validation", "Validation"),
    ("seed", "Seed"),
)


class TrainingPanel(QWidget):
    """Fields with text; what they say is a pair of validated values or a sentence.

    Signals: settingsChanged(str) with the sentence on what is wrong, "" when all is well.
    """

    settingsChanged = Signal(str)  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        defaults = TrainingConfig().to_record()
        defaults["hidden"] = ",".join(str(width) for width in ModelConfig((1, 1, 1)).hidden)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        form = QFormLayout()
        form.setVerticalSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._fields: dict[str, QLineEdit] = {}
        self._epochs_typed = False
        self._filled: tuple[ModelConfig, TrainingConfig] | None = None  # by `set_settings`, until a field is edited
        for name, text in FIELDS:
            field = QLineEdit("" if defaults[name] is None else _shown(defaults[name]))
            field.setObjectName(f"field_{name}")
            field.setMinimumWidth(60)
            field.textEdited.connect(self._edited)
            if name == "validation":
                field.setPlaceholderText("automatic")
            self._add(form, text, field, explain(name))
            self._fields[name] = field
        self._schedule, self._binarize = QComboBox(), QComboBox()
        for box in (self._schedule, self._binarize):
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._schedule.addItems(SCHEDULES)
        for value, text in BINARIZE_NAMES.items():
            self._binarize.addItem(text, value)
        self._add(form, "Schedule", self._schedule, explain("schedule"))
        self._add(form, "Binarisation", self._binarize, explain("binarize"))
        for box in (self._schedule, self._binarize):
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.activated.connect(self._edited)
        layout.addLayout(form)
        self._problem = plain_label("", wrap=True)
        self._problem.setObjectName("settings_problem")
        self._problem.hide()
        layout.addWidget(self._problem)
        layout.addStretch(1)

    def _add(self, form: QFormLayout, text: str, field: QWidget, hint: str) -> None:
        label = plain_label(text)
        label.setToolTip(hint)
        field.setToolTip(hint)
        label.setBuddy(field)
        field.setAccessibleName(text)
        form.addRow(label, field)

    def model_config(self, image_shape: tuple[int, int, int]) -> ModelConfig:
        """The architecture that the form asks for.

        Raises
        ------
        SettingError
            A field cannot be used; the sentence names it and the range.
        """
        words = [word for word in self._fields["hidden"].text().replace(" ", ",").split(",") if word]
        widths = []
        for word in words:
            try:
                widths.append(int(word))
            except ValueError:
                raise SettingError(f"hidden is {word[:20]!r}; type widths such as 512,512.") from None
        return ModelConfig(image_shape, hidden=tuple(widths))

    def training_config(self) -> TrainingConfig:
        """How the form asks to train; SettingError as `model_config`."""
        values: dict[str, object] = {"schedule": self._schedule.currentText(), "binarize": self._binarize.currentData()}
        for name, field in self._fields.items():
            text = field.text().strip()
            if name == "hidden" or (name == "validation" and not text):
                continue
            values[name] = _number(text)
        return TrainingConfig(**values)  # type: ignore[arg-type]  # checked on creation

    def set_settings(self, model: ModelConfig, settings: TrainingConfig) -> None:
        """Fill the form with those of a model; they count as typed, so that a suggestion makes no other run of it."""
        record = settings.to_record() | {"hidden": ",".join(str(width) for width in model.hidden)}
        for name, field in self._fields.items():
            field.setText("" if record[name] is None else _shown(record[name]))
        self._schedule.setCurrentText(settings.schedule)
        self._binarize.setCurrentIndex(self._binarize.findData(settings.binarize))
        self._epochs_typed = True
        self._edited()
        self._filled = (model, settings)
        self.settingsChanged.emit(self.problem())

    def shows(self, model: ModelConfig, settings: TrainingConfig | None) -> bool:
        """Whether the form says just these."""
        if self._filled == (model, settings):
            return True  # some of it, such as the decoder's own widths, has no field here
        try:
            return self.model_config(model.image_shape) == model and self.training_config() == settings
        except SettingError:
            return False

    def suggest_epochs(self, epochs: int) -> None:
        """A number that suits the data, unless the person has typed another one."""
        if not self._epochs_typed:
            self._fields["epochs"].setText(str(epochs))

    def set_locked(self, locked: bool) -> None:
        """While a run is on, its settings cannot be changed."""
        for field in (*self._fields.values(), self._schedule, self._binarize):
            field.setEnabled(not locked)

    def problem(self) -> str:
        """What is wrong with the form, one sentence; "" when nothing is."""
        try:
            self.model_config((1, 1, 1))
            self.training_config()
        except SettingError as error:
            return str(error)
        return ""

    def sentence(self, problem: str) -> str:
        """The problem in the form's own words: settings by their labels."""
        for name, text in FIELDS:
            for start in (f"{_spelled(name)} is", f"a width of {_spelled(name)} is"):
                if problem.startswith(start):
                    return problem.replace(_spelled(name), text, 1)
        return problem

    def _edited(self) -> None:
        self._filled = None
        self._epochs_typed = self._epochs_typed or self.sender() is self._fields["epochs"]
        problem = self.problem()
        self._problem.setText(self.sentence(problem))
        self._problem.setVisible(bool(problem))
        for name, field in self._fields.items():
            spelled = _spelled(name)
            bad = bool(problem) and (problem.startswith(f"{spelled} ") or problem.startswith(f"a width of {spelled} "))
            if bool(field.property("bad")) != bad:
                field.setProperty("bad", bad)
                field.style().unpolish(field)
                field.style().polish(field)
        self.settingsChanged.emit(problem)


def _spelled(name: str) -> str:
    """A field of the settings as the command line and the sentences spell it."""
    return {"batch_size": "batch-size", "warmup_epochs": "warmup", "clip_norm": "clip"}.get(name, name)


def _shown(value: object) -> str:
    """As it was typed: with all digits of a float that matter, so that the form gives back just this value."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _number(text: str) -> int | float | str:
    """A number as people type it; anything else stays text, which the settings refuse by name."""
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            continue
    return text
