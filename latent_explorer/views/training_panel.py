"""The form of a training run: it refuses impossible settings as they are typed, in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from latent_explorer.core.config import SCHEDULES, ModelConfig, TrainingConfig, default_hidden, effective_beta_words
from latent_explorer.core.errors import SettingError
from latent_explorer.core.memory import size_words, training_needs
from latent_explorer.views.glossary import explain
from latent_explorer.views.text import plain_label

MODEL, TRAINING, MACHINE = "model", "training", "machine"


@dataclass(frozen=True)
class Row:
    """A setting: its field, which is also its term in the glossary, its label, and whose it is.

    ``choices`` maps values to what is shown; ``empty`` is what an empty field stands for; ``only`` names another field and
    the value that it must have for this one to be there.
    """

    name: str
    label: str
    owner: str
    choices: Mapping[str, str] = field(default_factory=dict)
    empty: str = ""
    widths: bool = False
    only: tuple[str, str] | None = None


ROWS = (
    Row("network", "Network", MODEL, {"dense": "dense", "residual": "residual dense", "conv": "convolutional"}),
    Row("channels", "Channels", MODEL, empty="32,64", widths=True, only=("network", "conv")),
    Row("hidden", "Hidden layers", MODEL, widths=True),
    Row("latent_dim", "Latent size", MODEL),
    Row("likelihood", "Likelihood", MODEL, {"bernoulli": "Bernoulli", "gaussian": "Gaussian"}),
    Row("sigma", "σ", MODEL, empty="learned", only=("likelihood", "gaussian")),
    Row("epochs", "Epochs", TRAINING),
    Row("batch_size", "Batch", TRAINING),
    Row("lr", "Learning rate", TRAINING),
    Row("beta", "β", TRAINING),
    Row("warmup_epochs", "KL warm-up", TRAINING),
    Row("clip_norm", "Clip gradient", TRAINING),
    Row("validation", "Validation", TRAINING, empty="automatic"),
    Row("seed", "Seed", TRAINING),
    Row("schedule", "Schedule", TRAINING, {name: name for name in SCHEDULES}),
    Row("binarize", "Binarisation", TRAINING, {"dynamic": "dynamic", "none": "none (grey BCE)"}, only=("likelihood", "bernoulli")),
    Row("precision", "Precision", TRAINING, {"float32": "float32", "bfloat16": "bfloat16 (faster)"}),
    Row("device", "Device", MACHINE, {"auto": "auto", "cpu": "cpu", "cuda": "cuda", "mps": "mps"}),
)
LABELS = {row.name: row.label for row in ROWS}


class TrainingPanel(QWidget):
    """Fields with text; what they say is a pair of validated values or a sentence.

    Signals: settingsChanged(str) with the sentence on what is wrong, "" when all is well.
    """

    settingsChanged = Signal(str)  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        defaults = TrainingConfig().to_record() | ModelConfig((1, 1, 1)).to_record() | {"device": "auto", "channels": None, "sigma": None}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(8)
        self._form = QFormLayout()
        self._form.setVerticalSpacing(5)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._fields: dict[str, QLineEdit] = {}
        self._boxes: dict[str, QComboBox] = {}
        self._epochs_typed = False  # by the person
        self._epochs_of_run = False  # those of the unfinished run that is shown
        self._network = str(defaults["network"])
        self._data: tuple[tuple[int, int, int], int] | None = None
        self._filled: tuple[ModelConfig, TrainingConfig] | None = None  # by `set_settings`, until a field is edited
        for row in ROWS:
            self._add(row, defaults[row.name])
        layout.addLayout(self._form)
        self._needs = plain_label("", wrap=True)
        self._needs.setObjectName("training_needs")
        self._needs.setProperty("role", "muted")
        self._needs.setToolTip(explain("needs"))
        layout.addWidget(self._needs)
        self._problem = plain_label("", wrap=True)
        self._problem.setObjectName("settings_problem")
        self._problem.hide()
        layout.addWidget(self._problem)
        layout.addStretch(1)
        self._show_rows()

    def _add(self, row: Row, value: object) -> None:
        widget: QLineEdit | QComboBox
        if row.choices:
            box = widget = self._boxes[row.name] = QComboBox()
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            for choice, text in row.choices.items():
                box.addItem(text, choice)
            box.setCurrentIndex(box.findData(value))
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.activated.connect(self._edited)
        else:
            line = widget = self._fields[row.name] = QLineEdit(_shown(value))
            line.setMinimumWidth(60)
            line.setPlaceholderText(row.empty)
            line.textEdited.connect(self._edited)
        label = plain_label(row.label)
        label.setBuddy(widget)
        for part in (label, widget):
            part.setToolTip(explain(row.name))
        widget.setObjectName(f"field_{row.name}")
        widget.setAccessibleName(row.label)
        self._form.addRow(label, widget)

    def _widget(self, name: str) -> QLineEdit | QComboBox:
        return self._fields[name] if name in self._fields else self._boxes[name]

    def _used(self, row: Row) -> bool:
        """Whether the setting exists for the present choice of network and likelihood."""
        return row.only is None or self._boxes[row.only[0]].currentData() == row.only[1]

    def _show_rows(self) -> None:
        for row in ROWS:
            self._form.setRowVisible(self._widget(row.name), self._used(row))

    def _values(self, owner: str) -> dict[str, object]:
        """What the fields of one owner say; an empty field that may be empty, and one that is not there, says nothing."""
        values: dict[str, object] = {}
        for row in ROWS:
            if row.owner != owner or not self._used(row):
                continue
            if row.choices:
                values[row.name] = self._boxes[row.name].currentData()
                continue
            text = self._fields[row.name].text().strip()
            if text or not row.empty:
                values[row.name] = _widths(row.name, text) if row.widths else _number(text)
        return values

    def model_config(self, image_shape: tuple[int, int, int]) -> ModelConfig:
        """The architecture that the form asks for.

        Raises
        ------
        SettingError
            A field cannot be used; the sentence names it and the range.
        """
        return ModelConfig(image_shape, **self._values(MODEL))  # type: ignore[arg-type]  # checked on creation

    def training_config(self) -> TrainingConfig:
        """How the form asks to train; SettingError as `model_config`."""
        values: dict[str, object] = {"binarize": "none"} | self._values(TRAINING)
        return TrainingConfig(**values)  # type: ignore[arg-type]  # checked on creation

    def device(self) -> str:
        """Where to train: "auto", "cpu", "cuda" or "mps"."""
        return str(self._boxes["device"].currentData())

    def set_settings(self, model: ModelConfig, settings: TrainingConfig) -> None:
        """Fill the form with those of a model; its epochs stay while it is shown, so that a suggestion makes no other run of it."""
        record = {"channels": None, "sigma": None} | settings.to_record() | model.to_record()
        for name, line in self._fields.items():
            line.setText(_shown(record[name]))
        for name, box in self._boxes.items():
            if name in record:
                box.setCurrentIndex(box.findData(record[name]))
        self._epochs_of_run = True
        self._network = model.network
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
        """A number that suits the data, unless the person has typed another one or it is an unfinished run's."""
        if self._fields["epochs"].text() != str(epochs) and not (self._epochs_typed or self._epochs_of_run):
            self._fields["epochs"].setText(str(epochs))
            self._filled = None  # told to nobody: no edit of the person's, which would settle a notice

    def release_epochs(self) -> None:
        """Another model than the unfinished run is shown: its epochs no longer count as typed."""
        self._epochs_of_run = False

    def set_data(self, image_shape: tuple[int, int, int], count: int) -> None:
        """What would be trained on: the form then says what the run will take."""
        self._data = image_shape, count
        self._tell_needs()

    def set_locked(self, locked: bool) -> None:
        """While a run is on, its settings cannot be changed."""
        for row in ROWS:
            self._widget(row.name).setEnabled(not locked)

    def problem(self) -> str:
        """What is wrong with the form, one sentence; "" when nothing is."""
        try:
            self.model_config(self._data[0] if self._data is not None else (1, 1, 1))
            self.training_config()
        except SettingError as error:
            return str(error)
        return ""

    def sentence(self, problem: str) -> str:
        """The problem in the form's own words: settings by their labels."""
        for name, text in LABELS.items():
            for start in (f"{_spelled(name)} is", f"a width of {_spelled(name)} is"):
                if problem.startswith(start):
                    return problem.replace(_spelled(name), text, 1)
        return problem

    def _edited(self) -> None:
        self._filled = None
        self._epochs_typed = self._epochs_typed or self.sender() is self._fields["epochs"]
        self._follow_network()
        self._show_rows()
        problem = self.problem()
        self._problem.setText(self.sentence(problem))
        self._problem.setVisible(bool(problem))
        for name, line in self._fields.items():
            spelled = _spelled(name)
            bad = bool(problem) and (problem.startswith(f"{spelled} ") or problem.startswith(f"a width of {spelled} "))
            if bool(line.property("bad")) != bad:
                line.setProperty("bad", bad)
                line.style().unpolish(line)
                line.style().polish(line)
        self._tell_needs()
        self.settingsChanged.emit(problem)

    def _follow_network(self) -> None:
        """Another kind of network has other usual widths; those that the person typed stay."""
        before, self._network = self._network, str(self._boxes["network"].currentData())
        if self._fields["hidden"].text() == _shown(default_hidden(before)):
            self._fields["hidden"].setText(_shown(default_hidden(self._network)))

    def _tell_needs(self) -> None:
        words = ""
        if self._data is not None and not self.problem():
            shape, count = self._data
            model = self.model_config(shape)
            settings = self.training_config()
            needs = training_needs(model, settings, count)
            words = f"{model.parameters:,} weights, about {size_words(needs.total)} of memory"
            if beta := effective_beta_words(model, settings):
                words += f". {beta}"
        self._needs.setText(words)


def _spelled(name: str) -> str:
    """A field of the settings as the command line and the sentences spell it."""
    return {"batch_size": "batch-size", "warmup_epochs": "warmup", "clip_norm": "clip", "latent_dim": "latent-dim"}.get(name, name)


def _shown(value: object) -> str:
    """As it was typed: with all digits of a float that matter, so that the form gives back just this value."""
    if isinstance(value, list | tuple):
        return ",".join(str(number) for number in value)
    return "" if value is None else repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _widths(name: str, text: str) -> tuple[int, ...]:
    """Whole numbers with commas or spaces between them."""
    widths = []
    for word in text.replace(" ", ",").split(","):
        try:
            widths += [int(word)] if word else []
        except ValueError:
            raise SettingError(f"{name} is {word[:20]!r}; type widths such as 512,512.") from None
    return tuple(widths)


def _number(text: str) -> int | float | str:
    """A number as people type it; anything else stays text, which the settings refuse by name."""
    for kind in (int, float):
        try:
            return kind(text) if "_" not in text else text
        except ValueError:
            continue
    return text
