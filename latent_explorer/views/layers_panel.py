"""What is drawn on the plane, and how strongly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QGridLayout, QSlider, QWidget

from latent_explorer.core.palette import GREY_MAPS
from latent_explorer.core.plane.values import title_of
from latent_explorer.core.scene import Layers
from latent_explorer.views.field_rows import FieldRows
from latent_explorer.views.glossary import explained, term_label

# field of Layers, label, term of the glossary, lowest, highest, slider steps for 1.0
SLIDERS = (
    ("point_opacity", "Points", "opacity", 0, 100, 100),
    ("point_size", "Point size", "point_size", 2, 16, 1),
    ("mosaic_opacity", "Mosaic", "mosaic", 0, 100, 100),
    ("mosaic_n", "Mosaic cells", "mosaic_cells", 4, 60, 1),
)


class LayersPanel(QWidget):
    """Signals: layersRequested(Layers)."""

    layersRequested = Signal(object)  # Qt's manner

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers, self._shown_codes = Layers(), "mean"
        form = self._form = QFormLayout(self)
        form.setContentsMargins(12, 8, 12, 12)
        form.setVerticalSpacing(6)
        self._sliders: dict[str, QSlider] = {}
        for name, text, term, low, high, _ in SLIDERS:
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setObjectName(f"slider_{name}")
            slider.setRange(low, high)
            explained(slider, term, text)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard to the plane, here and below
            slider.valueChanged.connect(self._moved)
            form.addRow(term_label(text, term, muted=False), slider)
            self._sliders[name] = slider
            if name == "point_size":
                form.addRow(term_label("Colour", "point_colour", muted=False), self._colour_box())
                form.addRow(term_label("Codes", "codes", muted=False), self._codes_box())
        self.field = FieldRows(form)
        self.field.changed.connect(self._moved)
        self._grey = QComboBox()
        self._grey.setObjectName("grey_map")
        self._grey.addItems(GREY_MAPS)
        explained(self._grey, "grey_map", "Grey map")
        self._grey.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._grey.activated.connect(self._moved)
        form.addRow(term_label("Grey map", "grey_map", muted=False), self._grey)
        self._smooth = QCheckBox("Smooth")
        self._smooth.setObjectName("smooth")
        explained(self._smooth, "smooth", "Smooth images")
        self._smooth.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._smooth.clicked.connect(self._moved)
        self._trail = QCheckBox("Trail")
        self._trail.setToolTip("Dots where the probe was dragged, or moved with the arrows. Esc clears them.")
        self._trail.setAccessibleName("Trail of the probe")
        self._trail.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._trail.clicked.connect(self._moved)
        self._thumbnails = QCheckBox("Thumbnails")
        explained(self._thumbnails, "thumbnails", "Few points as images")
        self._thumbnails.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._thumbnails.clicked.connect(self._moved)
        self._uniform = QCheckBox("Uniform prior")
        self._uniform.setObjectName("uniform")
        explained(self._uniform, "uniform", "Uniform prior")
        self._uniform.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._uniform.clicked.connect(self._moved)
        ticks = QGridLayout()
        for place, tick in enumerate((self._smooth, self._trail, self._thumbnails, self._uniform)):
            ticks.addWidget(tick, place // 2, place % 2)
        ticks.setColumnStretch(2, 1)
        form.addRow(ticks)
        self.set_values(())
        self.set_codes({}, "mean")
        self.set_layers(self._layers)

    def set_decodes(self, decodes: bool) -> None:
        """Whether there is a decoder: without one there are no images, and nothing to say about how they look."""
        rows = self._sliders["mosaic_opacity"], self._sliders["mosaic_n"], self._grey
        for part in (*rows, *map(self._form.labelForField, rows), self._smooth, self._thumbnails):
            part.setEnabled(decodes)

    def set_uniform_offered(self, offered: bool) -> None:
        """Whether what is shown has a prior that can be evened out."""
        self._uniform.setEnabled(offered)

    def _colour_box(self) -> QComboBox:
        """What the points' colours may say."""
        box = self._colour = QComboBox()
        box.setObjectName("point_colour")
        explained(box, "point_colour", "Colour of points")
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.setMinimumWidth(80)  # of a narrow window; a long name is cut off in the box and whole in its list
        box.activated.connect(self._moved)
        return box

    def _codes_box(self) -> QComboBox:
        """Where the points may lie."""
        box = self._codes = QComboBox()
        box.setObjectName("codes_kind")
        explained(box, "codes", "Codes")
        box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(8)
        box.setMinimumWidth(80)
        box.activated.connect(self._moved)
        return box

    def set_codes(self, kinds: Mapping[str, str], shown: str) -> None:
        """The kinds of codes that can be asked for, with their words, and the one that is shown; one alone is no choice."""
        if [*kinds.items()] != [(self._codes.itemData(k), self._codes.itemText(k)) for k in range(self._codes.count())]:
            self._codes.clear()
            for kind, words in kinds.items():
                self._codes.addItem(words, kind)
        self._shown_codes = shown
        self._codes.setCurrentIndex(max(0, self._codes.findData(shown)))
        self._form.setRowVisible(self._codes, len(kinds) > 1)

    def set_values(self, names: Iterable[str]) -> None:
        """Which values the points can be coloured by, besides class and density."""
        offered = [("class", "Class"), ("density", "Density"), *((name, title_of(name, names)) for name in names)]
        if offered == [(self._colour.itemData(k), self._colour.itemText(k)) for k in range(self._colour.count())]:
            return  # while a model trains they come often; an open list stays open
        self._colour.clear()
        for name, title in offered:
            self._colour.addItem(title, name)
        self._show_colour()

    def _show_colour(self) -> None:
        """What is drawn now: the class, where there is no such value."""
        self._colour.setCurrentIndex(max(0, self._colour.findData(self._layers.point_colour)))

    def set_layers(self, layers: Layers) -> None:
        """What is drawn now."""
        self._layers = layers
        for name, _, _, _, _, steps in SLIDERS:
            slider = self._sliders[name]
            slider.blockSignals(True)
            slider.setValue(round(getattr(layers, name) * steps))
            slider.blockSignals(False)
        self._show_colour()
        self._codes.setCurrentIndex(max(0, self._codes.findData(self._shown_codes)))  # those that are wanted may be on their way
        self.field.set_layers(layers)
        self._grey.setCurrentText(layers.grey_map)
        self._smooth.setChecked(layers.smooth)
        self._trail.setChecked(layers.trail)
        self._uniform.setChecked(layers.uniform)
        self._thumbnails.setChecked(layers.thumbnails)

    def _moved(self) -> None:
        value = {name: self._sliders[name].value() for name in self._sliders}
        chosen, wanted = self._colour.currentIndex(), self._colour.findData(self._layers.point_colour)
        kind = self._codes.currentData()
        layers = replace(
            self.field.applied(self._layers),
            codes=self._layers.codes if kind in (None, self._shown_codes) else kind,
            point_opacity=value["point_opacity"] / 100,
            points=value["point_opacity"] > 0,
            point_size=float(value["point_size"]),
            # A value that this model lacks stays wanted until another one is chosen: the next model may have it.
            point_colour=self._layers.point_colour if chosen == max(0, wanted) else self._colour.currentData(),
            mosaic_opacity=value["mosaic_opacity"] / 100,
            mosaic=value["mosaic_opacity"] > 0,
            mosaic_n=value["mosaic_n"],
            smooth=self._smooth.isChecked(),
            trail=self._trail.isChecked(),
            thumbnails=self._thumbnails.isChecked(),
            grey_map=self._grey.currentText(),
            uniform=self._uniform.isChecked(),
        )
        if layers != self._layers:
            self._layers = layers
            self.layersRequested.emit(layers)
