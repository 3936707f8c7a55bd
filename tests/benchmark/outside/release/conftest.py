"""A writer of TensorFlow checkpoint indexes after LevelDB's doc/table_format.md, with its own CRC-32C."""

import os
import struct
from types import SimpleNamespace

import pytest


def crc32c(data: bytes) -> int:
    """Bit by bit with the polynomial as the standard prints it: reflect each byte, divide, reflect the rest."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= int(f"{byte:08b}"[::-1], 2) << 24
        for _ in range(8):
            rest = (rest << 1 ^ 0x1EDC6F41) & 0xFFFFFFFF if rest >> 31 else rest << 1
    return int(f"{rest:032b}"[::-1], 2) ^ 0xFFFFFFFF


def masked(checksum: int) -> int:
    bits = f"{checksum:032b}"
    return (int(bits[-15:] + bits[:-15], 2) + 0xA282EAD8) % 2**32


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def block(pairs, every=3) -> bytes:
    """Entries whose names share a prefix with the name before, but for a restart every few entries."""
    out, restarts, last = b"", [], b""
    for number, (key, value) in enumerate(pairs):
        shared = 0 if number % every == 0 else len(os.path.commonprefix([last, key]))
        restarts += [len(out)] if number % every == 0 else []
        out += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        last = key
    restarts = restarts or [0]
    return out + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def sealed(contents: bytes, kind: int = 0) -> bytes:
    """A block with its compression type and checksum."""
    contents += bytes([kind])
    return contents + struct.pack("<I", masked(crc32c(contents)))


def table(blocks, magic=0xDB4775248B80FB57) -> bytes:
    """The file of (last name, sealed block) pairs, each at its place; metaindex, index and footer behind."""
    out, places = b"", []
    for last, each in blocks:
        places.append((last, varint(len(out)) + varint(len(each) - 5)))
        out += each
    footer = b""
    for contents in (block([]), block(places)):
        footer += varint(len(out)) + varint(len(contents))
        out += sealed(contents)
    return out + footer.ljust(40, b"\0") + struct.pack("<Q", magic)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(8 * number + 2) + varint(len(value)) + value
    return varint(8 * number) + varint(value)


def entry(dtype: int, shape, data: bytes | int, offset: int = 0, checksum=crc32c) -> bytes:
    """A tensor of these bytes, or of so many bytes that no test looks at (their checksum is 0)."""
    length, value = (data, 0) if isinstance(data, int) else (len(data), checksum(data))
    dimensions = b"".join(field(2, field(1, size)) for size in shape)
    numbers = field(4, offset) if offset else b""  # protocol buffers leave zeros out
    size = field(5, length) if length else b""
    return field(1, dtype) + field(2, dimensions) + numbers + size + b"\x35" + struct.pack("<I", masked(value))


HEADER = (b"", field(1, 1) + field(3, field(1, 1)))


def index(tensors, in_block=5, checksum=crc32c) -> bytes:
    """The index of {name: (dtype, shape, bytes)}; another `checksum` function is for megabytes."""
    pairs, offset = [HEADER], 0
    for name in sorted(tensors):
        dtype, shape, data = tensors[name]
        pairs.append((name.encode(), entry(dtype, shape, data, offset, checksum)))
        offset += data if isinstance(data, int) else len(data)
    groups = [pairs[at : at + in_block] for at in range(0, len(pairs), in_block)]
    return table([(group[-1][0], sealed(block(group))) for group in groups])


@pytest.fixture(scope="session")
def writer():
    """The functions of this file."""
    return SimpleNamespace(
        crc32c=crc32c, masked=masked, varint=varint, block=block, sealed=sealed, table=table, field=field, entry=entry,
        HEADER=HEADER, index=index,
    )  # fmt: skip


@pytest.fixture(scope="session")
def released(writer):
    """Tensors of a checkpoint of BReG-NeXt-50, and the (a, c) put into it; of its weights the size alone."""
    import numpy as np

    from benchmark.outside.release.layers import SHORTCUT, Network, variables

    rng = np.random.default_rng(3)
    tensors, scalars = {}, []
    for name, variable in variables(Network()).items():
        if variable.role == SHORTCUT:
            value = rng.uniform(0.5, 1.5, 1).astype("<f4")
            scalars.append(float(value[0]))
            data = value.tobytes()
        else:
            data = 4 * variable.size
        for suffix in ("", "/Adam", "/Adam_1"):
            tensors[name + suffix] = (1, variable.shape, data)
        if name.endswith("/gamma"):
            scope, size = name.removesuffix("gamma"), variable.size
            tensors[scope + "moving_mean"] = (1, variable.shape, bytes(4 * size))
            tensors[scope + "moving_variance"] = (1, variable.shape, np.ones(size, "<f4").tobytes())
    tensors["optimizer/Variable"] = (3, (), struct.pack("<i", 123456))
    tensors["is_training"] = (10, (), b"\1")
    return tensors, list(zip(scalars[::2], scalars[1::2], strict=True))


@pytest.fixture(scope="session")
def weights():
    """Random float32 values of every variable that BReG-NeXt-50 computes with, moved statistics among them, by name."""
    import numpy as np

    from benchmark.outside.release.layers import GAMMA, SHORTCUT, WEIGHT, Network, variables

    rng, values = np.random.default_rng(11), {}
    for name, variable in variables(Network()).items():
        shape = variable.shape
        if variable.role == WEIGHT:
            values[name] = rng.normal(0, np.sqrt(1 / np.prod(shape[:-1])), shape)
        else:
            values[name] = rng.uniform(0.6, 1.4, shape) if variable.role in (GAMMA, SHORTCUT) else rng.normal(0, 0.3, shape)
        if variable.role == GAMMA:
            values[name.replace("gamma", "moving_mean")] = rng.normal(0, 0.3, shape)
            values[name.replace("gamma", "moving_variance")] = rng.uniform(0.5, 2, shape)
    return {name: np.asarray(value, "<f4") for name, value in values.items()}


@pytest.fixture(scope="session", autouse=True)
def checksum():
    """The suite's crc32c, which each tensor of the checkpoint goes through once and not in every test."""
    from functools import cache

    from benchmark.outside.release import conversion

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "crc32c", cache(conversion.crc32c))
        yield conversion.crc32c


@pytest.fixture(scope="session")
def save_checkpoint(writer, checksum):
    """A function (values by name, folder, further tensors) -> index file, its data file beside it."""

    def save(values, folder, **further):
        tensors = {name: (1, value.shape, value.astype("<f4").tobytes()) for name, value in values.items()} | further
        (folder / "checkpoints.index").write_bytes(writer.index(tensors, 20, checksum))
        (folder / "checkpoints.data-00000-of-00001").write_bytes(b"".join(tensors[name][2] for name in sorted(tensors)))
        return folder / "checkpoints.index"

    return save


@pytest.fixture(scope="session")
def checkpoint(weights, save_checkpoint, tmp_path_factory):
    """The index file of `weights` and the optimizer's counter, laid out as in the release."""
    folder = tmp_path_factory.mktemp("clone") / "codes" / "Snapshots" / "categorical_attempt_1"
    folder.mkdir(parents=True)
    return save_checkpoint(weights, folder, **{"optimizer/Variable": (3, (), struct.pack("<i", 7))})
