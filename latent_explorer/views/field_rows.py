"""Which field lies under the points, how strongly, and whether it has contours: rows for the panel of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QSlider

from latent_explorer.core.plane.field import CLASS, POSTERIOR, class_field, split_name
from latent_explorer.core.scene import Layers
from latent_explorer.views.glossary import GLOSSARY, explain, explained, term_label
from latent_explorer.views.text import tip

# kind, what the list says; the term of the glossary is "field_" and the kind
KINDS = (
    ("", "None"),
    (POSTERIOR, "Posterior"),
    ("density", "Density of codes"),
    (CLASS, "Density of a class"),
    ("prior", "Prior"),
    ("holes", "Holes"),
    ("sensitivity", "Sensitivity"),
    ("information", "Fisher–Rao"),
    ("regions", "Class regions"),
)


def term_of(kind: str) -> str:
    """The term of the glossary that explains a kind of field."""
    return f"field_{kind}" if kind else "field"


class FieldRows(QObject):
    """Rows in a form that somebody else owns. Signals: changed(), a person chose something: see `applied`."""

    changed = Signal()

    def __init__(self, form: QFormLayout) -> None:
        super().__init__(form)
        self._form = form
        self._name = ""
        self._classes: dict[int, str] = {}
        self._reason = ""
        self._kind, self._class = QComboBox(), QComboBox()
        for box, name, term, text in ((self._kind, "field_kind", "field", "Field"), (self._class, "field_class", "field_class", "Class")):
            box.setObjectName(name)
            explained(box, term, text)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the plane, here and below
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
            form.addRow(term_label(text, term, muted=False), box)
            box.activated.connect(self._chosen)
        self._opacity = QSlider(Qt.Orientation.Horizontal)
        self._opacity.setObjectName("slider_field_opacity")
        self._opacity.setRange(0, 100)
        self._opacity.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        explained(self._opacity, "field_opacity", "Field opacity")
        form.addRow(term_label("Field opacity", "field_opacity", muted=False), self._opacity)
        self._opacity.valueChanged.connect(self.changed)
        self._contours = QCheckBox("Contours")
        self._contours.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        explained(self._contours, "contours", "Contours of the field")
        form.addRow(self._contours)
        self._contours.clicked.connect(self.changed)
        self.set_offer((), {})

    def set_offer(self, kinds: Sequence[str], classes: Mapping[int, str]) -> None:
        """Which kinds of field are defined for what is shown, and its classes by label."""
        offered = [(kind, text) for kind, text in KINDS if not kind or kind in kinds]
        if [self._kind.itemData(row) for row in range(self._kind.count())] != [kind for kind, _ in offered]:
            self._kind.clear()
            for row, (kind, text) in enumerate(offered):
                self._kind.addItem(text, kind)
                self._kind.setItemData(row, explain(term_of(kind)), Qt.ItemDataRole.ToolTipRole)
        if dict(classes) != self._classes:
            self._classes = dict(classes)
            self._class.clear()
            for label, name in classes.items():
                self._class.addItem(name, label)
        self._show()

    def set_reason(self, reason: str) -> None:
        """Why no exact posterior is defined for what is shown; "" where one is. The list's tooltip says so."""
        if reason != self._reason:
            self._reason = reason
            self._show()

    def set_layers(self, layers: Layers) -> None:
        """What is drawn now."""
        self._name = layers.field
        with QSignalBlocker(self._opacity):
            self._opacity.setValue(round(100 * layers.field_opacity))
        self._contours.setChecked(layers.contours)
        self._show()

    def applied(self, layers: Layers) -> Layers:
        """The layers as the rows have them."""
        return replace(layers, field=self._name, field_opacity=self._opacity.value() / 100, contours=self._contours.isChecked())

    def _show(self) -> None:
        kind, label = split_name(self._name)
        row = max(0, self._kind.findData(kind))  # what is wished for, but is not defined here, waits
        kind = self._kind.itemData(row)
        self._kind.setCurrentIndex(row)
        self._kind.setToolTip(tip("\n".join(words for words in (GLOSSARY[term_of(kind)], self._reason) if words)))
        self._class.setCurrentIndex(max(0, self._class.findData(label)) if self._class.count() else -1)
        self._form.setRowVisible(self._class, kind == CLASS)
        for widget in (self._opacity, self._contours):
            widget.setEnabled(bool(kind))

    def _chosen(self) -> None:
        kind = self._kind.currentData() or ""
        label = self._class.currentData()
        self._name = class_field(0 if label is None else label) if kind == CLASS else kind
        self._show()
        self.changed.emit()
