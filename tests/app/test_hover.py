"""The ring on the point under the pointer, its card, and images in the place of few points, on the real window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, QSize

from latent_explorer.app.features import thumbnails as thumbnails_feature
from latent_explorer.app.features.hover import lines_of
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.palette import class_colour
from latent_explorer.core.plane.values import DENSITY, GREY, Values, title_of
from latent_explorer.core.scene import Camera
from latent_explorer.core.types import Codes
from latent_explorer.views.plane.pointed import PICK
from latent_explorer.views.plane.thumbnails import taken_room
from latent_explorer.views.point_card import GAP, CardContent, PointCard, place_beside
from tests.app.conftest import Desk
from tests.app.test_selection import drag_box, lonely, pixel_of, points, ready, selected  # noqa: F401  # a fixture among them
from tests.views.hand import Key, Modifier, pixels_of, settle


def card(desk: Desk) -> PointCard:
    return desk.window.plane.card


def content(desk: Desk) -> CardContent:
    found = card(desk).content
    assert found is not None
    return found


def hover(desk: Desk, row: int) -> None:
    """Moves there from elsewhere: where the pointer lies already, the window system tells of no move."""
    desk.hand.move(desk.plane, pixel_of(desk, row) + QPoint(2 * PICK, 0))
    desk.hand.move(desk.plane, pixel_of(desk, row))


def test_the_ring_is_on_the_nearest_point_at_once(ready: Desk) -> None:  # noqa: F811
    plane = ready.window.plane
    found = points(ready)
    pixels = np.array([[place.x(), place.y()] for place in (plane.plane_to_pixel(*point) for point in found.tolist())])
    for x, y in np.random.Generator(np.random.PCG64(1)).uniform(0.1, 0.9, (25, 2)):
        place = ready.pixel(float(x), float(y))
        ready.hand.move(ready.plane, place)
        away = np.hypot(*(pixels - (place.x(), place.y())).T)
        near = np.sort(away)
        if abs(near[0] - PICK) < 1 or (near[0] < PICK and near[1] - near[0] < 1):
            continue  # the pointer is on whole pixels
        row = ready.program.hover.row
        assert row == (int(away.argmin()) if near[0] < PICK else None)
        assert plane._hovered.isVisible() == (row is not None)
        if row is not None:
            assert (plane._hovered.x(), plane._hovered.y()) == pytest.approx(found[row].tolist())
            assert plane._hovered.colour == class_colour(int(ready.slot.codes["mean"].labels[row]))


def test_the_card_comes_after_a_moments_rest_and_goes_with_the_point(ready: Desk) -> None:  # noqa: F811
    row = lonely(ready)
    hover(ready, row)
    assert not card(ready).isVisible()
    ready.wait(card(ready).isVisible)
    place = pixel_of(ready, row)
    ready.hand.move(ready.plane, place + QPoint(3 * PICK, 0))
    assert ready.program.hover.row != row
    assert not card(ready).isVisible()
    hover(ready, row)
    ready.wait(card(ready).isVisible)
    ready.away()
    assert not card(ready).isVisible()
    assert ready.program.hover.row is None


def test_the_card_shows_image_decode_class_and_number(ready: Desk) -> None:  # noqa: F811
    row, codes, dataset = lonely(ready), ready.slot.codes["mean"], ready.session.dataset
    assert dataset is not None
    hover(ready, row)
    ready.wait(lambda: card(ready).isVisible() and content(ready).decoded is not None)
    shown = content(ready)
    assert shown.image is not None and shown.decoded is not None
    assert np.array_equal(pixels_of(shown.image), np.broadcast_to(dataset.images[codes.index[row]], (8, 8, 3)))
    assert np.abs(pixels_of(shown.decoded).astype(int) - ready.decoded(codes.z[row])).max() <= 1
    assert shown.title == f"Class {codes.labels[row]} · image {codes.index[row]:,}"
    assert not shown.note
    area = card(ready).geometry()
    assert not area.contains(ready.window.plane.viewport().mapTo(ready.window.plane, pixel_of(ready, row)))


def test_without_the_data_set_the_card_says_so_and_shows_the_decode(ready: Desk) -> None:  # noqa: F811
    ready.session.set_dataset(None)
    hover(ready, lonely(ready))
    ready.wait(lambda: card(ready).isVisible() and content(ready).decoded is not None)
    assert content(ready).image is None
    assert "digits is not open" in content(ready).note


def test_the_card_by_keyboard(ready: Desk) -> None:  # noqa: F811
    row = lonely(ready)
    ready.program.probe.put(tuple(ready.slot.codes["mean"].z[row].tolist()))
    ready.window.plane.setFocus()
    ready.hand.key(Key.Key_C)
    assert card(ready).isVisible()
    assert ready.program.hover.row == row
    ready.hand.key(Key.Key_C)
    assert not card(ready).isVisible()


def test_hidden_points_are_not_found(ready: Desk) -> None:  # noqa: F811
    row = lonely(ready)
    hover(ready, row)
    assert ready.program.hover.row == row
    ready.session.set_scene(hidden_classes=frozenset({int(ready.slot.codes["mean"].labels[row])}))
    assert ready.program.hover.row != row
    ready.session.set_scene(hidden_classes=frozenset())
    assert ready.program.hover.row == row  # though the pointer has not moved


def test_no_card_comes_while_a_line_is_drawn(ready: Desk) -> None:  # noqa: F811
    hover(ready, lonely(ready))
    place = pixel_of(ready, lonely(ready))
    ready.hand.press(ready.plane, place, modifier=Modifier.ShiftModifier)
    assert ready.program.hover.row is None
    assert not ready.program.hover._rest.isActive()
    ready.hand.release(ready.plane, place, modifier=Modifier.ShiftModifier)


def test_after_a_selection_the_card_waits_until_the_pointer_has_moved(ready: Desk) -> None:  # noqa: F811
    row = lonely(ready)
    end = pixel_of(ready, row) + QPoint(3, 3)
    ready.hand.press(ready.plane, end - QPoint(80, 80), modifier=Modifier.ShiftModifier)
    ready.hand.move(ready.plane, end)
    ready.hand.release(ready.plane, end, modifier=Modifier.ShiftModifier)
    assert row in selected(ready)
    assert ready.program.hover.row == row
    ready.hand.move(ready.plane, end + QPoint(1, 0))  # a hand shakes
    assert not ready.program.hover._rest.isActive()
    ready.hand.move(ready.plane, end + QPoint(-6, 0))
    assert ready.program.hover.row == row
    ready.wait(card(ready).isVisible)


@pytest.mark.parametrize("key", [Key.Key_R, Key.Key_L])
def test_a_tool_that_selects_has_a_ring_and_no_card(ready: Desk, key: Key) -> None:  # noqa: F811
    row = lonely(ready)
    hover(ready, row)
    ready.wait(card(ready).isVisible)
    ready.hand.key(key)
    assert not card(ready).isVisible()
    hover(ready, row)
    assert ready.program.hover.row == row
    assert not ready.program.hover._rest.isActive()
    ready.hand.key(Key.Key_V)
    hover(ready, row)
    assert ready.program.hover._rest.isActive()


def test_on_a_small_plane_the_card_is_small(ready: Desk) -> None:  # noqa: F811
    found = card(ready)
    found.set_content(CardContent("Class 3 · image 12", ("ELBO 1", "KL 2", "Error 3"), note="Its image is not here."))
    found.show_beside(QPointF(300, 300), QRect(0, 0, 900, 800))
    large = found.height()
    found.show_beside(QPointF(100, 100), QRect(0, 0, 380, 300))
    assert found.height() < 0.75 * large
    found.show_beside(QPointF(300, 300), QRect(0, 0, 900, 800))
    assert found.height() == large


def test_moving_over_points_paints_none_of_them_anew(ready: Desk) -> None:  # noqa: F811
    hover(ready, lonely(ready))
    picture = ready.window.plane._points._picture
    assert picture is not None
    key = picture.cacheKey()
    for x in np.linspace(0.2, 0.8, 20):
        ready.hand.move(ready.plane, ready.pixel(float(x), 0.5))
    after = ready.window.plane._points._picture
    assert after is not None
    assert after.cacheKey() == key


@pytest.mark.parametrize("x", [0, 5, 150, 395, 400])
@pytest.mark.parametrize("y", [0, 5, 60, 150, 295, 300])
@pytest.mark.parametrize("size", [(80, 40), (120, 100), (60, 290)], ids=str)
def test_a_card_never_covers_its_point(x: int, y: int, size: tuple[int, int]) -> None:
    room, point = QRect(0, 0, 401, 301), QPoint(x, y)
    area = QRect(place_beside(point, QSize(*size), room), QSize(*size))
    assert not area.adjusted(-GAP // 2, -GAP // 2, GAP // 2, GAP // 2).contains(point)
    assert room.contains(area)


# --- images in the place of points -------------------------------------------------------------------------------------------


def test_few_points_are_images_in_frames_of_their_class(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(thumbnails_feature, "MOST", 5)
    plane, dataset, codes = ready.window.plane, ready.session.dataset, ready.slot.codes["mean"]
    assert dataset is not None
    ready.session.set_scene(camera=Camera(0.0, 0.0, 20.0))
    assert plane._thumbnails.count == 0
    assert plane._points.isVisible()
    row = lonely_in_plane = int(np.argsort(np.hypot(*points(ready).T))[0])
    x, y = points(ready)[row].tolist()
    ready.session.set_scene(camera=Camera(x, y, 1e-3))
    assert 1 <= plane._thumbnails.count <= 5
    ready.away()
    settle()
    shown = pixels_of(plane.grab().toImage())
    place = plane.viewport().mapTo(plane, pixel_of(ready, row))
    side = round(2 * (plane._thumbnails.reach - 4))
    step = side // 8
    corner = place - QPoint(side // 2, side // 2)
    image = dataset.images[codes.index[lonely_in_plane]][..., 0]
    found = np.array([[shown[corner.y() + step * r + step // 2, corner.x() + step * c + step // 2] for c in range(8)] for r in range(8)])
    rim = np.ones((8, 8), np.bool_)
    rim[3:5, 3:5] = False  # where the probe's ring may lie
    assert np.abs(found.astype(int) - image[..., None])[rim].max() <= 2
    frame = shown[place.y(), corner.x() - 2]
    colour = class_colour(int(codes.labels[row]))
    assert tuple(frame) == tuple(int(colour[k : k + 2], 16) for k in (1, 3, 5))
    ready.session.set_scene(camera=Camera(0.0, 0.0, 20.0))
    assert plane._points.isVisible()


def check_distances(desk: Desk) -> None:
    """No image lies over another one, and every point without one has one of them in its way."""
    plane = desk.window.plane
    there = np.array([one.row for one in plane._thumbnails._thumbnails])
    room = np.array(taken_room(8, 8)) * plane.unit
    found = points(desk)
    away = np.abs(found[there][:, None] - found[there][None]) >= room
    assert (away.any(axis=2) | np.eye(len(there), dtype=bool)).all()
    left, bottom, width, height = plane.window_rectangle()
    inside = ((found >= (left, bottom)) & (found <= (left + width, bottom + height))).all(axis=1)
    in_the_way = (np.abs(found[:, None] - found[there][None]) < room).all(axis=2).any(axis=1)
    assert in_the_way[inside].all()


def test_an_image_is_pointed_at_before_the_dots_that_it_covers(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(thumbnails_feature, "MOST", 2000)
    ready.program.thumbnails._show()
    ready.window.plane.grab()
    found, unit = points(ready), ready.window.plane.unit
    there = {one.row for one in ready.window.plane._thumbnails._thumbnails}
    row, covered = next(
        (row, other)
        for row in there
        for other in np.flatnonzero(
            (np.abs(found - found[row]).max(axis=1) < 24 * unit) & (np.abs(found - found[row]).max(axis=1) > 8 * unit)
        )
        if other not in there
    )
    hover(ready, int(covered))
    assert ready.program.hover.row == row
    place = pixel_of(ready, int(covered))
    ready.hand.press(ready.plane, place, modifier=Modifier.ShiftModifier)
    ready.hand.release(ready.plane, place, modifier=Modifier.ShiftModifier)
    assert selected(ready) == [row]


def test_images_wait_for_their_data_set_and_can_be_switched_off(ready: Desk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(thumbnails_feature, "MOST", 2000)
    plane, dataset = ready.window.plane, ready.session.dataset
    drag_box(ready, (0.2, 0.2), (0.8, 0.8))
    assert plane._thumbnails.count > 5
    here = plane._thumbnails._thumbnails
    assert {one.row for one in here if one.selected} == {one.row for one in here} & set(selected(ready))
    check_distances(ready)
    ready.session.set_dataset(None)
    assert plane._thumbnails.count == 0
    ready.session.set_dataset(dataset)
    assert plane._thumbnails.count > 5
    ready.window.raise_panel("layers")
    settle()
    ready.hand.click(ready.window.layers._thumbnails, (8, ready.window.layers._thumbnails.height() / 2))
    assert not ready.session.scene.layers.thumbnails
    assert plane._thumbnails.count == 0


def test_whole_numbers_on_the_card_have_no_decimals() -> None:
    columns = {"year": np.array([1998.0], np.float32), "kl": np.array([-2.5], np.float32), "gap": np.array([np.nan], np.float32)}
    codes = Codes("mean", np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64), columns=columns)
    assert lines_of(codes, 0) == ("year 1998", "KL −2.500 nats", "gap nan")


def test_a_conditional_models_likelihood_is_named_so_where_all_classes_are_known() -> None:
    one = np.array([-2.5], np.float32)
    codes = Codes("mean", np.zeros((1, 2), np.float32), np.zeros(1, np.int64), np.zeros(1, np.int64), {"ll": one, "kl_top": one})
    upper = "KL, upper level −2.500 nats"
    assert lines_of(codes, 0, FAMILIES["conditional-vae"]) == ("log p(x | class) −2.500 nats", upper)
    assert lines_of(codes, 0, FAMILIES["vae"]) == ("log p(x) −2.500 nats", upper)
    assert lines_of(codes, 0, FAMILIES["vae"], GREY) == ("log p(x), one draw −2.500 nats", upper)
    assert lines_of(codes, 0, FAMILIES["vae"], DENSITY) == ("log p(x), density −2.500 nats", upper)
    unknown = replace(codes, labels=np.array([-1]))
    assert lines_of(unknown, 0, FAMILIES["conditional-vae"]) == ("log p(x) −2.500 nats", upper)
    given = Values(codes, FAMILIES["conditional-vae"])
    assert title_of("surprise", given) == "Surprise, −log p(x | class) (nats)"
    assert title_of("surprise", Values(codes, FAMILIES["vae"])) == title_of("surprise") == "Surprise, −log p(x) (nats)"
    assert title_of("kappa") == "Concentration kappa"
