"""The cache keeps within its budget, forgets the longest unasked first, and counts right."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from latent_explorer.core.cache import OVERHEAD, Cache

ONE = 100 + OVERHEAD


def array(value: int, size: int = 100) -> np.ndarray:
    return np.full(size, value, np.uint8)


def test_what_was_put_in_is_found() -> None:
    cache = Cache()
    kept = array(1)
    cache.put(("model", 1.0, 2.0), kept)
    assert cache.find([("model", 1.0, 2.0), ("model", 2.0, 1.0)]) == [kept, None]
    assert (len(cache), cache.size) == (1, ONE)


def test_beyond_the_budget_the_longest_unasked_goes_first() -> None:
    cache = Cache(3 * ONE)
    for key in "abc":
        cache.put(key, array(0))
    cache.find(["a"])
    cache.put("d", array(0))
    assert [found is not None for found in cache.find(list("abcd"))] == [True, False, True, True]
    cache.put("e", array(0, 100 + ONE))  # takes the room of two
    assert [found is not None for found in cache.find(list("acde"))] == [False, False, True, True]
    assert cache.size == 3 * ONE


def test_one_that_is_larger_than_the_budget_is_not_kept_and_takes_no_others_room() -> None:
    cache = Cache(2 * ONE)
    cache.put("a", array(1))
    cache.put("b", array(0, 3 * ONE))
    assert [found is not None for found in cache.find(["a", "b"])] == [True, False]


def test_the_same_key_again_takes_the_place_of_the_one_before() -> None:
    cache = Cache()
    for value in (1, 2):
        cache.put("a", array(value))
    (found,) = cache.find(["a"])
    assert found is not None and found[0] == 2
    assert (len(cache), cache.size) == (1, ONE)


def test_dropping_makes_room_and_forgives_what_is_not_there() -> None:
    cache = Cache()
    for key in "ab":
        cache.put(key, array(0))
    cache.drop(["a", "never"])
    assert cache.find(["a"]) == [None]
    assert (len(cache), cache.size) == (1, ONE)


def test_a_view_is_refused_since_it_keeps_more_than_it_says() -> None:
    with pytest.raises(ValueError):
        Cache().put("a", array(0)[:10])


def test_threads_do_not_spoil_the_count() -> None:
    cache = Cache(20 * ONE)

    def work(seed: int) -> None:
        generator = np.random.default_rng(seed)
        for key in generator.integers(0, 40, 2000).tolist():
            cache.put(key, array(1))
            cache.find([key, key + 1])
            cache.drop([key + 2])

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.size == len(cache) * ONE <= 20 * ONE
