"""The exact posterior in the window: of points that are clicked and of pins, with real events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QComboBox, QDockWidget, QPushButton
from torch import nn

from latent_explorer.app.features.posterior import awaited
from latent_explorer.core.families import FAMILIES
from latent_explorer.core.nn.handles import module_of
from latent_explorer.core.occlusion import PARTS
from latent_explorer.core.plane.field import POSTERIOR
from latent_explorer.core.scene import Camera, Rows
from latent_explorer.core.types import ImageDataset
from latent_explorer.views.posterior_panel import PosteriorPanel
from latent_explorer.workers.posterior import Comparison, Finding, find
from tests.app.conftest import Desk, is_sentence, make_model
from tests.app.test_fields import covers_window, pick, shown
from tests.views.hand import Key, Modifier, pixels_of, settle, texts

SHIFT, CONTROL = Modifier.ShiftModifier, Modifier.ControlModifier


@pytest.fixture
def ready(opened: Desk) -> Desk:
    opened.wait(lambda: opened.program.index.shown is not None)
    opened.rest()
    return opened


def panel(desk: Desk) -> PosteriorPanel:
    return desk.window.posterior


def finding(desk: Desk) -> Finding:
    found = desk.program.posterior._finding
    assert found is not None
    return found


def compared(desk: Desk) -> Comparison:
    desk.wait(lambda: desk.program.posterior.settled)
    found = desk.program.posterior._compared
    assert found is not None and found.finding is finding(desk)
    return found


def place(desk: Desk, row: int) -> QPointF:
    x, y = desk.slot.frame.to_plane(desk.slot.codes["mean"].z[row]).tolist()
    return desk.window.plane.plane_to_pixel(x, y)


def some_rows(desk: Desk) -> list[int]:
    """Points in view that lie far from all others, the loneliest first."""
    found = desk.slot.frame.to_plane(desk.slot.codes["mean"].z)
    left, bottom, width, height = desk.window.plane.window_rectangle()
    inner = (found > (left + 0.2 * width, bottom + 0.2 * height)) & (found < (left + 0.7 * width, bottom + 0.7 * height))
    away = np.hypot(*(found[:, None] - found[None]).transpose(2, 0, 1))
    np.fill_diagonal(away, np.inf)
    return [int(row) for row in np.argsort(-np.where(inner.all(axis=1), away.min(axis=1), 0))[:3]]


def select(desk: Desk, row: int) -> None:
    """Shift and a click, as a person does."""
    at = place(desk, row)
    desk.hand.move(desk.plane, at)
    desk.hand.press(desk.plane, at, modifier=SHIFT)
    desk.hand.release(desk.plane, at, modifier=SHIFT)
    desk.rest()


def marks(desk: Desk) -> tuple[tuple[float, float] | None, int]:
    layer = desk.window.plane._posterior
    return layer.mode, layer.ellipses


def test_a_clicked_point_s_posterior_is_the_field_with_the_ellipses_and_the_gap(ready: Desk) -> None:
    pick(ready, "Posterior")
    assert not shown(ready)  # nothing is selected yet, and what to do is said
    assert any("Select a point" in text for text in texts(panel(ready)))
    one, two, _ = some_rows(ready)
    select(ready, one)
    first = shown(ready)
    assert first and {field.kind for field in first} == {POSTERIOR}
    ready.session.set_scene(camera=Camera(0.0, 0.0, 9.0))  # the small model has learned little, and its posteriors are wide
    ready.rest()
    assert shown(ready)[-1].contours and covers_window(ready)
    ready.program.scenery.fit()
    ready.rest()
    codes, dataset = ready.slot.codes["mean"], ready.session.dataset
    assert dataset is not None
    assert np.array_equal(finding(ready).image, dataset.images[codes.index[one]])
    found = compared(ready)
    assert found.mean is not None
    np.testing.assert_allclose(found.mean, codes.z[one], atol=1e-4)
    mode, ellipses = marks(ready)
    assert mode == pytest.approx(finding(ready).posterior.mode) and ellipses == 2
    assert found.gap > 0
    said = texts(panel(ready))
    assert "Grey score" in said  # grey pixels, a Bernoulli decoder
    gap = f"{found.gap:.2f} nats"
    assert gap in said
    assert f"{found.gap:.2f}" == f"{finding(ready).posterior.log_evidence - found.elbo:.2f}"
    select(ready, two)
    assert shown(ready)[-1] is not first[-1]
    assert np.array_equal(finding(ready).image, dataset.images[codes.index[two]])
    pick(ready, "None")
    assert not shown(ready) and marks(ready) == (None, 0)
    assert not panel(ready).isVisible()


def test_the_key_selects_the_nearest_point_shows_and_takes_away(ready: Desk) -> None:
    row = some_rows(ready)[0]
    ready.program.probe.put(tuple(ready.slot.codes["mean"].z[row].tolist()))
    ready.window.plane.setFocus()
    ready.hand.key(Key.Key_B, CONTROL)
    ready.rest()
    assert ready.session.scene.selection is not None and ready.session.scene.selection.rows.tolist() == [row]
    assert shown(ready) and ready.session.scene.layers.field == POSTERIOR
    ready.hand.key(Key.Key_B, CONTROL)
    ready.rest()
    assert not shown(ready) and ready.session.scene.layers.field == ""


def test_in_a_small_window_the_panel_comes_to_the_front_and_makes_it_no_wider(ready: Desk) -> None:
    ready.window.resize(900, 600)
    settle()

    def in_front(name: str) -> bool:
        dock = ready.window.findChild(QDockWidget, f"dock_{name}")
        assert dock is not None
        return not dock.visibleRegion().isEmpty()

    one, two, _ = some_rows(ready)
    select(ready, one)
    assert in_front("image")  # nobody has asked for a posterior yet
    pick(ready, "Posterior")
    assert in_front("posterior") and ready.window.width() == 900
    ready.window.raise_panel("image")
    settle()
    select(ready, two)
    assert in_front("posterior")
    ready.program.pins.add()
    ready.rest()
    assert in_front("posterior") and ready.window.width() == 900
    ready.window.resize(1000, 700)  # as low, and arranged anew
    settle()
    assert in_front("posterior") and (ready.window.width(), ready.window.height()) == (1000, 700)
    ready.window.resize(1500, 1000)
    ready.rest()
    assert in_front("posterior") and in_front("image")
    image, posterior = (ready.window.findChild(QDockWidget, f"dock_{name}") for name in ("image", "posterior"))
    assert image is not None and posterior is not None
    assert posterior.x() == image.x() and posterior.y() > image.y()  # below it, on the right


def test_hidden_pixels_and_the_completed_image(ready: Desk) -> None:
    pick(ready, "Posterior")
    select(ready, some_rows(ready)[0])
    whole = finding(ready)
    box = panel(ready).findChild(QComboBox, "posterior_part")
    assert box is not None
    box.setCurrentIndex(box.findData("upper"))
    box.activated.emit(box.currentIndex())
    ready.rest()
    assert finding(ready) is not whole
    mask = finding(ready).mask
    assert mask is not None and mask[:4].all() and not mask[4:].any()
    found = compared(ready)
    assert np.isnan(found.elbo)
    assert found.mean is not None and marks(ready)[1] == 0  # the encoder's ellipses are of the whole image
    said = texts(panel(ready))
    assert "Completed" in said and "none" in said
    assert any("no ELBO while pixels are hidden" in text for text in said)
    picture = panel(ready)._expected.picture()
    assert picture is not None
    assert np.array_equal(pixels_of(picture), np.broadcast_to(found.expected, (8, 8, 3)))
    seen = panel(ready)._image.picture()
    assert seen is not None
    assert np.array_equal(pixels_of(seen)[:4], np.broadcast_to(whole.image, (8, 8, 3))[:4])


def test_a_pin_is_asked_about_by_its_decoded_picture(ready: Desk) -> None:
    pick(ready, "Posterior")
    ready.hand.click(ready.plane, ready.pixel(0.4, 0.4))
    ready.hand.key(Key.Key_P)
    ready.hand.move(ready.window.status)
    assert ready.session.scene.pins
    ready.window.plane.setFocus()
    ready.hand.click(ready.plane, ready.pixel(0.7, 0.2))
    ready.hand.move(ready.window.status)
    ready.hand.key(Key.Key_BracketLeft)  # to the pin
    ready.rest()
    pin = ready.session.scene.pins[0]
    assert ready.session.scene.probe == pin.z
    assert np.abs(finding(ready).image.astype(int) - ready.decoded(pin.z)[..., :1]).max() <= 1
    assert any(text.startswith("Pin 1") for text in texts(panel(ready)))
    ready.hand.key(Key.Key_Delete)
    ready.rest()
    assert not shown(ready)


def test_without_the_data_set_the_decoder_s_picture_stands_for_the_image(ready: Desk) -> None:
    ready.session.set_dataset(None)
    pick(ready, "Posterior")
    row = some_rows(ready)[0]
    ready.session.set_scene(selection=Rows(np.array([row])))
    ready.rest()
    assert np.abs(finding(ready).image.astype(int) - ready.decoded(ready.slot.codes["mean"].z[row])[..., :1]).max() <= 1
    assert any("decoder's picture" in text for text in texts(panel(ready)))


def test_zoom_shows_the_posterior_large_and_can_be_taken_back(ready: Desk) -> None:
    pick(ready, "Posterior")
    select(ready, some_rows(ready)[0])
    ready.session.set_scene(camera=Camera(0.0, 0.0, 300.0))
    button = panel(ready).findChild(QPushButton, "posterior_zoom")
    assert button is not None
    ready.window.raise_panel("posterior")
    settle()

    def too_narrow() -> bool:
        return any("Too narrow to be seen at this zoom" in text for text in texts(panel(ready)))

    pixels = min(ready.window.plane.window_pixels()) / 300.0
    assert too_narrow() == (4 * np.sqrt(np.linalg.eigvalsh(finding(ready).posterior.covariance)[-1]) * pixels < 6)
    ready.session.set_scene(camera=Camera(0.0, 0.0, 900.0))
    assert too_narrow()
    ready.hand.click(button)
    ready.rest()
    assert not too_narrow()
    found, camera = finding(ready).posterior, ready.session.scene.camera
    widest = np.sqrt(np.linalg.eigvalsh(found.covariance)[-1])
    assert 4 * widest < camera.span < 40 * widest
    assert np.hypot(camera.x - found.mean[0], camera.y - found.mean[1]) < camera.span
    ready.wish("undo")
    ready.rest()
    assert ready.session.scene.camera.span != pytest.approx(camera.span, rel=0.1)


def make_even(desk: Desk) -> None:
    """Its decoder's pictures become sharper, and the same at z and at z with the other sign of z[0]."""
    assert desk.slot.handle is not None
    first, *_, last = (layer for layer in module_of(desk.slot.handle).decoder.modules() if isinstance(layer, nn.Linear))
    half = first.out_features // 2
    with torch.no_grad():
        first.weight.mul_(4.0)
        first.weight[half:] = first.weight[:half] * torch.tensor([-1.0, 1.0])
        first.bias[half:] = first.bias[:half]
        last.weight.mul_(4.0)
        last.weight[:, half:] = last.weight[:, :half]


