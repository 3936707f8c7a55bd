"""Reads the index file of a TensorFlow V2 checkpoint: name, type, shape, position and checksum of every variable.

The file is a LevelDB table (LevelDB's doc/table_format.md). Its keys are variable names. Its values are the protocol buffers
BundleHeaderProto (for the empty name) and BundleEntryProto (TensorFlow's tensor_bundle.proto). The values of the variables
are in other files, which are not needed here.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmark.errors import BadInput
from benchmark.outside.release.crc32c import crc32c, mask, unmask

MAGIC = 0xDB4775248B80FB57
FOOTER, TRAILER = 48, 5  # bytes of the file's footer; of compression type and checksum after each block
LARGEST = 8 << 20  # bytes; an index has about 32 bytes per variable, without the name
FLOAT, INT32, BOOL = 1, 3, 10
# TensorFlow's DataType -> bytes per element, for types of fixed size.
_WIDTHS = {1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 14: 2, 17: 2, 18: 16, 19: 2, 22: 4, 23: 8}
_WIRES = {0: "varint", 1: "8 bytes", 2: "length and bytes", 5: "4 bytes"}


class Entry(NamedTuple):
    """One variable. dtype: TensorFlow's DataType. shard: number of the data file. offset, size: position in that file, in
    bytes. crc: CRC-32C of its bytes (unmasked)."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    crc: int


class _Bytes:
    """The part [at, end) of the file, read forwards. Every error message names the file and the offset in it."""

    def __init__(self, path: Path, data: bytes, at: int, end: int):
        self.path, self.data, self.at, self.end = path, data, at, end

    def bad(self, found: object, expected: object, at: int | None = None) -> BadInput:
        return BadInput(f"{self.path}, byte {self.at if at is None else at}", found, expected)

    def part(self, size: int, what: str) -> "_Bytes":
        if size > self.end - self.at:
            raise self.bad(f"{what} of {size} bytes", f"at most the {self.end - self.at} bytes that are left")
        start, self.at = self.at, self.at + size
        return _Bytes(self.path, self.data, start, self.at)

    def take(self, size: int, what: str) -> bytes:
        part = self.part(size, what)
        return self.data[part.at : part.end]

    def fixed(self, size: int, what: str) -> int:
        return int.from_bytes(self.take(size, what), "little")

    def varint(self, what: str) -> int:
        """An unsigned integer below 2^64, seven bits per byte, lowest bits first."""
        start, value = self.at, 0
        for place in range(10):
            byte = self.fixed(1, what)
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                if value >> 64:
                    break
                return value
        raise self.bad(f"{what} that goes beyond 64 bits", "a varint of at most 10 bytes and 64 bits", start)


def read_index(path: Path) -> dict[str, Entry]:
    """Name -> entry of every variable in the index file `path`, in the file's order.

    Raises:
        BadInput: no such file; not an index file; a damaged one (the checksum of each block is verified); compressed blocks,
            big-endian values or partitioned variables, which are not supported. The message names the offset.
    """
    data = _contents(path)
    footer = _Bytes(path, data, len(data) - FOOTER, len(data) - 8)
    _handle(footer)  # of the metaindex, which is empty here
    entries: dict[str, Entry] = {}
    header_seen = False
    last, free = None, 0
    for _, handle in _block(path, data, _handle(footer)):
        block = _handle(handle)
        if block[1] < free:
            raise handle.bad(f"a block at {block[1]}", f"one behind the block before, from {free} on", block[0])
        free = block[1] + block[2] + TRAILER
        if handle.at != handle.end:
            raise handle.bad(f"{handle.end - handle.at} bytes behind a block's place", "none")
        for key, value in _block(path, data, block):
            if last is not None and key <= last:
                raise value.bad(f"name {key!r} behind {last!r}", "names in rising order")
            last = key
            if not header_seen:
                _header(key, value)
                header_seen = True
                continue
            try:
                entries[key.decode()] = _entry(value)
            except UnicodeDecodeError as error:
                raise value.bad(f"name {key!r}", "UTF-8") from error
    if not header_seen:
        raise BadInput(path, "no entry", "the header entry of a checkpoint index")
    return entries


def _contents(path: Path) -> bytes:
    if not path.is_file():
        raise BadInput(path, "no such file", "the index file of a TensorFlow checkpoint")
    size = path.stat().st_size
    if not FOOTER <= size <= LARGEST:
        raise BadInput(path, f"{size} bytes", f"{FOOTER} to {LARGEST}: the index file of a TensorFlow checkpoint")
    data = path.read_bytes()
    found = int.from_bytes(data[-8:], "little")
    if found != MAGIC:
        raise BadInput(f"{path}, byte {len(data) - 8}", f"{found:#018x}", f"{MAGIC:#018x}, the end of a LevelDB table")
    return data


