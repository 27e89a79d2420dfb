"""Pins in the whole program: real keys and clicks, real decodes, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QDockWidget, QPushButton, QToolButton, QWidget

from latent_explorer.core.plane import pins as of_pins
from latent_explorer.core.scene import Pin
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.pin_list import PICTURE, ROW
from latent_explorer.views.plane.pins import REACH, PinMarker
from latent_explorer.workers import decoding
from tests.app.conftest import Desk, make_model
from tests.views.hand import Ear, Key, Modifier, pixels_of, settle

CONTROL = Modifier.ControlModifier


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory, digits: ImageDataset) -> Path:
    """A model of three latent dimensions."""
    path = tmp_path_factory.mktemp("models") / "three.safetensors"
    make_model(path, digits, latent_dim=3, epochs=1)
    return path


@pytest.fixture
def ear(opened: Desk) -> Ear:
    return Ear(opened.window.plane, "planePointPicked")


def pins(desk: Desk) -> tuple[Pin, ...]:
    return desk.session.scene.pins


def numbers(desk: Desk) -> list[int]:
    return [pin.number for pin in pins(desk)]


def markers(desk: Desk) -> dict[int, PinMarker]:
    return {item.mark.number: item for item in desk.window.plane.scene().items() if isinstance(item, PinMarker)}


def pin_at(desk: Desk, *places: tuple[float, float]) -> None:
    """Click and P at fractions of the plot; then the pointer goes away."""
    for place in places:
        desk.hand.click(desk.plane, desk.pixel(*place))
        desk.hand.key(Key.Key_P)
    desk.away()
    desk.rest()


def dock(desk: Desk) -> QDockWidget:
    found = desk.window.findChild(QDockWidget, "dock_pins")
    assert found is not None
    return found


def click_row(desk: Desk, row: int) -> None:
    desk.window.raise_panel("pins")
    settle()
    rows = desk.window.pins.list
    desk.hand.click(rows.viewport(), rows.visualItemRect(rows.item(row)).center())


def pictures(desk: Desk) -> list[np.ndarray | None]:
    rows = desk.window.pins.list
    found = [rows.item(k).data(PICTURE) for k in range(rows.count())]
    return [None if picture is None else pixels_of(picture) for picture in found]


def are_decodes(desk: Desk) -> bool:
    """Whether every row shows what the core decodes now at its pin; a level of rounding is granted."""
    shown, wanted = pictures(desk), [desk.decoded(pin.z) for pin in pins(desk) if len(pin.z) == desk.slot.frame.latent_dim]
    return len(shown) == len(wanted) and all(
        a is not None and a.shape == b.shape and np.abs(a.astype(int) - b).max() <= 1 for a, b in zip(shown, wanted, strict=True)
    )


# --- adding ------------------------------------------------------------------------------------------------------------------


def test_p_pins_the_place_under_the_pointer(opened: Desk, ear: Ear) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.3, 0.3))
    held = opened.session.scene.probe
    opened.hand.move(opened.plane, opened.pixel(0.6, 0.7))
    hover = opened.under(ear)
    opened.hand.key(Key.Key_P)
    assert pins(opened) == (Pin(tuple(float(value) for value in hover), 1),)
    assert opened.session.scene.probe == held  # pinning holds nothing
    opened.away()
    opened.hand.key(Key.Key_P)  # now it is the held place
    assert pins(opened)[1] == Pin(held or (), 2)


def test_the_bars_button_and_the_menu_pin_the_held_place(opened: Desk) -> None:
    opened.hand.click(opened.plane, opened.pixel(0.4, 0.6))
    button = opened.window.plane.findChild(QToolButton, "mode_pin")
    assert button is not None
    opened.hand.click(button)
    assert [pin.z for pin in pins(opened)] == [opened.session.scene.probe]
    opened.hand.click(opened.plane, opened.pixel(0.6, 0.6))
    opened.away()
    opened.wish("pin")
    assert numbers(opened) == [1, 2]
    assert pins(opened)[1].z == opened.session.scene.probe


def test_the_same_place_is_not_pinned_twice(opened: Desk) -> None:
    pin_at(opened, (0.4, 0.4))
    opened.hand.key(Key.Key_P)
    assert numbers(opened) == [1]
    assert "Pin 1" in opened.notice


def test_markers_stand_where_the_pins_are(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    for pin in pins(opened):
        mark = markers(opened)[pin.number].mark
        assert (mark.x, mark.y) == pytest.approx(pin.z)
        assert not mark.off
    assert [markers(opened)[number].mark.current for number in (1, 2)] == [False, True]


def test_there_is_an_end_to_pins(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latent_explorer.app.features.pins.MOST", 2)
    pin_at(opened, (0.3, 0.3), (0.6, 0.7), (0.5, 0.5))
    assert numbers(opened) == [1, 2]
    assert "remove one" in opened.notice


# --- the panel ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(900, 600), (1600, 1000)], ids=str)
def test_the_panel_comes_with_the_first_pin_and_covers_nothing(opened: Desk, size: tuple[int, int]) -> None:
    opened.window.resize(*size)
    opened.window.arrange()
    settle()
    assert not dock(opened).isVisible()
    pin_at(opened, (0.4, 0.4))
    assert dock(opened).isVisible()
    assert not opened.window.image.visibleRegion().isEmpty()
    assert (opened.window.width(), opened.window.height()) == size
    if size[1] > 800:  # there is room under the decoded image
        assert not opened.window.pins.visibleRegion().isEmpty()
        assert opened.window.pins.mapTo(opened.window, opened.window.pins.rect().topLeft()).y() > opened.window.height() / 2
    assert opened.window.plane.hasFocus()


def test_closed_by_the_person_it_stays_closed(opened: Desk) -> None:
    pin_at(opened, (0.4, 0.4))
    dock(opened).close()
    pin_at(opened, (0.5, 0.4))
    assert not dock(opened).isVisible()
    assert set(markers(opened)) == {1, 2}
    opened.window.raise_panel("pins")
    opened.wait(lambda: are_decodes(opened))


def test_pinned_in_full_screen_the_panel_comes_afterwards(opened: Desk) -> None:
    opened.window.plane.setFocus()
    opened.hand.key(Key.Key_F11)
    opened.hand.key(Key.Key_P)
    settle()
    assert not dock(opened).isVisible()
    opened.hand.key(Key.Key_F11)
    settle()
    assert dock(opened).isVisible()


def test_rows_show_number_name_place_and_decode(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7), (0.5, 0.2))
    opened.window.raise_panel("pins")
    opened.wait(lambda: are_decodes(opened))
    rows = [opened.window.pins.list.item(k).data(ROW) for k in range(3)]
    assert [row.number for row in rows] == [1, 2, 3]
    assert rows[0].place == ", ".join(f"{value:.3f}" for value in pins(opened)[0].z).replace("-", "−")
    assert len({picture.tobytes() for picture in pictures(opened) if picture is not None}) == 3


def test_a_click_on_a_row_takes_the_probe_there(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    click_row(opened, 0)
    assert opened.session.scene.probe == pins(opened)[0].z
    opened.wait(lambda: opened.shows(pins(opened)[0].z))
    assert markers(opened)[1].mark.current
    assert opened.window.plane.hasFocus()


def test_a_click_on_a_marker_takes_the_probe_there_though_the_pointer_stays(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    x, y = pins(opened)[0].z
    place = opened.window.plane.plane_to_pixel(x, y)
    opened.hand.click(opened.plane, (place.x(), place.y() - REACH))
    assert opened.session.scene.probe == pins(opened)[0].z
    opened.wait(lambda: opened.shows(pins(opened)[0].z))
    opened.hand.double_click(opened.plane, (place.x(), place.y() - REACH))  # its first click changes nothing in the end
    assert opened.session.scene.probe == pins(opened)[0].z


def test_a_double_click_on_a_marker_leaves_the_held_place(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    held = opened.session.scene.probe
    x, y = pins(opened)[0].z
    place = opened.window.plane.plane_to_pixel(x, y)
    opened.hand.double_click(opened.plane, (place.x(), place.y() - REACH))
    assert opened.session.scene.probe == held


def test_stepping_through_the_pins(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7), (0.5, 0.2))
    opened.hand.click(opened.plane, opened.pixel(0.8, 0.8))
    visited = []
    for key in (Key.Key_BracketRight, Key.Key_PageDown, Key.Key_BracketRight, Key.Key_BracketRight, Key.Key_BracketLeft, Key.Key_PageUp):
        opened.hand.key(key)
        visited.append(next(pin.number for pin in pins(opened) if pin.z == opened.session.scene.probe))
    assert visited == [1, 2, 3, 1, 3, 2]
    opened.wait(lambda: opened.shows(pins(opened)[1].z))


# --- changing and taking back ------------------------------------------------------------------------------------------------


def test_delete_removes_the_pin_where_the_probe_is_and_undo_brings_it_back(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    before = pins(opened)
    opened.hand.key(Key.Key_Delete)
    assert numbers(opened) == [1]
    assert opened.notice == "Pin 2 was removed."
    undo = opened.window.notice.findChild(QToolButton, "notice_button")
    assert undo is not None
    opened.hand.click(undo)
    assert pins(opened) == before
    assert not opened.notice
    opened.hand.click(opened.plane, opened.pixel(0.8, 0.8))
    opened.hand.key(Key.Key_Delete)  # the probe is at no pin
    assert pins(opened) == before


def test_everything_done_to_pins_can_be_taken_back_in_turn(opened: Desk) -> None:
    states = [pins(opened)]
    panel = opened.window.pins
    pin_at(opened, (0.3, 0.3))
    states.append(pins(opened))
    pin_at(opened, (0.6, 0.7))
    for act in (
        lambda: panel.renameRequested.emit(1, " a  loop "),
        lambda: panel.orderRequested.emit((2, 1)),
        lambda: panel.removeRequested.emit(1),
    ):
        states.append(pins(opened))
        act()
    assert [pin.name for pin in states[4]] == ["", "a loop"]
    assert numbers(opened) == [2]
    for state in reversed(states):
        before = pins(opened)
        for _ in range(2):  # what was done to the probe is a step of its own
            if pins(opened) == before:
                opened.hand.key(Key.Key_Z, CONTROL)
        assert pins(opened) == state
    for _ in range(3):  # there is nothing more
        opened.hand.key(Key.Key_Z, CONTROL)
    assert pins(opened) == ()


def test_clearing_can_be_taken_back_and_an_offer_that_is_out_of_date_goes(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7), (0.5, 0.2))
    before = pins(opened)
    opened.window.raise_panel("pins")
    settle()
    clear = next(button for button in opened.window.pins.findChildren(QPushButton) if button.text() == "Clear")
    opened.hand.click(clear)
    assert pins(opened) == ()
    assert markers(opened) == {}
    assert opened.notice == "3 pins were removed."
    opened.wish("undo")
    assert pins(opened) == before
    opened.wish("clear_pins")
    pin_at(opened, (0.7, 0.7))
    assert not opened.notice  # "undo" would take back the new pin now
    for _ in range(3):  # the new pin, where the probe was put for it, and the clearing
        opened.wish("undo")
    assert pins(opened) == before


def test_the_menu_says_what_would_be_taken_back(opened: Desk) -> None:
    action = next(action for action in opened.window.actions() if action.objectName() == "action_undo")
    assert not action.isEnabled()
    pin_at(opened, (0.3, 0.3))
    assert action.isEnabled()
    assert "pin 1" in action.text()
    opened.hand.key(Key.Key_Delete)
    assert "removing pin 1" in action.text()


def test_a_name_of_spaces_is_no_name(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3))
    item = opened.window.pins.list.item(0)
    item.setText("   ")
    settle()
    assert pins(opened)[0].name == ""
    assert opened.window.pins.list.item(0).text() == ""


# --- other models ------------------------------------------------------------------------------------------------------------


def test_pins_survive_another_model_and_show_its_decodes(opened: Desk, models: dict[str, Path]) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    before = pins(opened)
    opened.window.raise_panel("pins")
    opened.wait(lambda: are_decodes(opened))
    first = pictures(opened)
    opened.program.opening.open(models["other"])
    opened.wait(lambda: opened.slot.name == "other")
    opened.rest()
    assert pins(opened) == before
    opened.wait(lambda: are_decodes(opened))
    assert any((a != b).any() for a, b in zip(first, pictures(opened), strict=True))
    assert set(markers(opened)) == {1, 2}


def test_pins_of_another_latent_size_wait(opened: Desk, models: dict[str, Path], three: Path) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    before = pins(opened)
    opened.program.opening.open(three)
    opened.wait(lambda: opened.slot.name == "three")
    opened.rest()
    assert "2 pins belong to models of another latent size" in opened.notice
    assert pins(opened) == before
    assert markers(opened) == {}
    assert opened.window.pins.list.count() == 0
    assert opened.says("2 more of models of another latent size")
    pin_at(opened, (0.5, 0.5))
    assert numbers(opened) == [1, 2, 3]  # no number is given twice
    opened.wish("clear_pins")
    assert pins(opened) == before  # what was not seen was not cleared
    opened.program.opening.open(models["small"])
    opened.wait(lambda: opened.slot.name == "small")
    opened.rest()
    assert set(markers(opened)) == {1, 2}


def test_a_pin_off_the_slice_is_hollow_and_going_there_lays_the_plane_through_it(desk: Desk, three: Path) -> None:
    desk.open(three)
    pin_at(desk, (0.4, 0.4))
    frame = desk.slot.frame
    assert frame.pair is not None
    other = next(axis for axis in range(3) if axis not in frame.pair)
    place = np.array(pins(desk)[0].z)
    desk.window.slice.coordinateRequested.emit(other, float(place[other]) + 0.75)
    desk.rest()
    mark = markers(desk)[1].mark
    assert mark.off
    assert "0.75 away" in mark.hint
    assert (mark.x, mark.y) == pytest.approx(place[list(frame.pair)])
    assert desk.window.pins.list.item(0).data(ROW).off
    desk.hand.key(Key.Key_BracketRight)
    desk.rest()
    assert of_pins.off_plane(desk.slot.frame, pins(desk)[0].z) == 0
    assert desk.session.scene.probe == pytest.approx(pins(desk)[0].z, abs=1e-9)
    assert not markers(desk)[1].mark.off
    assert markers(desk)[1].mark.current
    desk.wait(lambda: desk.shows(pins(desk)[0].z))


def test_while_a_model_trains_the_pictures_follow_at_a_modest_pace(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    pin_at(opened, (0.3, 0.3), (0.6, 0.7))
    opened.window.raise_panel("pins")
    opened.wait(lambda: are_decodes(opened))
    asked: list[int] = []
    real = decoding.decode

    def count(request: decoding.DecodeRequest) -> decoding.DecodeResult:
        asked.append(len(request.z))
        return real(request)

    monkeypatch.setattr("latent_explorer.app.features.pins.decode", count)
    before = pictures(opened)
    opened.train(epochs=4, batch_size=256)
    opened.wait(lambda: opened.session.run_state == "running")
    opened.wait(lambda: opened.session.run_state == "idle")
    revisions = opened.slot.revision
    opened.rest()
    opened.wait(lambda: are_decodes(opened))  # in the end, by the newest weights
    assert any((a != b).any() for a, b in zip(before, pictures(opened), strict=True))
    assert set(asked) == {2}  # one batch each time
    assert len(asked) <= revisions + 2


def test_nothing_is_decoded_for_a_panel_behind_another(opened: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.window.resize(900, 600)
    opened.window.arrange()
    settle()
    asked: list[int] = []
    real = decoding.decode
    monkeypatch.setattr("latent_explorer.app.features.pins.decode", lambda request: (asked.append(len(request.z)), real(request))[1])
    pin_at(opened, (0.3, 0.3))
    asked.clear()
    pin_at(opened, (0.6, 0.7))
    assert asked == []
    opened.window.raise_panel("pins")
    opened.wait(lambda: are_decodes(opened))
    assert asked == [2]


# --- the keyboard alone ------------------------------------------------------------------------------------------------------


def test_without_a_mouse(opened: Desk) -> None:
    """Move, pin, go to the list, name, go there, remove, take back, and be on the plane again."""
    hand, window = opened.hand, opened.window
    window.plane.setFocus()
    for key in (Key.Key_3, Key.Key_P, Key.Key_Right, Key.Key_P):
        hand.key(key, Modifier.ShiftModifier if key == Key.Key_Right else Modifier.NoModifier)
    opened.rest()
    window.raise_panel("pins")
    settle()
    for _ in range(60):
        if window.pins.list.hasFocus():
            break
        hand.key(Key.Key_Tab)
    assert window.pins.list.hasFocus()
    hand.key(Key.Key_Home)
    hand.key(Key.Key_F2)
    for letter in "loop":
        hand.key(Key(ord(letter.upper())))
    hand.key(Key.Key_Return)
    assert pins(opened)[0].name == "loop"
    hand.key(Key.Key_Return)
    assert opened.session.scene.probe == pins(opened)[0].z
    hand.key(Key.Key_Down)
    hand.key(Key.Key_Up, Modifier.AltModifier)
    assert numbers(opened) == [2, 1]
    hand.key(Key.Key_Delete)
    assert numbers(opened) == [1]
    hand.key(Key.Key_Z, CONTROL)
    assert numbers(opened) == [2, 1]
    hand.key(Key.Key_Escape)
    assert window.plane.hasFocus()


def test_every_part_of_the_panel_has_a_name(opened: Desk) -> None:
    pin_at(opened, (0.3, 0.3))
    for part in (opened.window.pins.list, *opened.window.pins.findChildren(QPushButton)):
        assert isinstance(part, QWidget)
        assert part.accessibleName()