def test_a_posterior_in_two_parts_is_told_and_zoom_shows_both_and_then_each(ready: Desk) -> None:
    make_even(ready)
    pick(ready, "Posterior")
    place = (1.4, 0.3)
    ready.program.probe.put(place)
    ready.program.pins.add()
    ready.program.probe.put((0.0, -1.0))
    ready.window.plane.setFocus()
    ready.hand.key(Key.Key_BracketLeft)  # to the pin, whose decoded picture is the same at (-1.4, 0.3)
    ready.rest()
    found = finding(ready).posterior
    one, two = found.parts
    assert (one.share, two.share) == (pytest.approx(0.5, abs=0.02), pytest.approx(0.5, abs=0.02))
    np.testing.assert_allclose(two.place, one.place * (-1, 1), atol=0.02)
    np.testing.assert_allclose(np.abs(one.place), place, atol=0.4)  # the prior draws it to the middle
    compared(ready)
    numbers = ", ".join(f"{value:.2f}".replace("-", "−") for value in one.place)
    (told,) = (text for text in texts(panel(ready)) if "It has 2 parts" in text)
    assert f"50% near ({numbers})" in told and "The widths are of both together" in told
    layer = ready.window.plane._posterior
    assert layer.mode == pytest.approx(one.place) and layer.others == (pytest.approx(tuple(two.place)),)
    ready.session.set_scene(camera=Camera(0.0, 0.0, 3000.0))
    ready.rest()
    assert any("Its parts are too narrow to be seen" in text for text in texts(panel(ready)))
    button = panel(ready).findChild(QPushButton, "posterior_zoom")
    assert button is not None
    ready.window.raise_panel("posterior")
    settle()
    seen = []
    for _ in range(4):
        ready.hand.click(button)
        ready.rest()
        left, bottom, width, height = ready.window.plane.window_rectangle()
        seen.append([bool(left < x < left + width and bottom < y < bottom + height) for x, y in (one.place, two.place)])
        assert not any("too narrow" in text.lower() for text in texts(panel(ready)))
    assert seen[0] == seen[3] == [True, True]
    assert sorted(seen[1:3]) == [[False, True], [True, False]]
    feature, whole = ready.program.posterior, finding(ready)
    feature._answered(replace(whole, posterior=replace(whole.posterior, parts=(), draft=True)))  # as of the next snapshot in training
    assert layer.others and any("It has 2 parts" in text for text in texts(panel(ready)))
    ready.session.set_scene(selection=Rows(np.array([5])))  # another image, whose posterior has not come
    assert finding(ready).subject is whole.subject
    assert layer.others == () and not any("parts" in text for text in texts(panel(ready)))
    ready.rest()
    pick(ready, "None")
    assert layer.others == ()


