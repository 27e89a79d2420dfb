"""Where the plane lies in a latent space of more than two dimensions: two axes on it, all other coordinates on sliders."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.slices import Spread
from latent_explorer.views.axis_slider import ActiveMark, AxisSlider
from latent_explorer.views.glossary import explained, term_label
from latent_explorer.views.text import LiveText, plain_label, signed

ROWS = 24  # so many at first, and more at each asking: of hundreds of units a model mostly uses few


PRINCIPAL = " The plane goes through the codes' mean, along the two directions in which they vary most."
POINTS = " The plane goes through three places."
PROJECTED = " The points are projected: they lie off this slice."
OTHERS = " All other points are projected: they lie off this slice."


class SlicePanel(QWidget):
    """Two lists, buttons and sliders.

    Signals: axesRequested(x, y), coordinateRequested(axis, value), releaseRequested(axis), meanRequested(), spreadRequested(),
    principalRequested(), pointsRequested().
    """

    axesRequested = Signal(int, int)  # Qt's manner, here and below
    coordinateRequested = Signal(int, float)
    releaseRequested = Signal(int)
    meanRequested = Signal()
    spreadRequested = Signal()
    principalRequested = Signal()
    pointsRequested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ""
        self._frame: PlaneFrame | None = None
        self._spread: Spread | None = None
        self._held: frozenset[int] = frozenset()
        self._laid = ""
        self._names = ("", "")  # of the axes of a plane that lies along none of z
        self._collecting = ""
        self._order: list[int] = []  # of all axes, as the lists show them
        self._active: list[bool] = []
        self._listed: tuple[int, int] | None = None  # the axes that the lists leave out
        self._in_training = False
        self._many = ROWS
        self._rows: list[_Row] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 12)
        layout.setSpacing(6)
        layout.addLayout(self._build_axes())
        self._words = plain_label("", wrap=True)
        self._words.setProperty("role", "muted")
        explained(self._words, "slice")
        layout.addWidget(self._words)
        line = QHBoxLayout()
        self._others = plain_label("")
        explained(self._others, "slice_others")
        self._mean = QPushButton("Back to the mean")
        self._mean.setObjectName("slice_mean")
        explained(self._mean, "slice_mean")
        self._mean.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._mean.clicked.connect(self.meanRequested)
        line.addWidget(self._others, 1)
        line.addWidget(self._mean)
        layout.addLayout(line)
        self._area = QWidget()
        rows = QVBoxLayout(self._area)
        rows.setContentsMargins(0, 0, 0, 0)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(2, 1)
        self._more = QPushButton()
        self._more.setObjectName("slice_more")
        explained(self._more, "slice_more")
        self._more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._more.clicked.connect(self._show_more)
        rows.addLayout(self._grid)
        rows.addWidget(self._more)
        layout.addWidget(self._area)
        layout.addStretch(1)

    def _build_axes(self) -> QVBoxLayout:
        """The two lists, and what is done with both."""
        chosen, done = QHBoxLayout(), QHBoxLayout()
        self._boxes: tuple[QComboBox, QComboBox] = QComboBox(), QComboBox()
        for box, name, way in zip(self._boxes, "xy", ("to the right", "up"), strict=True):
            label = term_label(name, f"slice_{name}", muted=False)
            label.setBuddy(box)
            box.setObjectName(f"slice_{name}")
            explained(box, f"slice_{name}", f"Axis {way}")
            box.setMinimumContentsLength(4)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            box.activated.connect(self._axis_picked)
            chosen.addWidget(label)
            chosen.addWidget(box, 1)
        self._swap, self._most = QPushButton("Swap"), QPushButton("Most varying")
        self._swap.setObjectName("slice_swap")
        self._most.setObjectName("slice_most")
        explained(self._swap, "slice_swap")
        explained(self._most, "slice_most")
        self._swap.clicked.connect(self._swap_axes)
        self._most.clicked.connect(self.spreadRequested)
        self._principal, self._points = QPushButton("PCA plane"), QPushButton("3 points")
        self._points.setCheckable(True)
        self._principal.setObjectName("slice_principal")
        self._points.setObjectName("slice_points")
        explained(self._principal, "slice_principal")
        explained(self._points, "slice_points")
        self._principal.clicked.connect(self.principalRequested)
        self._points.clicked.connect(self._ask_for_points)
        lain = QHBoxLayout()
        for button, line in ((self._swap, done), (self._most, done), (self._principal, lain), (self._points, lain)):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            line.addWidget(button)
        for line in (done, lain):
            line.addStretch(1)
        for line in (chosen, done, lain):
            line.setSpacing(6)
        both = QVBoxLayout()
        both.setSpacing(6)
        both.addLayout(chosen)
        both.addLayout(done)
        both.addLayout(lain)
        return both

    # Orders

    def set_slice(
        self,
        model: str,
        frame: PlaneFrame,
        spread: Spread,
        held: frozenset[int],
        *,
        in_training: bool = False,
        laid: str = "",
        names: tuple[str, str] = ("", ""),
    ) -> None:
        """The plane on two axes, how the codes of a model lie, and which coordinates the person holds; or how else it was `laid`.

        ``names`` are those of the axes of a plane that was laid otherwise: the lists say them in the place of coordinates.
        While a model trains the rows keep their order as long as the same units are active: rows that change places all the
        time cannot be read.
        """
        self._laid = laid
        if names != self._names:
            self._names = names
            for box, name in zip(self._boxes, names, strict=True):
                box.setPlaceholderText(name)
        other_model, self._model = model != self._model, model
        active, order = spread.active.tolist(), spread.order.tolist()
        same = self._order == order if not in_training else self._active == active
        self._frame, self._spread, self._held, self._in_training = frame, spread, held, in_training
        if other_model:
            self._many = ROWS
        if other_model or not (same or self._in_hand()):
            self._order, self._active, self._listed = order, active, None
            self._fill_boxes()
        pair = frame.pair or (-1, -1)
        for box, axis in zip(self._boxes, pair, strict=True):
            box.setCurrentIndex(self._order.index(axis) if axis >= 0 else -1)
        if pair != self._listed:
            self._listed = pair
            for box, other in zip(self._boxes, pair[::-1], strict=True):
                self._leave_out(box, other)
        self._fill_rows()
        self._tell()

    def set_collecting(self, words: str) -> None:
        """While points for a plane are clicked, what is to be done next; "" when that is over."""
        self._collecting = words
        self._points.setChecked(bool(words))
        if self._frame is not None:
            self._tell()

    def _in_hand(self) -> bool:
        """Whether the person is at the rows or the lists just now, which then must stay where they are."""
        at_rows = any(row.slider.isSliderDown() or row.slider.hasFocus() for row in self._rows)
        return at_rows or self._area.underMouse() or any(box.view().isVisible() for box in self._boxes)

    def _fill_boxes(self) -> None:
        quiet = self.palette().placeholderText().color()
        for box in self._boxes:
            box.clear()
            for axis in self._order:
                box.addItem(f"z[{axis}]", axis)
                if not self._active[axis]:
                    box.setItemData(box.count() - 1, quiet, Qt.ItemDataRole.ForegroundRole)
                    box.setItemData(box.count() - 1, f"z[{axis}], inactive", Qt.ItemDataRole.AccessibleTextRole)

    def _leave_out(self, box: QComboBox, axis: int) -> None:
        """The other list's axis cannot be chosen here; arrow keys pass it by."""
        model = box.model()
        assert isinstance(model, QStandardItemModel)
        for row, listed in enumerate(self._order):
            item = model.item(row)
            if item.isEnabled() == (listed == axis):
                item.setEnabled(listed != axis)

    def _fill_rows(self) -> None:
        frame, spread = self._frame, self._spread
        assert frame is not None and spread is not None
        others = [] if frame.pair is None else [axis for axis in self._order if axis not in frame.pair]
        shown = others[: self._many]
        while len(self._rows) < len(shown):
            row = _Row(self._grid, len(self._rows))
            row.slider.coordinateMoved.connect(self._coordinate_moved)
            row.slider.releaseRequested.connect(self._release_asked)
            QWidget.setTabOrder(self._rows[-1].slider if self._rows else self._mean, row.slider)
            QWidget.setTabOrder(row.slider, self._more)
            self._rows.append(row)
        for row, axis in zip(self._rows, shown, strict=False):
            row.show(axis, float(frame.origin[axis]), spread, axis in self._held)
        for row in self._rows[len(shown) :]:
            row.hide()
        rest = len(others) - len(shown)
        self._more.setVisible(rest > 0)
        self._more.setText(f"Show {min(rest, ROWS)} more of {rest}")
        self._mean.setEnabled(bool(self._held))
        for part in (self._others, self._mean):
            part.setVisible(frame.pair is not None)

    def _tell(self) -> None:
        frame, spread = self._frame, self._spread
        assert frame is not None and spread is not None
        most = frame.pair is not None and set(frame.pair) == {int(axis) for axis in spread.order[:2]}
        self._swap.setEnabled(frame.pair is not None)
        self._most.setEnabled(not most)
        active = int(spread.active.sum())
        words = f"{active} of {frame.latent_dim} units are active" if active != 1 else f"1 of {frame.latent_dim} units is active"
        words += "; these two vary most." if most else "."
        if frame.pair is None:
            words += PRINCIPAL if self._laid == "principal" else POINTS
        words += OTHERS if self._laid == "points" else PROJECTED
        if frame.pair is not None and not self._in_training:
            words += " Sliders: the most varying first."
        words = self._collecting or words
        others = frame.latent_dim - 2
        for label, text in ((self._words, words), (self._others, "1 other" if others == 1 else f"{others} others")):
            if label.text() != text:  # a label lays out the window anew
                label.setText(text)

    # Wishes

    def _axis_picked(self) -> None:
        assert self._frame is not None
        picked = [box.currentData() for box in self._boxes]
        if None in picked:  # the plane lay along no axes: beside the one that was picked goes the one that varies most
            one = next(axis for axis in picked if axis is not None)
            picked = [next(a for a in self._order if a != one) if axis is None else axis for axis in picked]
        x, y = (int(axis) for axis in picked)
        if x != y and (x, y) != self._frame.pair:
            self.axesRequested.emit(x, y)

    def _ask_for_points(self) -> None:
        self._points.setChecked(bool(self._collecting))  # it is pressed in while points are clicked, and a second press ends that
        self.pointsRequested.emit()

    def _swap_axes(self) -> None:
        assert self._frame is not None and self._frame.pair is not None  # else the button is off
        self.axesRequested.emit(*self._frame.pair[::-1])

    def _row_of(self, slider: object) -> _Row:
        return next(row for row in self._rows if row.slider is slider)

    def _coordinate_moved(self, value: float) -> None:
        self.coordinateRequested.emit(self._row_of(self.sender()).axis, value)

    def _release_asked(self) -> None:
        self.releaseRequested.emit(self._row_of(self.sender()).axis)

    def _show_more(self) -> None:
        self._many += ROWS
        self._fill_rows()