def _handle(source: _Bytes) -> tuple[int, int, int]:
    """The handle of a block: (position of the handle itself, offset of the block, size of the block)."""
    return source.at, source.varint("offset of a block"), source.varint("size of a block")


def _block(path: Path, data: bytes, handle: tuple[int, int, int]) -> Iterator[tuple[bytes, _Bytes]]:
    """The keys and values of the block at `handle`, after checking its checksum and its layout."""
    named, offset, size = handle
    if offset + size + TRAILER > len(data) - FOOTER:
        raise BadInput(f"{path}, byte {named}", f"a block at {offset} of {size} bytes", "one that ends before the footer")
    kind = data[offset + size]
    stored = int.from_bytes(data[offset + size + 1 : offset + size + TRAILER], "little")
    computed = mask(crc32c(data[offset : offset + size + 1]))
    if stored != computed:
        raise BadInput(f"{path}, byte {offset + size + 1}", f"block checksum {stored:#010x}", f"{computed:#010x}")
    if kind:
        name = {1: "snappy"}.get(kind, "unknown")
        raise BadInput(f"{path}, byte {offset + size}", f"compression type {kind} ({name})", "0, an uncompressed block")
    whole = _Bytes(path, data, offset, offset + size)
    if size < 4:
        raise whole.bad(f"a block of {size} bytes", "at least the 4 of its restart count")
    restarts = int.from_bytes(data[offset + size - 4 : offset + size], "little")
    end = offset + size - 4 - 4 * restarts
    if end < offset:
        raise whole.bad(f"{restarts} restarts in a block of {size} bytes", "as many as fit", offset + size - 4)
    source, key = _Bytes(path, data, offset, end), b""
    while source.at < end:
        start = source.at
        shared, rest, length = (source.varint(what) for what in ("shared length", "name length", "value length"))
        if shared > len(key):
            raise source.bad(f"{shared} bytes shared with the name before", f"at most its {len(key)}", start)
        key = key[:shared] + source.take(rest, "name")
        yield key, source.part(length, "value")


def _fields(source: _Bytes, expected: dict[int, int]) -> Iterator[tuple[int, int | _Bytes]]:
    """(number, value) of each field of a protocol buffer. Fields in `expected` (number -> wire type) must have that type."""
    while source.at < source.end:
        start = source.at
        number, wire = divmod(source.varint("field"), 8)
        if wire not in _WIRES or number == 0:
            raise source.bad(f"field {number} of wire type {wire}", "a field above 0 of wire type 0, 1, 2 or 5", start)
        if wire != expected.get(number, wire):
            raise source.bad(f"field {number} as {_WIRES[wire]}", _WIRES[expected[number]], start)
        if wire == 0:
            yield number, source.varint(f"field {number}")
        elif wire == 2:
            yield number, source.part(source.varint(f"length of field {number}"), f"field {number}")
        else:
            yield number, source.fixed(8 if wire == 1 else 4, f"field {number}")


def _header(key: bytes, value: _Bytes) -> None:
    if key:
        raise value.bad(f"first name {key!r}", "the empty one of the header")
    start, fields = value.at, dict(_fields(value, {1: 0, 2: 0, 3: 2}))
    if fields.get(2, 0):
        raise value.bad("big-endian values", "little-endian ones", start)


def _entry(value: _Bytes) -> Entry:
    start = value.at
    found = {number: 0 for number in (1, 3, 4, 5, 6)}
    shape: tuple[int, ...] = ()
    for number, field in _fields(value, {1: 0, 2: 2, 3: 0, 4: 0, 5: 0, 6: 5, 7: 2}):
        if number == 2:
            shape = tuple(_sizes(field))
        elif number == 7:
            raise value.bad("a partitioned variable", "a whole one", start)
        elif number in found:
            found[number] = _not_negative(value, field, f"field {number}", start)
    dtype, shard, offset, size, crc = found.values()
    if dtype in _WIDTHS and size != _WIDTHS[dtype] * math.prod(shape):
        raise value.bad(
            f"{size} bytes for shape {shape} of type {dtype}", f"{_WIDTHS[dtype] * math.prod(shape)} bytes", start
        )
    return Entry(dtype, shape, shard, offset, size, unmask(crc))


def _sizes(shape: _Bytes) -> Iterator[int]:
    """The sizes of the dimensions of a TensorShapeProto."""
    for number, dimension in _fields(shape, {2: 2, 3: 0}):
        if number == 2:
            start = dimension.at
            fields = dict(_fields(dimension, {1: 0, 2: 2}))
            yield _not_negative(dimension, fields.get(1, 0), "size of a dimension", start)


def _not_negative(source: _Bytes, value: int, what: str, at: int) -> int:
    if value >> 63:  # int64 in two's complement
        raise source.bad(f"{what} {value - (1 << 64)}", "0 or more", at)
    return value