def test_of_the_selected_points_the_clicked_row_is_asked_about(ready: Desk) -> None:
    pick(ready, "Posterior")
    rows = sorted(some_rows(ready))
    ready.session.set_scene(selection=Rows(np.array(rows)))
    ready.rest()
    first = finding(ready)
    ready.window.selection.rowPicked.emit(rows[2])
    ready.rest()
    codes, dataset = ready.slot.codes["mean"], ready.session.dataset
    assert dataset is not None and finding(ready) is not first
    assert np.array_equal(finding(ready).image, dataset.images[codes.index[rows[2]]])
    ready.session.set_scene(selection=None)
    ready.rest()
    assert not shown(ready)


@pytest.mark.parametrize("family", ["autoencoder", "hierarchical-vae"])
def test_where_there_is_none_the_field_is_not_offered_and_the_reason_is_told(
    new_desk: type[Desk], tmp_path: Path, digits: ImageDataset, family: str
) -> None:
    desk = new_desk()
    make_model(tmp_path / "other.safetensors", digits, family=family, epochs=1)
    desk.open(tmp_path / "other.safetensors")
    box = desk.box("field_kind")
    assert box.findText("Posterior") < 0
    assert "no exact inference" in box.toolTip().replace("\n", " ")
    desk.wish("posterior")
    assert FAMILIES[family].title in desk.notice and is_sentence(desk.notice)
    desk.wish("exact_codes")
    assert FAMILIES[family].title in desk.notice