class _Row:
    """Mark, name, slider and value of one coordinate, in a line of the grid."""

    def __init__(self, grid: QGridLayout, line: int) -> None:
        self.axis = -1
        self._shown: tuple[int, float, Spread, bool] | None = None
        self.mark, self.name, self.slider = ActiveMark(), LiveText("z[00]"), AxisSlider()
        self.value = LiveText("−00.000", right=True)
        self._parts: tuple[QWidget, ...] = (self.mark, self.name, self.slider, self.value)
        for column, part in enumerate(self._parts):
            grid.addWidget(part, line, column, Qt.AlignmentFlag.AlignVCenter)

    def show(self, axis: int, value: float, spread: Spread, held: bool) -> None:
        """The coordinate `axis` stands at `value`; `held` there, else at the mean of the codes."""
        shown = axis, value, spread, held
        if shown == self._shown:  # a slider moves one row of many
            return
        self._shown = shown
        active, mean = bool(spread.active[axis]), float(spread.mean[axis])
        self.name.set_sample("z[00]" if len(spread.mean) <= 100 else "z[0000]")
        if axis != self.axis:
            self.axis = axis
            self.name.setText(f"z[{axis}]")
            self.slider.setObjectName(f"slice_slider_{axis}")
            self.slider.setAccessibleName(f"z[{axis}]")
        self.mark.set_active(active)
        self.name.set_muted(not active)
        self.value.set_muted(not held)
        self.value.setText(signed(value))
        self.slider.set_coordinate(value, float(spread.low[axis]), float(spread.high[axis]), mean)
        use = "active: the encoder uses it" if active else "inactive: the encoder does not use it"
        hint = (
            f"z[{axis}] is {use}. Its posterior mean varies over images by {spread.variance[axis]:.3g} (variance) around {signed(mean)},"
            " where the notch is; a double-click or Delete goes back there."
        )
        if hint != self.slider.toolTip():
            for part in self._parts:
                part.setToolTip(hint)
            self.slider.setAccessibleDescription("active" if active else "inactive")
        for part in self._parts:
            part.setVisible(True)

    def hide(self) -> None:
        """Not needed now."""
        self._shown = None
        for part in self._parts:
            part.setVisible(False)
