"""The mosaic's pictures: decoded coarse to fine, each once, kept where they belong, and never mixed between models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from latent_explorer.core.cache import Cache
from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import Cancelled
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import forget, module_of, publish
from latent_explorer.core.nn.inference import decode_bytes
from latent_explorer.core.plane.frame import PlaneFrame
from latent_explorer.core.plane.sheet import Sheet
from latent_explorer.core.plane.tiles import Lattice, lattice_for
from latent_explorer.core.types import ModelHandle, Slot
from latent_explorer.workers import mosaic
from latent_explorer.workers.mosaic import MosaicAnswer, MosaicWish, Tiles

SIDE = 20  # pixels of a picture's longer side: large enough to fill its cell
WINDOW = (-1.3, -0.9, 2.6, 1.8)


def new_handle(name: str, *, channels: int = 1, latent_dim: int = 2, seed: int = 3, content_hash: str = "") -> ModelHandle:
    """Untrained networks; enlarged weights, so that every place has a picture of its own."""
    config = ModelConfig((SIDE, 12, channels), latent_dim=latent_dim, hidden=(5,))
    handle = ModelHandle(name, config, content_hash)
    publish(handle, module(config, seed))
    return handle


def module(config: ModelConfig, seed: int) -> VAE:
    made = build(config, seed)
    for weight in made.parameters():
        weight.data *= 4
    return made.eval().requires_grad_(False)


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def handle(request: pytest.FixtureRequest) -> Iterator[ModelHandle]:
    made = new_handle("test", channels=request.param, content_hash="abc")
    yield made
    forget(made)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """All batches of z that are decoded from now on."""
    found: list[np.ndarray] = []
    real = mosaic.decoder_of

    def watched(*model: Any) -> Callable[[np.ndarray], np.ndarray]:
        decode = real(*model)

        def decode_and_note(z: np.ndarray) -> np.ndarray:
            found.append(z)
            return decode(z)

        return decode_and_note

    monkeypatch.setattr(mosaic, "decoder_of", watched)
    return found


def wish_for(handle: ModelHandle, window: tuple[float, float, float, float] = WINDOW, **changes: object) -> MosaicWish:
    slot = replace(Slot(1, 7, PlaneFrame.identity(), {}, handle, ready=True), **changes)  # type: ignore[arg-type]
    return MosaicWish(slot, lattice_for(window, 14, 12 / SIDE))


def last(tiles: Tiles, wish: MosaicWish) -> MosaicAnswer:
    """The complete answer."""
    answer = [answer for answer in tiles.answers(wish) if answer is not None][-1]
    assert answer.complete and answer.wish is wish
    return answer


def cells(sheet: Sheet, lattice: Lattice) -> np.ndarray:
    """(rows, columns, H, W, C) of a sheet."""
    words = sheet.words.reshape(lattice.rows, -1, lattice.columns, sheet.words.shape[1] // lattice.columns).swapaxes(1, 2)
    parts = [words & 255] if sheet.grey else [words >> shift & 255 for shift in (16, 8, 0)]
    return np.stack(parts, axis=-1).astype(int)


def check(answer: MosaicAnswer) -> None:
    """Every cell, margin included, is what the core decodes at its centre."""
    wide = answer.wish.lattice.widened(mosaic.MARGIN)
    slot = answer.wish.slot
    assert answer.sheet is not None and slot.handle is not None
    assert answer.sheet.rectangle == wide.rectangle
    wanted = decode_bytes(slot.handle, slot.frame.to_z(wide.centres()))
    found = cells(answer.sheet, wide).reshape(wanted.shape)
    np.testing.assert_allclose(found, wanted.astype(int), atol=1)
    assert len({picture.tobytes() for picture in found}) == len(found)


def test_every_cell_is_the_decoders_picture_of_its_centre(handle: ModelHandle) -> None:
    check(last(Tiles(), wish_for(handle)))


def test_pieces_and_answers_go_from_coarse_to_fine_and_nothing_is_decoded_twice(
    handle: ModelHandle, decoded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosaic, "LARGEST", 8)
    monkeypatch.setattr(mosaic, "FIRST", 8)
    wish = wish_for(handle)
    answers = list(Tiles().answers(wish))
    assert max(map(len, decoded)) <= 8
    assert len(answers) >= len(decoded)  # others may take their turn after every piece
    order = np.concatenate(decoded)
    assert len(np.unique(order, axis=0)) == len(order)
    step = np.array([wish.lattice.step_x, wish.lattice.step_y], np.float32)
    numbers = np.rint(order / step).astype(int)
    stage = np.where((numbers % 4 == 0).all(axis=1), 0, np.where((numbers % 2 == 0).all(axis=1), 1, 2))
    stage[(stage == 2) & ~wish.lattice.covers(order.astype(float))] = 3
    assert (np.diff(stage) >= 0).all()
    first = next(answer for answer in answers if answer is not None)
    assert first.sheet is not None and not first.complete
    assert first.sheet.rectangle == wish.lattice.widened(1).coarser(4).rectangle or (first.sheet.words != 0).any()


def test_the_first_answer_covers_the_window_with_a_sixteenth_of_the_pictures(
    handle: ModelHandle, decoded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosaic, "SHOW", 3600.0)
    wish = wish_for(handle, (-2.6, -1.8, 5.2, 3.6))
    first = next(answer for answer in Tiles().answers(wish) if answer is not None)
    assert first.sheet is not None
    coarse = wish.lattice.coarser(4)
    assert sum(map(len, decoded)) == len(coarse.centres())
    drawn = cells(first.sheet, wish.lattice.widened(1).coarser(4) if first.sheet.rectangle != wish.lattice.widened(1).rectangle
                  else wish.lattice.widened(1))[1:-1, 1:-1]  # fmt: skip
    assert (drawn.max(axis=(2, 3, 4)) > 0).all()


def test_panning_and_zooming_use_again_what_is_there(handle: ModelHandle, decoded: list[np.ndarray]) -> None:
    tiles = Tiles()
    left, bottom, width, height = WINDOW
    last(tiles, wish_for(handle))
    first = sum(map(len, decoded))
    decoded.clear()
    check(last(tiles, wish_for(handle, (left + width / 4, bottom, width, height))))
    assert 0 < sum(map(len, decoded)) < 0.45 * first
    decoded.clear()
    check(last(tiles, wish_for(handle)))  # and back
    assert decoded == []
    check(last(tiles, wish_for(handle, (left + width / 4, bottom + height / 4, width / 2, height / 2))))
    assert 0 < sum(map(len, decoded)) < 0.8 * first  # every fourth was there
    decoded.clear()
    check(last(tiles, wish_for(handle)))
    assert decoded == []


def test_what_was_decoded_before_another_wish_came_is_kept(
    handle: ModelHandle, decoded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mosaic, "LARGEST", 8)
    tiles, answers = Tiles(), None
    answers = tiles.answers(wish_for(handle))
    while sum(map(len, decoded)) < 60:
        next(answers)
    del answers
    check(last(tiles, wish_for(handle)))
    order = np.concatenate(decoded)
    assert len(np.unique(order, axis=0)) == len(order)


def test_all_of_a_pass_is_by_the_weights_it_began_with(decoded: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosaic, "LARGEST", 8)
    handle = new_handle("in training")
    wanted = last(Tiles(), wish_for(handle)).sheet
    before = module_of(handle)
    answers = Tiles().answers(wish_for(handle))
    decoded.clear()
    while not decoded:
        next(answers)
    publish(handle, module(handle.architecture, 77))
    found = [answer for answer in answers if answer is not None][-1].sheet
    assert wanted is not None and found is not None
    assert np.abs(cells(found, wish_for(handle).lattice.widened(1)) - cells(wanted, wish_for(handle).lattice.widened(1))).max() <= 1
    publish(handle, before)
    forget(handle)
    with pytest.raises(Cancelled):  # nobody waits for pictures of a model that is gone
        last(Tiles(), wish_for(handle))


def test_older_weights_are_shown_until_newer_pictures_are_there_and_then_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mosaic, "LARGEST", 8)
    monkeypatch.setattr(mosaic, "SHOW", -1.0)  # an answer after every piece
    handle, cache = new_handle("in training"), Cache()
    tiles = Tiles(cache)
    wide = wish_for(handle).lattice.widened(1)
    old = cells(last(tiles, wish_for(handle)).sheet, wide)  # type: ignore[arg-type]
    size = cache.size
    publish(handle, module(handle.architecture, 77))
    shares = []
    for answer in tiles.answers(wish_for(handle, revision=1)):
        if answer is not None and not answer.complete:
            assert answer.sheet is not None
            found = cells(answer.sheet, wide)
            new = decode_bytes(handle, wide.centres()).reshape(found.shape).astype(int)
            is_old, is_new = ((np.abs(found - those).max(axis=(2, 3, 4)) <= 1) for those in (old, new))
            assert (is_old | is_new).all()
            shares.append(is_new.mean())
    assert shares == sorted(shares) and 0 < shares[0] < 0.5 < shares[-1]
    check(last(tiles, wish_for(handle, revision=1)))
    assert cache.size == size  # of the older weights nothing is kept
    forget(handle)


def test_another_models_pictures_are_not_shown_and_a_finished_ones_are_kept(decoded: list[np.ndarray]) -> None:
    one, two, tiles = new_handle("one", content_hash="1"), new_handle("two", seed=8, content_hash="2"), Tiles()
    last(tiles, wish_for(one))
    first = next(answer for answer in tiles.answers(wish_for(two, generation=8)) if answer is not None)
    assert first.sheet is not None
    lattice = wish_for(two).lattice
    assert not first.complete
    check(last(tiles, wish_for(two, generation=8)))
    decoded.clear()
    check(last(tiles, wish_for(one, generation=9)))
    assert decoded == []
    assert lattice == wish_for(one).lattice
    for handle in (one, two):
        forget(handle)


def test_a_budget_that_is_too_small_still_ends(handle: ModelHandle) -> None:
    answer = last(Tiles(Cache(40_000)), wish_for(handle))
    assert answer.sheet is not None


def test_on_a_slice_the_pictures_are_those_of_its_plane(decoded: list[np.ndarray]) -> None:
    handle, tiles = new_handle("five", latent_dim=5, content_hash="5"), Tiles()
    for third in (0.5, -1.0):
        check(last(tiles, wish_for(handle, frame=PlaneFrame.axes(3, 1, [9.0, 9.0, third, 9.0, 0.2]))))
    decoded.clear()
    last(tiles, wish_for(handle, frame=PlaneFrame.axes(3, 1, [9.0, 9.0, 0.5, 9.0, 0.2])))
    assert decoded == []
    forget(handle)


def test_of_one_latent_dimension_a_column_is_decoded_once(decoded: list[np.ndarray]) -> None:
    handle, tiles = new_handle("line", latent_dim=1, content_hash="l"), Tiles()
    answer = last(tiles, wish_for(handle, frame=PlaneFrame.line()))
    wide = answer.wish.lattice.widened(1)
    assert sum(map(len, decoded)) <= wide.columns + 8
    assert answer.sheet is not None
    found = cells(answer.sheet, wide)
    assert (found == found[:1]).all()
    wanted = decode_bytes(handle, wide.x[:, None])
    np.testing.assert_allclose(found[0], wanted.astype(int), atol=1)
    forget(handle)


def test_in_uniform_coordinates_only_the_unit_square_has_pictures(handle: ModelHandle) -> None:
    frame = PlaneFrame.identity().shown_as("phi")
    answer = last(Tiles(), wish_for(handle, (-0.3, -0.3, 1.6, 1.6), frame=frame))
    wide = answer.wish.lattice.widened(1)
    assert answer.sheet is not None
    words = answer.sheet.words.reshape(wide.rows, SIDE, wide.columns, 12).swapaxes(1, 2)
    inside = frame.contains(wide.centres()).reshape(wide.rows, wide.columns)
    assert (words[~inside] == 0).all()
    assert 50 < inside.sum() < inside.size
    assert handle.content_hash
    wanted = decode_bytes(handle, frame.to_z(wide.centres()[inside.ravel()]))
    np.testing.assert_allclose(cells(answer.sheet, wide)[inside], wanted.astype(int), atol=1)


def test_large_pictures_are_shrunk_to_what_is_drawn(handle: ModelHandle) -> None:
    wish = replace(wish_for(handle), reduction=4)
    answer = last(Tiles(), wish)
    wide = wish.lattice.widened(1)
    assert answer.sheet is not None
    # 5 x 3 pixels, which is a tiny picture: an empty one around it
    assert answer.sheet.words.shape == (wide.rows * 7, wide.columns * 5)
    found = cells(answer.sheet, wide)[:, :, 1:-1, 1:-1].reshape(-1, 5, 3, handle.architecture.image_shape[2])
    whole = decode_bytes(handle, wide.centres()).astype(float)
    wanted = whole.reshape(len(whole), 5, 4, 3, 4, -1).mean(axis=(2, 4))
    np.testing.assert_allclose(found, wanted, atol=1.5)
