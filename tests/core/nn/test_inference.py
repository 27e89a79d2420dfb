"""Encode and decode: shapes, types, borders between batches, rounding, nothing at all."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from latent_explorer.core.nn import inference
from latent_explorer.core.nn.handles import forget, has, module_of, publish, state_of, weights_of
from latent_explorer.core.nn.inference import codes_of, decode, decode_bytes, encode, grey_tensor
from latent_explorer.core.types import ModelHandle
from tests.core.nn.small import architecture, module_for, numpy_encode, numpy_logits, same_bits, toy

COLOUR = toy(10, 5, (3, 4, 3))


@pytest.mark.parametrize("dataset", [toy(), COLOUR], ids=["grey", "colour"])
def test_shapes_and_types(dataset: object) -> None:
    assert isinstance(dataset, type(COLOUR))
    _, handle = module_for(architecture(dataset, 3))
    mu, log_var = encode(handle, dataset.images)
    assert mu.dtype == log_var.dtype == np.float32
    assert mu.shape == log_var.shape == (len(dataset.images), 3)
    images = decode(handle, mu)
    assert images.dtype == np.float32
    assert images.shape == dataset.images.shape
    assert images.min() >= 0
    assert images.max() <= 1
    shown = decode_bytes(handle, mu)
    assert shown.dtype == np.uint8
    assert shown.shape == dataset.images.shape


def test_encode_and_decode_are_the_networks_with_channels_last() -> None:
    module, handle = module_for(architecture(COLOUR))
    mu, log_var = encode(handle, COLOUR.images)
    own_mu, own_log_var = numpy_encode(module, COLOUR.images.reshape(15, -1) / 255)
    np.testing.assert_allclose(mu, own_mu, atol=1e-6)
    np.testing.assert_allclose(log_var, own_log_var, atol=1e-6)
    own = 1 / (1 + np.exp(-numpy_logits(module, mu.astype(float))))
    np.testing.assert_allclose(decode(handle, mu), own.reshape(15, 3, 4, 3), atol=1e-6)


def test_nothing_in_nothing_out() -> None:
    _, handle = module_for(architecture(COLOUR))
    mu, log_var = encode(handle, COLOUR.images[:0])
    assert mu.shape == log_var.shape == (0, 2)
    assert mu.dtype == np.float32
    assert decode(handle, np.zeros((0, 2))).shape == (0, 3, 4, 3)
    assert decode_bytes(handle, np.zeros((0, 2))).shape == (0, 3, 4, 3)
    codes = codes_of(handle, COLOUR, np.zeros(0, np.int64))
    assert codes.z.shape == (0, 2)
    assert codes.columns["log_var"].shape == (0, 2)


@pytest.mark.parametrize("batch", [1, 4, 5, 14, 15, 16])
def test_borders_between_batches_leave_no_trace(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    _, handle = module_for(architecture(COLOUR))
    whole = encode(handle, COLOUR.images)
    pictures = decode(handle, whole[0])
    monkeypatch.setattr(inference, "BATCH", batch)
    parts = encode(handle, COLOUR.images)
    np.testing.assert_allclose(parts[0], whole[0], atol=1e-6)
    np.testing.assert_allclose(parts[1], whole[1], atol=1e-6)
    np.testing.assert_allclose(decode(handle, whole[0]), pictures, atol=1e-6)


def test_one_point_may_come_without_its_axis_and_in_any_float() -> None:
    _, handle = module_for(architecture(COLOUR))
    point = np.array([0.25, -1.5])
    expected = decode(handle, point[None])
    point.setflags(write=False)
    np.testing.assert_array_equal(decode(handle, point), expected)
    np.testing.assert_array_equal(decode(handle, point.astype(np.float16)), expected)
    np.testing.assert_array_equal(decode(handle, np.array([[9, 0.25, 9, -1.5]])[:, 1::2]), expected)


def test_images_need_not_be_contiguous_or_writable() -> None:
    _, handle = module_for(architecture(COLOUR))
    mirrored = COLOUR.images[:, :, ::-1]
    np.testing.assert_array_equal(encode(handle, mirrored)[0], encode(handle, mirrored.copy())[0])


def test_bytes_become_a_part_of_one() -> None:
    x = grey_tensor(np.array([0, 51, 255], np.uint8).reshape(3, 1, 1, 1))
    np.testing.assert_allclose(x, [[0], [0.2], [1]], atol=1e-7)


def test_floats_are_parts_of_one_already() -> None:
    floats = np.array([0, 0.2, 1], np.float32).reshape(3, 1, 1, 1)
    floats.setflags(write=False)
    x = grey_tensor(floats)
    np.testing.assert_array_equal(x, floats.reshape(3, 1))
    _, handle = module_for(architecture(COLOUR))
    for found, wanted in zip(encode(handle, COLOUR.images.astype(np.float32) / 255), encode(handle, COLOUR.images), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_bytes_are_rounded_to_the_nearest_level() -> None:
    """Cut off instead of rounded, pictures would be half a level too dark."""
    dataset = toy(1, 1, (1, 8, 1))
    module, handle = module_for(architecture(dataset))
    levels = np.array([0.4, 0.6, 1.4, 99.6, 127.4, 127.6, 253.4, 254.6])
    last = module.decoder.layers[-1]
    assert isinstance(last, nn.Linear)
    last.weight.zero_()
    last.bias.copy_(torch.logit(torch.from_numpy(levels / 255)))
    assert decode_bytes(handle, np.zeros(2)).ravel().tolist() == [0, 1, 1, 100, 127, 128, 253, 255]
    last.bias.copy_(torch.tensor([-1e4, 1e4] * 4))
    assert decode_bytes(handle, np.zeros(2)).ravel().tolist() == [0, 255] * 4


def test_encoding_leaves_no_gradients_and_keeps_the_mode() -> None:
    module, handle = module_for(architecture(COLOUR))
    module.train()
    encode(handle, COLOUR.images)
    decode(handle, np.zeros((3, 2)))
    assert module.training
    module.eval()
    encode(handle, COLOUR.images)
    assert not module.training


# --- handles -------------------------------------------------------------------------------------------------------------------


def test_a_handle_finds_its_module_until_it_is_forgotten() -> None:
    module, handle = module_for(architecture(COLOUR), seed=77)
    same = ModelHandle(handle.id, handle.architecture, "another hash")
    assert has(handle)
    assert module_of(same) is module
    assert dict(state_of(handle)) == {}
    forget(handle)
    forget(handle)
    assert not has(handle)
    for ask in (module_of, weights_of, state_of):
        with pytest.raises(KeyError):
            ask(handle)
    with pytest.raises(KeyError):
        decode(handle, np.zeros(2))


def test_publishing_again_replaces_module_and_state() -> None:
    module, handle = module_for(architecture(COLOUR))
    other, _ = module_for(architecture(COLOUR), seed=1)
    state = {"optim.step": np.zeros(1)}
    publish(handle, other, state)
    state["optim.more"] = np.zeros(1)
    assert module_of(handle) is other
    assert list(state_of(handle)) == ["optim.step"]
    publish(handle, module)
    assert not state_of(handle)


def test_weights_are_float32_arrays_by_name() -> None:
    module, handle = module_for(architecture(COLOUR))
    table = weights_of(handle)
    assert same_bits(table, {name: tensor.numpy() for name, tensor in module.state_dict().items()})
    assert {array.dtype for array in table.values()} == {np.dtype(np.float32)}