def test_a_decoder_without_an_encoder_has_a_posterior_and_no_gap(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset) -> None:
    desk = new_desk()
    make_model(tmp_path / "qlvm.safetensors", digits, family="qlvm", epochs=1, nodes=(16,))
    desk.open(tmp_path / "qlvm.safetensors")
    pick(desk, "Posterior")
    desk.session.set_scene(selection=Rows(np.array([5])))
    desk.rest()
    assert shown(desk)
    found = compared(desk)
    assert found.mean is None and marks(desk)[1] == 0
    assert any("no encoder" in text for text in texts(panel(desk)))
    said = texts(panel(desk))
    assert not {"Grey ELBO", "ELBO of the encoder", "Gap", "none"} & set(said)  # rows of what an encoder would reach
    assert {"Mode", "SD long, short"} <= set(said)


def test_while_a_model_trains_the_posterior_is_of_its_newest_weights(ready: Desk) -> None:
    pick(ready, "Posterior")
    ready.session.set_scene(selection=Rows(np.array([3])))
    ready.rest()
    ready.train(epochs=100000)
    ready.wait(lambda: ready.session.run_state == "running" and ready.slot.in_training)
    ready.session.set_scene(selection=Rows(np.array([4])))
    seen: set[float] = set()

    def collect() -> bool:
        now = ready.program.posterior._finding
        if now is not None and now.handle.id == (ready.slot.handle and ready.slot.handle.id):
            seen.add(now.posterior.log_evidence)  # a first look and the whole may have the same
        return len(seen) >= 3

    ready.wait(collect)
    ready.press("stop")
    ready.wait(lambda: ready.session.run_state == "idle")
    ready.rest()
    codes, dataset = ready.slot.codes["mean"], ready.session.dataset
    assert dataset is not None
    assert np.array_equal(finding(ready).image, dataset.images[codes.index[4]])


