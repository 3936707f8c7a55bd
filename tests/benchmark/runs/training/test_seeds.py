"""Random streams: independent, keyed by name and place."""

import numpy as np
import pytest
import torch

from benchmark.runs.training.seeds import STREAMS, generator, stream_seed


def test_streams_differ_by_seed_name_and_place():
    seeds = {
        stream_seed(s, name, *place) for s in range(3) for name in STREAMS for place in ((), (0,), (0, 0), (0, 1), (1, 0))
    }
    assert len(seeds) == 3 * len(STREAMS) * 5
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_value_is_numpys_spawn_key_derivation():
    """By hand: the key is the first four bytes of SHA-256("order"), read big-endian."""
    import hashlib

    key = int(hashlib.sha256(b"order").hexdigest()[:8], 16)
    state = np.random.SeedSequence(7, spawn_key=(key, 3)).generate_state(1, np.uint64)
    assert stream_seed(7, "order", 3) == int(state[0]) // 2


def test_unknown_stream():
    names = "initialisation, order, augmentation, dropout"
    with pytest.raises(KeyError, match=f"no random stream 'weather'; there are {names}"):
        stream_seed(0, "weather")


def test_generator_repeats():
    draws = [torch.rand(4, generator=generator("cpu", 1, "augmentation", 2, 5)) for _ in range(2)]
    assert torch.equal(*draws)
