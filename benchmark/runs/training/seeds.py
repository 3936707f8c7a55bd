"""Independent random streams of one run seed, keyed by name and place.

`docs/protocol.md` says what each stream controls. A stream's value depends on the run seed, the stream's name and a
counter (epoch, step) alone, so that a resumed run draws what an uninterrupted one would have drawn, and adding a
stream shifts no other.
"""

import hashlib

import numpy as np
import torch

STREAMS = ("initialisation", "order", "augmentation", "dropout")


def stream_seed(seed: int, name: str, *counter: int) -> int:
    """63-bit seed of stream `name` of run `seed` at `counter`, through numpy.random.SeedSequence's spawn key.

    Raises:
        KeyError: `name` is not one of `STREAMS`.
    """
    if name not in STREAMS:
        raise KeyError(f"no random stream '{name}'; there are {', '.join(STREAMS)}")
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    state = np.random.SeedSequence(seed, spawn_key=(key, *counter)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator(device: torch.device | str, seed: int, name: str, *counter: int) -> torch.Generator:
    """A torch.Generator on `device` at the start of a stream."""
    return torch.Generator(device=device).manual_seed(stream_seed(seed, name, *counter))
