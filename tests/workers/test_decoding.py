"""What the probe's lane computes, held against the core."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from latent_explorer.core.config import ModelConfig
from latent_explorer.core.errors import Cancelled
from latent_explorer.core.nn import inference
from latent_explorer.core.nn.families.registry import build
from latent_explorer.core.nn.families.vae import VAE
from latent_explorer.core.nn.handles import forget, publish
from latent_explorer.core.nn.inference import decode_bytes
from latent_explorer.core.plane.neighbours import Neighbours
from latent_explorer.core.types import Codes, DecodeRequest, ImageDataset, ModelHandle, Split
from latent_explorer.workers import decoding
from latent_explorer.workers.decoding import Lookout, decode, probe

SHAPE = (6, 4, 1)


@pytest.fixture(params=[1, 3], ids=["grey", "colour"])
def handle(request: pytest.FixtureRequest) -> Iterator[ModelHandle]:
    """Untrained networks; enlarged weights, so that every place has a picture of its own."""
    config = ModelConfig((6, 4, request.param), hidden=(5,))
    module = build(config, 3)
    for weight in module.parameters():
        weight.data *= 4
    handle = ModelHandle(f"test {request.param}", config)
    publish(handle, module.eval().requires_grad_(False))
    yield handle
    forget(handle)


def request_for(handle: ModelHandle, z: np.ndarray) -> DecodeRequest:
    return DecodeRequest(1, 7, handle, np.asarray(z, np.float32))


Z = np.array([[0.0, 0.0], [1.5, -2.0], [-3.0, 0.25]], np.float32)


def test_decode_gives_the_cores_picture_for_each_point(handle: ModelHandle) -> None:
    result = decode(request_for(handle, Z))
    assert result.images.dtype == np.uint8
    np.testing.assert_array_equal(result.images, decode_bytes(handle, Z))
    assert len({image.tobytes() for image in result.images}) == 3
    assert result.request.generation == 7
    assert result.milliseconds >= 0


def test_of_larger_images_fewer_are_decoded_at_once(handle: ModelHandle, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = VAE.mean_image

    def watched(module: VAE, z: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        sizes.append(len(z))
        return real(module, z, labels)

    monkeypatch.setattr(VAE, "mean_image", watched)
    monkeypatch.setattr(inference, "NUMBERS", 2 * handle.architecture.widest)
    assert len(decode(request_for(handle, Z)).images) == 3
    assert sizes == [2, 1]


def test_an_answer_that_nobody_waits_for_is_cancelled(handle: ModelHandle) -> None:
    forget(handle)
    with pytest.raises(Cancelled):
        decode(request_for(handle, Z))


def some_codes(seed: int, count: int = 400) -> Codes:
    generator = np.random.default_rng(seed)
    z = generator.standard_normal((count, 2)).astype(np.float32)
    return Codes("mean", z, np.arange(count), generator.integers(0, 3, count))


def test_the_probe_answers_with_the_picture_of_its_place(handle: ModelHandle) -> None:
    point = np.array([0.1, -0.2], np.float32)
    answer = probe(point, 9, request_for(handle, point[None]))
    assert answer.generation == 9
    assert answer.result is not None
    np.testing.assert_array_equal(answer.result.images, decode_bytes(handle, point[None]))
    assert probe(point, 9, None).result is None
    forget(handle)
    with pytest.raises(Cancelled):
        probe(point, 1, request_for(handle, point[None]))


def test_the_lookout_says_what_lies_around() -> None:
    lookout, point = Lookout(), np.array([0.1, -0.2], np.float32)
    for generation, seed in ((9, 1), (9, 1), (10, 2)):  # codes that were seen are remembered, and those of another model not
        codes = some_codes(seed)
        answer = lookout.around(point, generation, codes)
        distances = np.hypot(*(codes.z.astype(np.float64) - point).T)
        assert answer.generation == generation
        assert answer.codes is codes or seed == 1
        assert answer.around is not None
        assert answer.around.near == (distances <= 0.1).sum()
        assert answer.around.distance == pytest.approx(distances.min())
    without = lookout.around(point, 10, None)
    assert (without.around, without.codes) == (None, None)


@pytest.mark.parametrize("count", [400, 30_000])  # looked through one by one, and by a tree
def test_the_lookout_counts_the_codes_of_the_shown_class_alone(count: int) -> None:
    generator = np.random.default_rng(5)
    z = generator.standard_normal((count, 2)).astype(np.float32)
    labels = generator.integers(-1, 3, count)
    codes, lookout, point = Codes("mean", z, np.arange(count), labels), Lookout(), np.array([0.2, 0.1], np.float32)
    for only in (2, 0, None):  # the same lookout, as a person changes the class
        rows = np.flatnonzero(labels == only) if only is not None else np.arange(count)
        distances = np.hypot(*(z[rows].astype(np.float64) - point).T)
        around = lookout.around(point, 1, codes, only=only).around
        assert around is not None
        assert around.near == (distances <= 0.1).sum()
        assert around.near or count < 1000
        assert around.nearest == tuple(rows[np.argsort(distances)[:6]].tolist())
    nobody = lookout.around(point, 1, codes, only=7).around
    assert nobody is not None and (nobody.near, nobody.nearest) == (0, ())


def test_nothing_is_said_of_very_many_codes_until_they_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "SORTED_HERE", 100)
    lookout, point, codes = Lookout(), np.zeros(2, np.float32), some_codes(1)
    before = lookout.around(point, 1, codes)
    assert (before.around, before.codes) == (None, codes)
    assert "finder" not in vars(codes)
    assert len(codes.finder) == len(codes.z)  # somebody else's work
    after = lookout.around(point, 1, codes).around
    assert after is not None
    assert after.distance == pytest.approx(np.hypot(*codes.z.T).min())


def test_live_codes_are_taken_up_in_a_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the test's own clock taking some up takes a second: until twenty more have passed, the answer is about those before."""
    clock = 100.0
    monkeypatch.setattr(decoding, "time", SimpleNamespace(monotonic=lambda: clock, perf_counter=lambda: clock))
    real, built = decoding.neighbours_of, []

    def build(codes: Codes, *, kind: str = "affine", only: int | None = None) -> Neighbours:
        nonlocal clock
        clock += 1
        built.append(codes)
        return real(codes)

    monkeypatch.setattr(decoding, "neighbours_of", build)
    lookout, point, live = Lookout(), np.zeros(2, np.float32), [some_codes(seed) for seed in range(5)]
    assert lookout.around(point, 1, live[0]).codes is live[0]
    clock += 5
    answer = lookout.around(point, 1, live[1])
    assert answer.codes is live[0]
    assert answer.around is not None
    assert answer.around.distance == pytest.approx(np.hypot(*live[0].z.T).min())
    assert lookout.around(point, 1, live[2]).codes is live[0]
    clock += 16
    assert lookout.around(point, 1, live[2]).codes is live[2]
    assert lookout.around(point, 2, live[3]).codes is live[3]  # of another model: at once
    assert lookout.around(point, 2, None).codes is None
    assert len(built) == 3


def test_with_the_data_set_the_lookout_shows_the_nearest_images(handle: ModelHandle) -> None:
    generator = np.random.default_rng(3)
    images = generator.integers(0, 256, (500, *handle.architecture.image_shape)).astype(np.uint8)
    rows = np.arange(500)
    dataset = ImageDataset("random", images, None, (), Split(rows[:0], rows[:0], rows))
    z = generator.standard_normal((200, 2)).astype(np.float32)
    codes = Codes("mean", z, generator.permutation(500)[:200], np.full(200, -1))
    point = np.array([0.4, 0.1], np.float32)
    answer = Lookout().around(point, 1, codes, dataset)
    nearest = np.argsort(np.hypot(*(z.astype(float) - point).T))[:6]
    assert answer.codes is codes
    assert answer.nearest is not None
    np.testing.assert_array_equal(answer.nearest, images[codes.index[nearest]])
    assert Lookout().around(point, 1, codes).nearest is None
    assert Lookout().around(point, 1, None, dataset).nearest is None