def test_a_click_on_a_nearest_image_asks_about_it(ready: Desk) -> None:
    pick(ready, "Posterior")
    ready.hand.click(ready.plane, ready.pixel(0.4, 0.4))
    ready.away()
    ready.rest()
    ready.window.raise_panel("image")
    settle()
    strip = ready.window.image.nearest
    ready.wait(lambda: strip.isVisible() and strip.settled and bool(strip._neighbours))
    around = ready.program.neighbours._answer
    assert around is not None and around.around is not None
    ready.hand.click(strip, strip.places()[1].center())
    ready.rest()
    row = around.around.nearest[1]
    assert ready.session.scene.selection is not None and ready.session.scene.selection.rows.tolist() == [row]
    assert ready.session.dataset is not None
    assert np.array_equal(finding(ready).image, ready.session.dataset.images[ready.slot.codes["mean"].index[row]])


@pytest.mark.parametrize("family", ["qlvm-torus", "hyperspherical-vae", "conditional-vae", "full-covariance-vae"])
def test_other_planes_have_their_posteriors_too(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset, family: str) -> None:
    desk = new_desk()
    more = {"classes": 10} if family == "conditional-vae" else {"latent_dim": 3} if family == "hyperspherical-vae" else {}
    make_model(tmp_path / "other.safetensors", digits, family=family, epochs=1, **more)
    desk.open(tmp_path / "other.safetensors")
    pick(desk, "Posterior")
    desk.session.set_scene(selection=Rows(np.array([5])))
    desk.rest()
    field = shown(desk)[-1]
    assert field.strength is not None and np.isfinite(field.values).all() and field.strength.max() > 0.5
    found = compared(desk)
    assert marks(desk)[1] == (2 if found.mean is not None else 0)
    assert (found.mean is not None) == (family in ("conditional-vae", "full-covariance-vae"))
    assert found.mean is None or found.gap > 0
    words = " ".join(texts(panel(desk)))
    label = int(desk.slot.codes["mean"].labels[5])
    assert label != 0  # so that it is not the class whose plane is shown
    assert (f"Given class {label}." in words) == (family == "conditional-vae")
    assert finding(desk).subject.condition == (label if family == "conditional-vae" else None)
    assert ("ellipses" in words) == (found.mean is not None)
    desk.program.posterior.zoom()
    desk.rest()
    assert shown(desk)


def test_the_names_of_awaited_figures_are_those_of_the_answer(ready: Desk) -> None:
    select(ready, some_rows(ready)[0])
    pick(ready, "Posterior")
    subject, slot = finding(ready).subject, ready.slot
    for part in PARTS:
        asked = replace(subject, part=part)
        assert awaited(slot, asked).score == find(asked, finding(ready).handle, 16).posterior.score
    decoded = replace(subject, image=None, z=slot.codes["mean"].z[0])
    assert awaited(slot, decoded).score == find(decoded, finding(ready).handle, 16).posterior.score
    assert awaited(slot, subject).encoder
