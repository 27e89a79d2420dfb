"""The plot with all that belongs to pointing at points: ring, card, selection, and the line that a hand draws around some."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtWidgets import QWidget

from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.selecting import Area, Spot
from latent_explorer.core.scene import Layers
from latent_explorer.views.plane.band import BandLayer
from latent_explorer.views.plane.hover import RADIUS, HoverLayer
from latent_explorer.views.plane.plot import PlanePlot
from latent_explorer.views.plane.posterior import PosteriorLayer
from latent_explorer.views.plane.selection import SelectionLayer
from latent_explorer.views.plane.thumbnails import Thumbnail, ThumbnailsLayer
from latent_explorer.views.point_card import CardContent, PointCard
from latent_explorer.views.style import Theme

PICK = 12  # pixels within which the pointer finds a point
STILL = 4  # pixels that a hand may move between press and release, and it was a click


class PointedPlot(PlanePlot):
    """Orders come in as ``set_*``; what a hand points at is asked for by `PlaneView`, which has the gestures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._band, self._hovered, self._selected = BandLayer(), HoverLayer(), SelectionLayer()
        self._thumbnails, self._posterior = ThumbnailsLayer(), PosteriorLayer()
        for layer in (self._thumbnails, self._posterior, self._selected, self._hovered, self._band):
            self._box.addItem(layer, ignoreBounds=True)
        self.card = PointCard(self)
        self._band_from = QPointF()

    # Orders

    def set_layers(self, layers: Layers) -> None:
        """What is drawn and how strongly."""
        super().set_layers(layers)
        self._selected.set_size(layers.point_size)
        self._selected.set_wanted(layers.points)

    def set_shape(self, frame: PlaneFrame) -> None:
        """How the plane lies in latent space."""
        super().set_shape(frame)
        self._selected.set_tiled(frame.kind == "torus")

    def set_theme(self, theme: Theme) -> None:
        """Dark or light."""
        super().set_theme(theme)
        self._selected.set_ground(theme.plane)
        self._posterior.set_colours(theme.accent, theme.plane)

    def set_selection(self, points: NDArray[np.floating], others: NDArray[np.floating] | None = None) -> None:
        """Plane coordinates (n, 2) of the selected points that are drawn, and of all others that are, where these are to be dimmed."""
        self._selected.set_points(points, others)

    def set_posterior(
        self,
        mode: tuple[float, float] | None,
        ellipses: Sequence[NDArray[np.float64]] = (),
        place: tuple[float, float] | None = None,
        others: Sequence[tuple[float, float]] = (),
    ) -> None:
        """The mode of an exact posterior, the encoder's ellipses, closed lines (n, 2), its place, and peaks of other parts.

        In plane coordinates; no mode for nothing.
        """
        self._posterior.set_marks(mode, ellipses, place, others)

    def set_thumbnails(self, thumbnails: Sequence[Thumbnail], smooth: bool = False) -> None:
        """Images over some points in view."""
        self._thumbnails.set_thumbnails(thumbnails, smooth)

    def set_hover(self, point: tuple[float, float] | None, colour: str = "#ffffff") -> None:
        """The point that the pointer has found; the card of another one goes."""
        image = point is not None and self._thumbnails.stands_at(*point)
        self._hovered.show_at(point, colour, max(RADIUS, self._thumbnails.reach) if image else RADIUS)
        self.card.hide()

    def show_card(self, content: CardContent, point: tuple[float, float]) -> None:
        """What is known of a point, beside it and never over it."""
        self.card.set_content(content)
        plot = QRectF(self._box.sceneBoundingRect()).toAlignedRect()
        self.card.show_beside(self.plane_to_pixel(*point), QRect(plot.topLeft(), plot.size()))

    # What can be asked

    @property
    def unit(self) -> float:
        """Plane units of one pixel of the screen."""
        return float(self._box.viewRect().width() / max(1.0, self._box.width()))

    def image_under(self, x: float, y: float) -> int | None:
        """The row of the codes whose image covers a place of the plane."""
        found = self._thumbnails.under(x, y, self.unit)
        return None if found is None else found.row

    # A line around points

    def _begin_band(self, kind: str, position: QPointF) -> None:
        self._band_from = position
        self._band.begin(kind, self._to_plane(position), self.unit)

    def _reach_band(self, position: QPointF) -> None:
        self._band.reach(self._to_plane(self._within(position)))

    def _end_band(self, position: QPointF) -> Area:
        """What the hand went around; a click stands for the nearest point."""
        self._reach_band(position)
        area = self._band.area()
        self._band.stop()
        way = position - self._band_from
        if self._band_extent() <= STILL and max(abs(way.x()), abs(way.y())) <= STILL:
            place = self._to_plane(position)
            return Spot(place.x(), place.y(), PICK * self.unit)
        return area

    def _band_extent(self) -> float:
        """Pixels of the longer side of what was drawn."""
        extent = self._band.extent()
        return max(extent.width(), extent.height()) / self.unit

    def _within(self, position: QPointF) -> QPointF:
        """The nearest place on the plot: a hand may leave it on the way."""
        plot = QRectF(self._box.sceneBoundingRect())
        return QPointF(min(max(position.x(), plot.left()), plot.right()), min(max(position.y(), plot.top()), plot.bottom()))
