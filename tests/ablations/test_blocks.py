"""Blocks of memory that are used again: never by two tensors at once."""

import gc
import threading

import pytest
import torch

from ablations import blocks


@pytest.fixture(autouse=True)
def no_block_yet(monkeypatch):
    monkeypatch.setattr(blocks, "_free", {})
    blocks._returned.clear()


@pytest.mark.parametrize("shape", [(4, 32, 33, 31), (2, 3, 5, 7), (3, 70_000), (200_000,), (2, 1, 300, 400), (1, 0, 4, 4)])
def test_a_tensor_is_like_one_of_torch(shape):
    layout = torch.channels_last if len(shape) == 4 else torch.contiguous_format
    found, expected = blocks.empty(shape), torch.empty(shape, memory_format=layout)
    assert (found.shape, found.stride(), found.dtype) == (expected.shape, expected.stride(), torch.float32)
    assert found.data_ptr() % 64 == 0 or not found.numel()
    assert not found._is_view() and found.untyped_storage().nbytes() >= 4 * found.numel()


def test_a_block_is_used_again_only_after_every_tensor_of_it_has_ended():
    first = blocks.empty((100_000,))
    address, part = first.data_ptr(), first[10:20]
    second = blocks.empty((100_000,))
    assert second.data_ptr() != address
    del first
    third = blocks.empty((100_000,))
    assert third.data_ptr() not in (address, second.data_ptr()), "a view still refers to it"
    del part
    smaller = blocks.empty((60_000,))
    assert smaller.data_ptr() == address, "a block of at most twice the size"
    del smaller
    assert blocks.empty((40_000,)).data_ptr() != address, "more than twice the size is wasteful"
    assert blocks.empty((100_001,)).data_ptr() != address


def test_free_blocks_have_a_limit(monkeypatch):
    monkeypatch.setattr(blocks, "LARGEST_KEPT", 1_000_000)
    tensors = [blocks.empty((100_000,)) for _ in range(5)]
    del tensors
    blocks.empty((500_000,))  # takes in what was returned
    assert sum(size * len(some) for size, some in blocks._free.items()) == 800_000


def test_threads_never_share_a_block():
    """Each fills its own tensors with its number and looks whether it is still there."""
    wrong = []

    def work(number):
        for k in range(200):
            some = [blocks.empty((40_000 + 100 * (k % 7),)).fill_(number) for _ in range(3)]
            wrong.extend(one for one in some if not bool((one == number).all()))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_collector_may_end_a_tensor_at_any_moment():
    """A tensor in a cycle ends when the garbage collector runs, which any allocation can start."""
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for k in range(300):
            cycle = [blocks.empty((40_000 + 5000 * (k % 9),))]
            cycle.append(cycle)
            del cycle
    finally:
        gc.set_threshold(*before)
