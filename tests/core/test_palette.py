"""Ten class colours that stay tellable: distances in OKLab, seen normally and with three colour deficiencies, and contrasts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from latent_explorer.core.palette import CLASS_COLOURS, NO_LABEL, apply_grey_map, class_colour, class_table, rgb, value_table

Doubles = NDArray[np.float64]

# Severity 1.0 (Machado, Oliveira and Fernandes 2009, table 1), on linear RGB.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# OKLab (Ottosson 2020): linear sRGB to cone responses, their cube roots to lightness and two opponents.
TO_CONES = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]


def linear(colours: object) -> Doubles:
    part = np.asarray(colours, float) / 255
    found: Doubles = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return found


def oklab(light: Doubles) -> Doubles:
    found: Doubles = np.cbrt(light @ np.array(TO_CONES).T) @ np.array(TO_LAB).T
    return found


def closest(light: Doubles) -> float:
    lab = oklab(light)
    return float(min(np.linalg.norm(lab[i] - lab[j]) for i in range(len(lab)) for j in range(i)))


def contrast(one: Doubles, two: Doubles) -> Doubles:
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05)."""
    a, b = (light @ np.array([0.2126, 0.7152, 0.0722]) + 0.05 for light in (one, two))
    found: Doubles = np.maximum(a, b) / np.minimum(a, b)
    return found


TEN = np.array([rgb(colour) for colour in CLASS_COLOURS])


def test_the_measure_is_oklab() -> None:
    """White and black lie one apart, and greys have no hue."""
    lab = oklab(linear([[255, 255, 255], [0, 0, 0], [128, 128, 128]]))
    np.testing.assert_allclose(lab[0], [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(lab[1], 0, atol=1e-9)
    np.testing.assert_allclose(lab[2, 1:], 0, atol=1e-4)


def test_any_two_of_ten_are_apart() -> None:
    assert closest(linear(TEN)) >= 0.19


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_any_two_of_ten_are_apart_without_one_kind_of_cone(deficiency: str) -> None:
    seen = np.clip(linear(TEN) @ np.array(DEFICIENCIES[deficiency]).T, 0, 1)
    assert closest(seen) >= 0.098


@pytest.mark.parametrize(("ground", "least"), [((0x0F, 0x12, 0x16), 3.2), ((255, 255, 255), 2.1)], ids=["dark", "white"])
def test_all_are_seen_on_the_ground(ground: tuple[int, int, int], least: float) -> None:
    assert contrast(linear(TEN), linear(ground)).min() >= least


def test_none_of_ten_is_nearly_grey() -> None:
    assert np.linalg.norm(oklab(linear(TEN))[:, 1:], axis=1).min() >= 0.08


def test_no_label_is_a_grey_unlike_the_ten() -> None:
    light = linear(rgb(NO_LABEL))
    assert np.linalg.norm(oklab(light)[1:]) < 0.03
    assert np.linalg.norm(oklab(linear(TEN)) - oklab(light), axis=1).min() > 0.12
    for ground in ((0x0F, 0x12, 0x16), (255, 255, 255)):
        assert contrast(light, linear(ground)) > 3


def test_more_than_ten_classes_have_colours_of_their_own() -> None:
    colours = [class_colour(k) for k in range(300)]
    assert colours[:10] == list(CLASS_COLOURS)
    assert len(set(colours)) == 300
    assert NO_LABEL not in colours
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
    consecutive = oklab(linear([rgb(colour) for colour in colours[10:]]))
    assert np.linalg.norm(np.diff(consecutive, axis=0), axis=1).min() > 0.1
    for ground in ((0x0F, 0x12, 0x16), (255, 255, 255)):
        assert contrast(linear([rgb(colour) for colour in colours]), linear(ground)).min() >= 2.1


def test_minus_one_has_no_label() -> None:
    assert class_colour(-1) == class_colour(-7) == NO_LABEL
    table = class_table(3)
    assert table.dtype == np.uint8
    assert table.shape == (4, 3)
    picked = table[np.array([0, 2, -1])]
    assert picked.tolist() == [list(rgb(CLASS_COLOURS[0])), list(rgb(CLASS_COLOURS[2])), list(rgb(NO_LABEL))]
    assert class_table(0).tolist() == [list(rgb(NO_LABEL))]


def test_hexadecimal_to_bytes() -> None:
    assert rgb("#0f12ff") == (15, 18, 255)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1)])
def test_grey_maps(shape: tuple[int, ...]) -> None:
    grey = np.array([0, 51, 102, 153, 204, 255], np.uint8)
    image = grey.reshape(shape)
    for name, first, last in (("grey", [0] * 3, [255] * 3), ("inverted", [255] * 3, [0] * 3), ("ink", [250, 245, 232], [24, 32, 72])):
        mapped = apply_grey_map(image, name)
        assert mapped.dtype == np.uint8
        assert mapped.shape == (2, 3, 3)
        assert mapped[0, 0].tolist() == first
        assert mapped[1, 2].tolist() == last
    assert apply_grey_map(image, "grey")[..., 1].ravel().tolist() == grey.tolist()
    assert apply_grey_map(image, "inverted")[..., 2].ravel().tolist() == (255 - grey).tolist()
    darkness = apply_grey_map(image, "ink").astype(int).sum(2).ravel()
    assert (np.diff(darkness) < 0).all()
    assert image.ravel().tolist() == grey.tolist()


# --- continuous values -------------------------------------------------------------------------------------------------------

VALUES = value_table(256)


def test_equal_steps_of_a_value_look_equally_far_apart() -> None:
    """Except for what whole bytes cannot tell."""
    lab = oklab(linear(VALUES[::15]))
    way = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert way.max() / way.min() < 1.15
    assert way.sum() > 0.6


@pytest.mark.parametrize("deficiency", [None, *DEFICIENCIES])
def test_greater_values_are_lighter_for_every_eye(deficiency: str | None) -> None:
    light = linear(VALUES)
    seen = light if deficiency is None else np.clip(light @ np.array(DEFICIENCIES[deficiency]).T, 0, 1)
    lab = oklab(seen)
    assert (np.diff(lab[::8, 0]) > 0).all()
    assert np.linalg.norm(lab[-1] - lab[0]) > 0.35
    assert np.linalg.norm(lab[:1] - lab[64:], axis=1).min() > 0.08


@pytest.mark.parametrize(("ground", "least"), [((0x0F, 0x12, 0x16), 2.5), ((255, 255, 255), 1.4)], ids=["dark", "white"])
def test_all_values_are_seen_on_the_ground(ground: tuple[int, int, int], least: float) -> None:
    assert contrast(linear(VALUES), linear(ground)).min() >= least


def test_no_value_is_taken_for_a_missing_one() -> None:
    assert np.linalg.norm(oklab(linear(VALUES)) - oklab(linear(rgb(NO_LABEL))), axis=1).min() > 0.08


@pytest.mark.parametrize("count", [2, 3, 256])
def test_the_ends_of_the_scale_do_not_depend_on_its_length(count: int) -> None:
    table = value_table(count)
    assert table.shape == (count, 3)
    np.testing.assert_array_equal(table[[0, -1]], VALUES[[0, -1]])
