"""The form of a training run: it refuses impossible settings as they are typed, in the words of the command line."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from latent_explorer.core.config import ModelConfig, TrainingConfig, effective_beta_words
from latent_explorer.core.errors import SettingError
from latent_explorer.core.families import FAMILIES, Family
from latent_explorer.core.memory import size_words, training_needs
from latent_explorer.core.usual import usual, usual_value
from latent_explorer.views.doctor_list import DoctorList
from latent_explorer.views.glossary import explain
from latent_explorer.views.recipe_box import RecipeBox, Typed, texts_of
from latent_explorer.views.text import plain_label, tip
from latent_explorer.views.training_rows import (
    LABELS,
    LIMITED,
    MACHINE,
    MODEL,
    ROWS,
    TRAINING,
    Chosen,
    Row,
    number,
    short,
    shown,
    spelled,
    widths,
)

SOME_CLASSES = 2  # while nobody knows how many the data have


class TrainingPanel(QWidget):
    """Fields with text; what they say is a pair of validated values or a sentence.

    What is usual for a family is filled in with it; what the person typed stays. Rows that are rarely wanted are folded away,
    but for those that say something unusual or are at fault. A recipe fills the form; what is then changed is named under it.

    Signals: settingsChanged(str) with the sentence on what is wrong, "" when all is well.
    """

    settingsChanged = Signal(str)  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
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
        self._kind = "vae", "dense"  # family and network, whose usual values stand in the fields
        self._data: tuple[tuple[int, int, int], int, int | None] | None = None
        self._filled: tuple[ModelConfig, TrainingConfig] | None = None  # by `set_settings`, until a field is edited
        self._unfolded: frozenset[str] = frozenset()  # rare rows that are there all the same
        self._fault = ""  # the row under which the problem stands
        self._meant: dict[str, str] = {}  # with all digits, what was put into a field, where it may stand shorter
        self._recipe = RecipeBox()
        self._recipe.activated.connect(self._choose_recipe)
        self._form.addRow(self._recipe)  # across both columns: its names are long
        self._changed = plain_label("", wrap=True)
        self._changed.setObjectName("recipe_changed")
        self._changed.setProperty("role", "muted")
        self._form.addRow(self._changed)
        for row in ROWS:
            self._add(row, "auto" if row.owner == MACHINE else usual_value(row.name, *self._kind))
        self._problem = plain_label("", wrap=True)
        self._problem.setObjectName("settings_problem")
        self._form.addRow(self._problem)
        self._form.setRowVisible(self._problem, False)
        layout.addLayout(self._form)
        self._more = QPushButton("More settings")
        self._more.setObjectName("training_more")
        self._more.setCheckable(True)
        self._more.setToolTip(explain("training_more"))
        self._more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._more.toggled.connect(self._fold)
        layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._needs = plain_label("", wrap=True)
        self._needs.setObjectName("training_needs")
        self._needs.setProperty("role", "muted")
        self._needs.setToolTip(explain("needs"))
        layout.addWidget(self._needs)
        self.doctor = DoctorList()
        layout.addWidget(self.doctor)
        layout.addStretch(1)
        self._follow_family()
        self._show_rows()

    def _add(self, row: Row, value: object) -> None:
        widget: QLineEdit | QComboBox
        if row.choices:
            box = widget = self._boxes[row.name] = QComboBox()
            box.setMinimumContentsLength(6)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            for choice, text in row.choices.items():
                box.addItem(text, choice)
                if row.name == "family":
                    box.setItemData(box.count() - 1, tip(FAMILIES[choice].sentence), Qt.ItemDataRole.ToolTipRole)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.activated.connect(self._edited)
        else:
            line = widget = self._fields[row.name] = QLineEdit(shown(value))
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

    @property
    def facts(self) -> Family:
        """Of the family that is chosen."""
        return FAMILIES[str(self._boxes["family"].currentData())]

    def _chosen(self) -> Chosen:
        return Chosen(self.facts, *(str(self._boxes[name].currentData()) for name in LIMITED))

    # Rows

    def _show_rows(self) -> None:
        chosen, all_of_them = self._chosen(), self._more.isChecked()
        for row in ROWS:
            there = row.there(chosen) and (all_of_them or not row.rare or row.name in self._unfolded)
            self._form.setRowVisible(self._widget(row.name), there)

    def _fold(self) -> None:
        self._unfolded = self._unusual()
        self._show_rows()

    def _unusual(self) -> frozenset[str]:
        """Rare rows that say something else than usual."""
        rare = (row.name for row in ROWS if row.rare and row.owner != MACHINE)
        return frozenset(name for name in rare if self._text(name) != shown(usual_value(name, *self._kind)))

    def _text(self, name: str) -> str:
        """What a row says, with all digits; where nothing can be undone, nothing was typed, or all of it has been taken back."""
        if name in self._fields:
            line, meant = self._fields[name], self._meant.get(name, "")
            return meant if line.text() == short(meant) and not line.isUndoAvailable() else line.text()
        return str(self._boxes[name].currentData())

    def _put(self, name: str, value: object) -> None:
        if name in self._fields:
            text = shown(value)
            self._meant[name] = text
            self._fields[name].setText(short(text))
        elif (at := self._boxes[name].findData(value)) >= 0:
            self._boxes[name].setCurrentIndex(at)

    def _follow_family(self) -> None:
        """Another family has other lists; it, and another kind of network, have other usual values. What the person typed stays."""
        facts = self.facts
        self._boxes["family"].setToolTip(tip(facts.sentence))
        for name, kinds in LIMITED.items():
            box, taken = self._boxes[name], getattr(facts, kinds)
            if [box.itemData(k) for k in range(box.count())] != list(taken):
                before = box.currentData()
                box.clear()
                for choice in taken:
                    box.addItem(next(row.choices[choice] for row in ROWS if row.name == name), choice)
                box.setCurrentIndex(max(0, box.findData(before)))
        before, self._kind = self._kind, (facts.key, str(self._boxes["network"].currentData()))
        if self._kind == before:
            return
        for row in ROWS:
            if row.name in ("family", "network", "objective", "device"):
                continue
            if self._text(row.name) == shown(usual_value(row.name, *before)):
                self._put(row.name, usual_value(row.name, *self._kind))
        self._unfolded = self._unusual()

    # Recipes

    def _choose_recipe(self) -> None:
        """Fill the form with what the entry says; what the person has typed is kept."""
        entry = self._recipe.chosen()
        if entry is None:
            return  # the form says just this
        said = {row.name: self._text(row.name) for row in ROWS if row.owner != MACHINE}
        self._recipe.leave(said, self._epochs_typed, changed=bool(self._changes()))
        if isinstance(entry, Typed):
            self._epochs_typed = entry.epochs_typed
            self._fill(entry.texts)
        else:
            self._fill(texts_of(entry))
            self._epochs_typed, self._epochs_of_run = True, False  # no suggestion takes the place of a recipe's
        self._recipe.show_chosen()
        self._edited()

    def _fill(self, said: Mapping[str, str]) -> None:
        """What rows are to say, by their names."""
        for name in ("family", "network"):
            self._put(name, said[name])
            self._follow_family()  # the lists first
        for name, text in said.items():
            self._put(name, text)
        self._kind = said["family"], said["network"]
        self._unfolded = self._unusual()

    def _changes(self) -> list[str]:
        """Labels of the settings that are no longer those of the chosen recipe."""
        part, chosen = self._recipe.part(), self._chosen()
        wanted = {} if part is None else texts_of(part)
        return [row.label for row in ROWS if row.name in wanted and row.there(chosen) and self._text(row.name).strip() != wanted[row.name]]

    def _tell_recipe(self) -> None:
        """What it shows, and what has been changed."""
        self._recipe.setToolTip(self._recipe.sentence() or explain("recipe"))
        changes = self._changes()
        self._changed.setText(f"Changed: {', '.join(changes)}." if changes else "")
        self._form.setRowVisible(self._changed, bool(changes))

    # What it says

    def _values(self, owner: str) -> dict[str, object]:
        """What the fields of one owner say; an empty field that may be empty says nothing, one that is not there what is usual."""
        chosen, names = self._chosen(), {row.name for row in ROWS if row.owner == owner}
        values: dict[str, object] = {name: value for name, value in usual(self.facts.key).items() if name in names}
        for row in ROWS:
            if row.owner != owner or not row.there(chosen):
                continue
            if row.choices:
                values[row.name] = self._boxes[row.name].currentData()
                continue
            text = self._text(row.name).strip()
            if text or not row.empty:
                values[row.name] = widths(spelled(row.name), text) if row.widths else number(text)
        if values.get("objective") == self.facts.objectives[0]:
            del values["objective"]  # None is the usual one
        return values

    def model_config(self, image_shape: tuple[int, int, int], classes: int | None = None) -> ModelConfig:
        """The architecture that the form asks for, for images of this shape and so many classes.

        Raises
        ------
        SettingError
            A field cannot be used; the sentence names it and the range.
        """
        told = {"classes": classes} if self.facts.conditional else {}
        return ModelConfig(image_shape, **(self._values(MODEL) | told))  # type: ignore[arg-type]  # checked on creation

    def training_config(self) -> TrainingConfig:
        """How the form asks to train; SettingError as `model_config`."""
        values: dict[str, object] = {"binarize": "none"} | self._values(TRAINING)
        return TrainingConfig(**values)  # type: ignore[arg-type]  # checked on creation

    def device(self) -> str:
        """Where to train: "auto", "cpu", "cuda" or "mps"."""
        return str(self._boxes["device"].currentData())

    def set_settings(self, model: ModelConfig, settings: TrainingConfig) -> None:
        """Fill the form with those of a model; its epochs stay while it is shown, so that a suggestion makes no other run of it."""
        record = {"channels": None, "sigma": None, "lower_dim": None} | settings.for_model(model).to_record() | model.to_record()
        if model.decoder_hidden == model.hidden[::-1]:
            record["decoder_hidden"] = None  # mirrored
        self._recipe.forget()
        self._put("family", model.family)
        self._follow_family()  # the lists first
        for row in ROWS:
            if row.name in record:
                self._put(row.name, record[row.name])
        self._epochs_of_run = True
        self._kind = model.family, model.network
        self._unfolded = self._unusual()
        self._edited()
        self._filled = (model, settings)
        self.settingsChanged.emit(self.problem())

    def shows(self, model: ModelConfig, settings: TrainingConfig | None) -> bool:
        """Whether the form says just these."""
        if self._filled == (model, settings):
            return True  # some of it, such as the decoder's own widths, has no field here
        try:
            same = self.model_config(model.image_shape, model.classes) == model
            return same and settings is not None and self.training_config().for_model(model) == settings.for_model(model)
        except SettingError:
            return False

    def suggest_epochs(self, epochs: int) -> None:
        """A number that suits the data, unless the person has typed another one or it is an unfinished run's."""
        if self._text("epochs") != str(epochs) and not (self._epochs_typed or self._epochs_of_run):
            self._put("epochs", epochs)
            self._filled = None  # told to nobody: no edit of the person's, which would settle a notice

    def release_epochs(self) -> None:
        """Another model than the unfinished run is shown: its epochs no longer count as typed."""
        self._epochs_of_run = False

    def set_data(self, image_shape: tuple[int, int, int], count: int, classes: int | None = None) -> None:
        """What would be trained on: the form then says what the run will take, and whether it can be."""
        self._data = image_shape, count, classes
        self._tell(self.problem())

    def set_locked(self, locked: bool) -> None:
        """While a run is on, its settings cannot be changed."""
        self._recipe.setEnabled(not locked)
        for row in ROWS:
            self._widget(row.name).setEnabled(not locked)

    def problem(self) -> str:
        """What is wrong with the form, one sentence; "" when nothing is."""
        shape, _, classes = self._data if self._data is not None else ((1, 1, 1), 0, SOME_CLASSES)
        try:
            self.training_config().for_model(self.model_config(shape, classes))
        except SettingError as error:
            return str(error)
        return ""

    def sentence(self, problem: str) -> str:
        """The problem in the form's own words: settings by their labels."""
        name = self._at_fault(problem)
        return problem.replace(spelled(name), LABELS[name], 1) if name and name != "family" else problem

    def _at_fault(self, problem: str) -> str:
        """The row that a problem speaks of; "" for none."""
        if problem.startswith(f"{self.facts.title} "):
            return "family"
        for name in LABELS:
            if problem.startswith((f"{spelled(name)} is", f"a width of {spelled(name)} is")):
                return name
        return ""

    def _edited(self) -> None:
        self._filled = None
        typed = next((name for name, field in self._fields.items() if field is self.sender()), "")
        self._epochs_typed = self._epochs_typed or typed == "epochs"
        if not typed:
            self._follow_family()
        problem = self.problem()
        self._tell(problem)
        self.settingsChanged.emit(problem)

    def _tell(self, problem: str) -> None:
        """The problem stands under the row that it speaks of."""
        self._tell_recipe()
        name = self._at_fault(problem)
        if name:
            self._unfolded |= {name}
        self._show_rows()
        for row in ROWS:
            widget = self._widget(row.name)
            if bool(widget.property("bad")) != (row.name == name):
                widget.setProperty("bad", row.name == name)
                widget.style().unpolish(widget)
                widget.style().polish(widget)
        if name != self._fault:
            self._fault = name
            self._form.takeRow(self._problem)
            row_of = self._form.getWidgetPosition(self._widget(name))[0] + 1 if name else self._form.rowCount()  # type: ignore[index]
            self._form.insertRow(row_of, self._problem)
        self._problem.setText(self.sentence(problem))
        self._form.setRowVisible(self._problem, bool(problem))
        self._tell_needs(problem)

    def _tell_needs(self, problem: str) -> None:
        words = ""
        if self._data is not None and not problem:
            shape, count, classes = self._data
            model = self.model_config(shape, classes)
            settings = self.training_config()
            needs = training_needs(model, settings, count)
            words = f"{model.parameters:,} weights, about {size_words(needs.total)} of memory"
            if beta := effective_beta_words(model, settings):
                words += f". {beta}"
        self._needs.setText(words)
