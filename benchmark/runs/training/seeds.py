"""Independent random streams from the seed of a run, each with a name and a counter.

`docs/protocol.md` says what each stream controls. A stream depends only on the run's seed, the stream's name and a counter
(epoch, step). So a resumed run draws the same numbers as an uninterrupted one, and a new stream does not change the others.
"""

import hashlib

import numpy as np
import torch

STREAMS = ("initialisation", "order", "augmentation", "dropout")


def stream_seed(seed: int, name: str, *counter: int) -> int:
    """The 63-bit seed of the stream `name` at `counter`, for a run with seed `seed`. Name and counter are the spawn key of a
    numpy.random.SeedSequence.

    Raises:
        KeyError: `name` is not one of `STREAMS`.
    """
    if name not in STREAMS:
        raise KeyError(f"no random stream '{name}'; there are {', '.join(STREAMS)}")
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    state = np.random.SeedSequence(seed, spawn_key=(key, *counter)).generate_state(1, np.uint64)
    return int(state[0] >> np.uint64(1))


def generator(device: torch.device | str, seed: int, name: str, *counter: int) -> torch.Generator:
    """A torch.Generator on `device`, seeded with `stream_seed`."""
    return torch.Generator(device=device).manual_seed(stream_seed(seed, name, *counter))
