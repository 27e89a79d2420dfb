"""Where the docks are and how large: the layout that the program starts with, and what becomes of it when the window changes."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow

from latent_explorer.views.arrangement import NARROW, arrangement_for, height_below, is_low
from latent_explorer.views.image_view import ImageView
from latent_explorer.views.optional_dock import OptionalDock
from latent_explorer.views.stack import Stack
from latent_explorer.views.style import enlargement

ABOVE_AND_BELOW = 64  # pixels that the decoded image's dock takes besides: its title, and what images of another shape need
TITLE = 24  # pixels of a dock's title around its words, and to spare
# Of the height on the right; the decoded image and what belongs to it need the rest.
PINS_SHARE, SELECTION_SHARE, POSTERIOR_SHARE = 0.27, 0.4, 0.45


class ArrangedWindow(QMainWindow):
    """Arranges docks that are built by `MainWindow`, which says what is in them."""

    _grown = Signal()
    _arranged = Signal()

    image: ImageView
    _docks: dict[str, QDockWidget]
    _slice_dock: OptionalDock
    _pins_dock: OptionalDock
    _selection_dock: OptionalDock
    _posterior_dock: OptionalDock
    _left: Stack
    _full: QAction

    def _watch_docks(self) -> None:
        """All docks are built: from now on the layout follows the window, until the person makes it an own one."""
        self._unarranged = True
        self._kind: tuple[bool, bool] | None = None  # of the window that the layout was made for; None when it is the person's own
        self._grown.connect(self._follow_window, Qt.ConnectionType.QueuedConnection)  # when Qt has laid out what has changed
        self._arranged.connect(self._share_right_side, Qt.ConnectionType.QueuedConnection)
        self._left.borderPressed.connect(self._make_own)
        for dock in self._docks.values():
            dock.topLevelChanged.connect(self._make_own)
            dock.toggleViewAction().triggered.connect(self._make_own)

    def _place_docks(self) -> None:
        """All docks where they belong, still hidden, with nothing said yet of tabs and sizes.

        Shown at once, one above the other, they would need more height than a low window has, and Qt would make it higher.
        """
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        docks = self._docks
        for dock in docks.values():  # all of them first: a dock that stays behind alone would keep its tab bar
            self.removeDockWidget(dock)
        places = (
            ("model", left), ("layers", left), ("training", left),
            ("image", right), ("slice", left if self._low else right), ("pins", right), ("selection", right),
            ("posterior", right), ("run", bottom),
        )  # fmt: skip
        for name, area in places:
            self.addDockWidget(area, docks[name])
            docks[name].setFloating(False)
            docks[name].hide()

    @property
    def _low(self) -> bool:
        return is_low(self.height(), enlargement(self))

    def arrange(self) -> None:
        """The layout that the program starts with, fit for the window's size; of a hidden window when it is shown.

        Docks that are put into tabs and taken out again before the window is shown would leave their tabs on it.
        """
        self._unarranged = not self.isVisible()
        if self._unarranged:
            return
        self._left.leave()
        optional = self._pins_dock, self._selection_dock, self._posterior_dock
        tabs = self._kind is not None and self._kind[0]  # until now
        before = _in_front(optional) if tabs or not self._low else None
        self._place_docks()
        docks, wanted = self._docks, arrangement_for(self.width(), self.height())
        if self._low:
            self.tabifyDockWidget(docks["model"], docks["layers"])
            self.tabifyDockWidget(docks["layers"], docks["training"])
            self.tabifyDockWidget(docks["training"], docks["slice"])
        else:
            self.splitDockWidget(docks["model"], docks["layers"], Qt.Orientation.Vertical)
            self.splitDockWidget(docks["layers"], docks["training"], Qt.Orientation.Vertical)
        for panel in optional:
            if panel.toggleViewAction().isVisible():  # before there are pins, a tab would stand alone
                self._place_below(panel)
        for dock in docks.values():
            dock.show()
        if self._low:
            docks["model"].raise_()
            docks["image"].raise_()
        if before is not None:
            before.raise_()
        # A dock asks for no less than its content needs, so these are wishes.
        self.resizeDocks([docks["model"], docks["image"]], [wanted.left, wanted.right], Qt.Orientation.Horizontal)
        self.resizeDocks([docks["run"]], [wanted.bottom], Qt.Orientation.Vertical)
        self._share_right_side()
        if not self._low:
            self._left.follow()  # at last: what a panel needs hangs on its width
        self._kind = self._kind_now
        self._arranged.emit()  # what the image fills hangs on its width too

    @property
    def _kind_now(self) -> tuple[bool, bool]:
        return self._low, self.width() < NARROW

    def _make_own(self) -> None:
        """The person has put something elsewhere: the layout stays as it is, whatever the window's size."""
        self._kind = None

    def _follow_window(self) -> None:
        """A window that has become small, or large again, has the layout for its size, unless the person has made an own one."""
        always = [dock for dock in self._docks.values() if not isinstance(dock, OptionalDock)]
        if self._full.isChecked() or not self.isVisible() or self._kind == self._kind_now:
            return
        if self._kind is not None and not any(dock.isHidden() or dock.isFloating() for dock in always):
            focused = self.focusWidget()
            self.arrange()
            if focused is not None:
                focused.setFocus()
        elif not self._low:
            for dock in (self._pins_dock, self._selection_dock, self._posterior_dock):
                if dock.isVisible() and dock in self.tabifiedDockWidgets(self._docks["image"]):
                    self._place_below(dock)  # there is room for both again

    def _share_right_side(self) -> None:
        """The decoded image keeps the height that it fills; the panel under it gets the rest, pins and selection their share."""
        image, below = self._docks["image"], self._docks["slice"]
        whole, filled = self.height() - ABOVE_AND_BELOW, self.image.full_height() + ABOVE_AND_BELOW
        if self._low:
            return
        if below.isVisible():
            self.resizeDocks([image, below], [filled, max(1, self.height() - filled)], Qt.Orientation.Vertical)
        else:
            shares = (self._posterior_dock, POSTERIOR_SHARE), (self._selection_dock, SELECTION_SHARE), (self._pins_dock, PINS_SHARE)
            for dock, share in shares:
                if dock.isVisible() and not dock.isFloating():
                    self._share_height(dock, whole, share)
                    return

    def _share_height(self, panel: QDockWidget, whole: int, share: float) -> None:
        """A panel below the decoded image has its share of their height, as long as that has what it fills."""
        image = self._docks["image"]
        filled = self.image.full_height() + image.fontMetrics().height() + TITLE
        height = height_below(whole, filled, share)
        self.resizeDocks([image, panel], [whole - height, height], Qt.Orientation.Vertical)

    def set_sliceable(self, sliceable: bool) -> None:
        """Whether the model has more than two latent dimensions, so that there are planes to choose from."""
        came = self._slice_dock.set_wanted(sliceable, shown=not self._full.isChecked())
        if came:
            self._share_right_side()
            self._slice_dock.raise_()  # else it would come behind the panels that it shares a place with, unseen

    def set_pinned(self, pinned: bool) -> None:
        """Whether there are pins: with the first one their panel comes, beside what is in front and not over it."""
        self._bring(self._pins_dock, pinned, PINS_SHARE)

    def set_selected(self, selected: bool) -> None:
        """Whether points are selected or left out: their panel comes, and what was asked for is in front."""
        if self._bring(self._selection_dock, selected, SELECTION_SHARE) and not self._low:
            self._selection_dock.raise_()

    def set_posterior(self, shown: bool) -> None:
        """Whether an exact posterior is the field: its panel comes in front."""
        if self._bring(self._posterior_dock, shown, POSTERIOR_SHARE):
            self.raise_posterior()

    def raise_posterior(self) -> None:
        """Another image was asked about: what is known of it is seen, also where panels share one place as tabs."""
        if self._posterior_dock.isVisible():
            self._posterior_dock.raise_()

    def _bring(self, panel: OptionalDock, wanted: bool, share: float) -> bool:
        """A panel that is there while there is something in it, with a share of the height; whether it has come just now."""
        if not wanted or panel.toggleViewAction().isVisible():
            panel.set_wanted(wanted)
            return False
        self._place_below(panel)  # before it is shown: two panels one above the other could need more than a low window has
        image = self._docks["image"]
        whole = image.height()
        came = panel.set_wanted(True, shown=not self._full.isChecked())
        self._place_below(panel)
        self._share_height(panel, whole, share)
        return came

    def _place_below(self, panel: OptionalDock) -> None:
        """Under the decoded image, where there is room; in low windows behind it. What was in front stays there."""
        if panel.isFloating():
            return
        beside = self._docks["image" if self._low else "slice"]
        if not self._low and not beside.isVisible() and self.dockWidgetArea(beside) != Qt.DockWidgetArea.RightDockWidgetArea:
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, beside)  # where it lay while the window was low
            beside.hide()
        front = _in_front((beside, *self.tabifiedDockWidgets(beside))) or beside
        self.tabifyDockWidget(beside, panel)
        front.raise_()

    def _size_changed(self) -> None:
        if self._kind != self._kind_now:
            self._grown.emit()

    def restoreState(self, state: QByteArray | bytes | bytearray | memoryview, version: int | None = 0) -> bool:
        """A remembered layout takes the place of the one that the program starts with."""
        self._unarranged = False
        self._make_own()
        self._left.leave()
        return super().restoreState(state, version)

    def put_back(self, state: QByteArray) -> None:
        """The layout as it was a while ago; heights that followed what the panels need go on so."""
        following, kind = self._left.following, self._kind
        self.restoreState(state)
        self._kind = kind
        if following:
            self._left.follow()

    def showEvent(self, event: QShowEvent) -> None:
        """The layout, if none was remembered."""
        if self._unarranged:
            self.arrange()
        super().showEvent(event)


def _in_front(docks: Iterable[QDockWidget]) -> QDockWidget | None:
    """The one of some docks in the same place that is seen; Qt counts those behind it as visible too."""
    return next((dock for dock in docks if dock.isVisible() and not dock.visibleRegion().isEmpty()), None)
