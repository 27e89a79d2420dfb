"""A picture is given a model's shape: all of it is seen, in proportion, in the middle, and light on dark where that is meant."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from latent_explorer.core.data.fitting import fit, has_light_background, resizing

RNG = np.random.default_rng(5)


def grey(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[..., None], 3, axis=2).astype(np.uint8)


def test_an_image_of_the_model_s_shape_is_left_as_it_is() -> None:
    image = RNG.integers(0, 100, (28, 28), np.uint8)
    image[:, 14] = 200
    assert np.array_equal(fit(grey(image), (28, 28, 1)).image[..., 0], image)
    colour = RNG.integers(0, 256, (9, 12, 3), np.uint8)
    assert np.array_equal(fit(colour, (9, 12, 3)).image, colour)


def test_grey_is_what_is_seen_as_bright() -> None:
    for colour, level in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        found = fit(np.full((8, 8, 3), colour, np.uint8), (8, 8, 1), invert=False)
        assert (found.image == level).all()


@settings(max_examples=40)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40))
def test_all_sizes_fit_in_proportion_and_in_the_middle(height: int, width: int, tall: int, wide: int) -> None:
    picture = np.full((height, width, 3), 40, np.uint8)
    found = fit(picture, (tall, wide, 3)).image
    assert found.shape == (tall, wide, 3) and (found == 40).all()  # the border's median surrounds it


@given(st.integers(1, 60), st.integers(1, 60))
def test_weights_are_means_over_areas(old: int, new: int) -> None:
    weights = resizing(old, new)
    assert weights.shape == (new, old) and (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    if new <= old:  # every old pixel counts alike, so the mean is kept
        np.testing.assert_allclose(weights.sum(axis=0), new / old)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-12)


def test_shrinking_is_as_pillow_s_box() -> None:
    picture = RNG.integers(0, 256, (90, 70, 3), np.uint8)
    expected = np.asarray(Image.fromarray(picture).resize((14, 18), Image.Resampling.BOX)).astype(int)
    assert np.abs(fit(picture, (18, 14, 3)).image.astype(int) - expected).max() <= 2


def test_what_is_left_over_has_the_border_s_median() -> None:
    picture = np.full((10, 20, 3), 90, np.uint8)
    picture[3:7, 5:15] = 250
    picture[0, 0] = 255  # one speck does not count
    found = fit(picture, (20, 20, 3)).image
    assert (found[:5] == 90).all() and (found[15:] == 90).all()
    assert np.array_equal(found[5:15], picture)


def test_dark_on_light_is_inverted_for_grey_models_unless_told_otherwise() -> None:
    drawn = np.full((16, 16), 240)
    drawn[5:11, 6:10] = 20
    found = fit(grey(drawn), (16, 16, 1))
    assert found.inverted and np.array_equal(found.image[..., 0], np.where(drawn == 20, 255, 0))
    kept = fit(grey(drawn), (16, 16, 1), invert=False)
    assert not kept.inverted and np.array_equal(kept.image[..., 0], drawn)
    assert not fit(grey(255 - drawn), (16, 16, 1)).inverted
    back = fit(grey(255 - drawn), (16, 16, 1), invert=True)
    assert back.inverted and np.array_equal(back.image[..., 0], drawn)
    colour = fit(grey(drawn), (16, 16, 3), invert=True)
    assert not colour.inverted and np.array_equal(colour.image, grey(drawn))


def test_paper_becomes_black_ink_white_and_what_lies_between_keeps_its_share() -> None:
    drawn = np.full((16, 16), 220)
    drawn[4:12, 4:12] = 120
    drawn[6:10, 6:10] = 70
    drawn[0, 0] = 255  # a glint is no lighter than paper
    found = fit(grey(drawn), (16, 16, 1)).image[..., 0]
    assert found[0, 0] == found[0, 5] == 0 and found[7, 7] == 255
    assert found[5, 5] == round(255 * (220 - 120) / (220 - 70))


def test_the_space_around_an_inverted_picture_is_inverted_too() -> None:
    drawn = np.full((8, 16), 255)
    drawn[3:5, 4:12] = 0
    assert (fit(grey(drawn), (16, 16, 1)).image[:4] == 0).all()


@pytest.mark.parametrize("level", [0, 100, 128, 255])
def test_an_even_picture_and_a_tiny_one_have_no_background(level: int) -> None:
    assert not has_light_background(np.full((12, 12), float(level)))
    assert not has_light_background(np.array([[255.0, 0.0], [0.0, 255.0]]))


def test_a_dark_border_is_no_light_background() -> None:
    levels = np.full((12, 12), 100.0)
    levels[3:9, 3:9] = 20
    assert not has_light_background(levels)
