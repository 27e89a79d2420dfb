"""A person's own picture in the window: opened from the menu, dropped, pasted; asked about, inverted, refused, taken back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QToolButton

from latent_explorer.core.data.fitting import fit
from latent_explorer.core.occlusion import WHOLE
from latent_explorer.core.plane.field import POSTERIOR
from latent_explorer.core.scene import Camera
from latent_explorer.core.types import ImageDataset
from latent_explorer.workers.posterior import Finding
from tests.app.conftest import Desk, is_sentence, make_model
from tests.app.test_fields import shown
from tests.app.test_posterior import select, some_rows
from tests.views.hand import Key, Modifier, settle, texts

CONTROL = Modifier.ControlModifier


def drawing(*, light: bool = True, width: int = 40, height: int = 30) -> np.ndarray:
    """A thick stroke, dark on light paper or the other way round: (h, w, 3)."""
    pixels = np.full((height, width, 3), 235, np.uint8)
    pixels[height // 4 : 3 * height // 4, width // 2 - 3 : width // 2 + 3] = 30
    return pixels if light else 255 - pixels


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "stroke.png"
    Image.fromarray(drawing()).save(path)
    return path


def drop(desk: Desk, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    assert desk.hand.drop(desk.window.plane, data)


def asked(desk: Desk, name: str) -> Finding:
    """What is known of a picture, when it is."""

    def known() -> bool:
        found = desk.program.posterior._finding
        return found is not None and name in found.subject.title and desk.program.posterior.settled

    desk.wait(known)
    desk.rest()
    found = desk.program.posterior._finding
    assert found is not None
    return found


def paste(desk: Desk, data: QMimeData) -> None:
    QGuiApplication.clipboard().setMimeData(data)
    desk.window.plane.setFocus()
    desk.hand.key(Key.Key_V, CONTROL)


def test_a_dropped_picture_is_asked_about_and_the_probe_is_at_its_mode(opened: Desk, file: Path) -> None:
    drop(opened, file)
    found = asked(opened, "stroke.png")
    assert np.array_equal(found.image, fit(drawing(), (8, 8, 1)).image)
    assert found.image.max() == 255 and np.median(found.image) == 0  # light on dark, as the digits are
    assert opened.session.scene.layers.field == POSTERIOR and shown(opened)
    assert opened.session.scene.probe == pytest.approx(found.posterior.mode)
    assert opened.shows(found.posterior.mode)
    assert opened.window.posterior.isVisible() and "Your image: stroke.png" in texts(opened.window.posterior)
    assert "40 × 30" in opened.notice and "8 × 8 in grey" in opened.notice and is_sentence(opened.notice)
    marks = opened.window.plane._posterior
    compared = opened.program.posterior._compared
    assert compared is not None and compared.mean is not None
    assert marks.ellipses == 2 and marks.place == pytest.approx(compared.mean, abs=1e-5)
    assert compared.gap > 0
    opened.wish("undo")  # the probe
    opened.wish("undo")  # the field
    opened.rest()
    assert opened.session.scene.layers.field == "" and not shown(opened)
    opened.wish("redo")
    assert asked(opened, "stroke.png").image is found.image


def test_what_was_inverted_can_be_had_as_it_was(opened: Desk, file: Path) -> None:
    drop(opened, file)
    first = asked(opened, "stroke.png")
    box = opened.window.posterior.findChild(QCheckBox, "posterior_invert")
    assert box is not None and box.isVisible() and box.isChecked()
    button = opened.window.notice.findChild(QToolButton, "notice_button")
    assert button is not None and button.isVisible()
    opened.hand.click(button)
    opened.wait(lambda: asked(opened, "stroke.png") is not first)
    kept = asked(opened, "stroke.png")
    assert np.array_equal(kept.image, fit(drawing(), (8, 8, 1), invert=False).image)
    assert not box.isChecked()
    opened.window.raise_panel("posterior")
    settle()
    opened.hand.click(box)
    opened.wait(lambda: asked(opened, "stroke.png") is not kept)
    assert np.array_equal(asked(opened, "stroke.png").image, first.image)


def test_another_image_takes_its_place_and_the_switch_goes(opened: Desk, file: Path) -> None:
    drop(opened, file)
    asked(opened, "stroke.png")
    opened.wait(lambda: opened.program.index.shown is not None)
    select(opened, some_rows(opened)[0])
    opened.rest()
    found = opened.program.posterior._finding
    assert found is not None and "stroke" not in found.subject.title
    box = opened.window.posterior.findChild(QCheckBox, "posterior_invert")
    assert box is not None and not box.isVisible()


def test_a_new_picture_is_asked_about_as_a_whole_whatever_was_hidden_of_another_image(opened: Desk, file: Path) -> None:
    drop(opened, file)
    first = asked(opened, "stroke.png")
    box = opened.window.posterior.findChild(QComboBox, "posterior_part")
    assert box is not None
    box.setCurrentIndex(box.findData("upper"))
    box.activated.emit(box.currentIndex())
    opened.wait(lambda: asked(opened, "stroke.png").mask is not None)
    checked = opened.window.posterior.findChild(QCheckBox, "posterior_invert")
    assert checked is not None
    checked.click()
    opened.wait(lambda: not np.array_equal(asked(opened, "stroke.png").image, first.image))
    assert asked(opened, "stroke.png").mask is not None  # the same picture, another way round
    other = file.with_name("other.png")
    Image.fromarray(drawing(width=31)).save(other)
    drop(opened, other)
    assert asked(opened, "other.png").mask is None and box.currentData() == WHOLE


def test_the_menu_opens_an_image(opened: Desk, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filters: list[str] = []

    def choose(*arguments: str) -> tuple[str, str]:
        filters.append(arguments[-1])
        return str(file), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose)
    opened.wish("open_image")
    asked(opened, "stroke.png")
    opened.hand.key(Key.Key_O, CONTROL)
    opened.rest()
    assert len(filters) == 2 and all("*.png" in words and "*.webp" in words for words in filters)


@pytest.mark.parametrize("kind", [QImage.Format.Format_RGB32, QImage.Format.Format_RGB888, QImage.Format.Format_ARGB32_Premultiplied])
def test_a_copied_picture_is_pasted(opened: Desk, kind: QImage.Format) -> None:
    pixels = np.ascontiguousarray(drawing(light=False, width=37))  # rows that Qt pads
    data = QMimeData()
    data.setImageData(QImage(pixels.data, 37, 30, 3 * 37, QImage.Format.Format_RGB888).convertToFormat(kind))
    paste(opened, data)
    found = asked(opened, "Pasted image")
    expected = fit(pixels, (8, 8, 1))
    assert np.array_equal(found.image, expected.image) and not expected.inverted
    assert "inverted" not in opened.notice and is_sentence(opened.notice)


def test_a_copied_file_is_opened_and_words_are_refused(opened: Desk, file: Path) -> None:
    data = QMimeData()
    data.setText("no picture")
    paste(opened, data)
    assert "no image to paste" in opened.notice and is_sentence(opened.notice)
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(file))])
    paste(opened, files)
    asked(opened, "stroke.png")


def test_in_a_field_of_text_the_key_pastes_words(opened: Desk) -> None:
    data = QMimeData()
    data.setText("7")
    QGuiApplication.clipboard().setMimeData(data)
    opened.set_field("seed", "3")
    opened.hand.key(Key.Key_V, CONTROL)
    assert opened.notice == ""


def test_a_picture_dropped_without_a_file(opened: Desk) -> None:
    data = QMimeData()
    data.setImageData(QImage(30, 20, QImage.Format.Format_RGB32))
    assert opened.hand.drop(opened.window.plane, data)
    asked(opened, "Dropped image")


def test_a_damaged_picture_changes_nothing(opened: Desk, file: Path) -> None:
    scene, slot = opened.session.scene, opened.slot
    file.write_bytes(file.read_bytes()[:60])
    drop(opened, file)
    opened.wait(lambda: "damaged" in opened.notice)
    assert is_sentence(opened.notice) and "stroke.png" in opened.notice
    assert opened.session.scene is scene and opened.slot is slot


@pytest.mark.parametrize("family", ["autoencoder", "hierarchical-vae"])
def test_without_exact_inference_it_is_encoded(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset, file: Path, family: str) -> None:
    from latent_explorer.core.nn.inference import encode

    desk = new_desk()
    make_model(tmp_path / "other.safetensors", digits, family=family, epochs=1)
    desk.open(tmp_path / "other.safetensors")
    drop(desk, file)
    desk.wait(lambda: "encoder" in desk.notice)
    desk.rest()
    assert is_sentence(desk.notice)
    assert desk.slot.handle is not None
    expected = encode(desk.slot.handle, fit(drawing(), (8, 8, 1)).image[None])[0][0]
    assert desk.session.scene.probe == pytest.approx(expected, abs=1e-6)
    assert desk.session.scene.layers.field == ""


def test_a_decoder_alone_has_the_posterior(new_desk: type[Desk], tmp_path: Path, digits: ImageDataset, file: Path) -> None:
    desk = new_desk()
    make_model(tmp_path / "qlvm.safetensors", digits, family="qlvm-torus", epochs=1, nodes=(16,))
    desk.open(tmp_path / "qlvm.safetensors")
    drop(desk, file)
    asked(desk, "stroke.png")
    marks = desk.window.plane._posterior
    assert marks.mode is not None and marks.place is None and marks.ellipses == 0
    desk.session.set_scene(camera=Camera(5.5, -3.5, 1.0))  # other squares of the torus
    assert marks.mode is not None and np.abs(np.array(marks.mode) - (5.5, -3.5)).max() <= 0.5
    desk.program.posterior.zoom()
    desk.rest()
    camera = desk.session.scene.camera
    assert np.abs(np.array([camera.x, camera.y]) - (5.5, -3.5)).max() <= 0.5


def test_a_table_has_nothing_to_ask(new_desk: type[Desk], tmp_path: Path, file: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("z0,z1\n" + "\n".join(f"{n},{n * n % 7}" for n in range(9)))
    desk = new_desk()
    desk.program.start(table)
    desk.wait(lambda: desk.session.slot is not None and desk.session.slot.table is not None)
    drop(desk, file)
    desk.wait(lambda: "Only a model" in desk.notice)
    assert is_sentence(desk.notice)
