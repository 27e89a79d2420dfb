"""What is shown: which model, which data."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from latent_explorer.views.data_offer import DataOffer
from latent_explorer.views.glossary import explain, explained, term_label
from latent_explorer.views.style import Theme, enlarge_icons, icon
from latent_explorer.views.text import LiveText, plain_label, tip

# key, which is also its term in the glossary, and label
FACTS = (
    ("family", "Family"),
    ("points", "Test images"),
    ("image", "Image"),
    ("network", "Network"),
    ("likelihood", "Likelihood"),
    ("trained_for", "Trained for"),
    ("levels", "KL above, below"),
    ("elbo", "Validation ELBO"),
    ("ll", "Validation log p(x)"),
    ("loss", "Validation loss"),
)
RARE = ("levels",)  # there only where they are known
QUALITY = ("elbo", "ll", "loss")  # of which a family has one
TABLE_FACTS = (
    ("rows", "Rows"),
    ("coordinates", "Coordinates"),
    ("columns", "Values"),
    ("classes", "Classes"),
)

DOWNLOAD = "download:mnist"  # the key of an entry that is no data set; no name and no folder has a colon there


class ModelPanel(QWidget):
    """Signals: modelPicked(str), dataPicked(str), openRequested(), openDataRequested(), downloadRequested(), downloadCancelRequested()."""

    modelPicked = Signal(str)  # Qt's manner, here and below
    dataPicked = Signal(str)
    openRequested = Signal()
    openDataRequested = Signal()
    downloadRequested = Signal()
    downloadCancelRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(6)
        self._models, self._open = _row("Model", explain("model"), "Open a model file… (Ctrl+O)")
        self._data, self._open_data = _row("Training data", explain("data"), "Open an MNIST folder…")
        self._models.setObjectName("models")
        self._data.setObjectName("data")
        self._listed: list[tuple[str, str]] = []  # the models
        self._data_open = ""  # the key of what is open
        self._data.setPlaceholderText("loading …")
        self._models.activated.connect(self._model_activated)
        self._data.activated.connect(self._data_activated)
        self._open.clicked.connect(self.openRequested)
        self._open_data.clicked.connect(self.openDataRequested)
        form = QFormLayout()
        form.setVerticalSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, term, box, button in (
            ("Model", "model", self._models, self._open),
            ("Train on", "data", self._data, self._open_data),
        ):
            both = QWidget()  # a label stands in the middle of a widget, not of a layout
            both.setToolTip(explain(term))
            row = QHBoxLayout(both)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(4)
            row.addWidget(box, 1)
            row.addWidget(button)
            form.addRow(term_label(text, term, muted=False), both)
        layout.addLayout(form)
        form = self._form = QFormLayout()  # its own, since its names are longer
        form.setVerticalSpacing(5)
        self._facts = {}
        for key, text in (*FACTS, *TABLE_FACTS):
            value = LiveText("dense 512-512", right=True)
            value.setText("–")
            explained(value, key, text)
            form.addRow(term_label(text, key), value)
            self._facts[key] = value
        layout.addLayout(form)
        self._lacks = plain_label("", wrap=True)
        self._lacks.setObjectName("model_lacks")
        self._lacks.setProperty("role", "muted")
        explained(self._lacks, "lacks")
        layout.addWidget(self._lacks)
        self._offer = DataOffer()
        self._offer.openRequested.connect(self.openDataRequested)
        self._offer.namedRequested.connect(self.dataPicked)
        self._offer.downloadRequested.connect(self.downloadRequested)
        self._offer.cancelRequested.connect(self.downloadCancelRequested)
        layout.addWidget(self._offer)
        layout.addStretch(1)
        self.set_offer("")
        self.set_facts({})

    def set_theme(self, theme: Theme) -> None:
        """Icons in the text's colour."""
        enlarge_icons(16, self._open, self._open_data)
        for button in (self._open, self._open_data):
            button.setIcon(icon("open", theme.text))

    def set_models(self, names: list[tuple[str, str]], current: str) -> None:
        """Choices as (key, text to show), and the key of the model that is shown."""
        if names != self._listed or self._models.currentData() != current:  # it is told at every snapshot of a run
            self._listed = names
            _fill(self._models, names, current, "model")

    def set_data(self, names: list[tuple[str, str]], current: str) -> None:
        """Choices as (key, text to show), and the key of the data that are open; the key `DOWNLOAD` asks for a download."""
        self._data_open = current
        _fill(self._data, names, current, "data")

    def set_facts(self, facts: dict[str, str], *, table: bool = False, quality: str = "elbo", lacks: str = "") -> None:
        """Figures by the keys of `FACTS`, or for a table of codes of `TABLE_FACTS`; a missing one is a dash.

        ``quality`` is the figure of `QUALITY` that the family has, ``lacks`` a sentence on those that it has not.
        """
        of_table = dict(TABLE_FACTS)
        for key, label in self._facts.items():
            label.setText(facts.get(key, "–"))
            self._form.setRowVisible(
                label, (key in of_table) == table and (key not in QUALITY or key == quality) and (key not in RARE or key in facts)
            )
        if self._lacks.text() != lacks:
            self._lacks.setText(lacks)
        self._lacks.setVisible(bool(lacks))

    def set_family_hint(self, sentence: str) -> None:
        """What the family is, as the tooltip of its name."""
        self._facts["family"].setToolTip(tip(sentence))

    def set_offer(self, text: str, name: str = "") -> None:
        """A sentence that something is missing, "" for none, with the buttons that help: one where data of this name are here."""
        self._offer.set_sentence(text, name)

    def set_download(self, words: str, part: float) -> None:
        """How far a download is, 0 to 1, in words; "" when there is none."""
        self._offer.set_progress(words, part)

    def set_locked(self, locked: bool) -> None:
        """While a run is on, its data cannot be changed."""
        self._data.setEnabled(not locked)
        self._open_data.setEnabled(not locked)
        self._offer.set_locked(locked)

    def _model_activated(self, row: int) -> None:
        self.modelPicked.emit(self._models.itemData(row))

    def _data_activated(self, row: int) -> None:
        key = self._data.itemData(row)
        if key == DOWNLOAD:
            self._data.setCurrentIndex(self._data.findData(self._data_open))  # the person may yet say no
            self.downloadRequested.emit()
        else:
            self.dataPicked.emit(key)


def _row(name: str, hint: str, button_hint: str) -> tuple[QComboBox, QToolButton]:
    box, button = QComboBox(), QToolButton()
    box.setAccessibleName(name)
    box.setToolTip(hint)
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setMinimumContentsLength(5)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    button.setProperty("role", "button")
    button.setIconSize(QSize(16, 16))
    button.setToolTip(button_hint)
    button.setAccessibleName(button_hint)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return box, button


def _fill(box: QComboBox, names: list[tuple[str, str]], current: str, term: str) -> None:
    box.blockSignals(True)
    box.clear()
    for key, text in names:
        box.addItem(text, key)
        box.setItemData(box.count() - 1, tip(text), Qt.ItemDataRole.ToolTipRole)
    box.setCurrentIndex(box.findData(current))
    box.setToolTip(tip("\n".join(words for words in (box.currentText(), explain(term)) if words)))  # long names are cut in the box
    box.blockSignals(False)
