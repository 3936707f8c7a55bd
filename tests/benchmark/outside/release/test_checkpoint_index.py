"""The reader against files built by the writer in conftest.py, hostile ones among them, and against TensorFlow's own."""

import re
import struct

import pytest

from benchmark.errors import BadInput
from benchmark.outside.release.checkpoint_index import LARGEST, Entry, read_index


@pytest.fixture
def file(tmp_path):
    def write(contents: bytes):
        path = tmp_path / "model.index"
        path.write_bytes(contents)
        return path

    return write


def test_reads_back_what_was_written(file, writer):
    tensors = {
        "layer/W": (1, (3, 3, 2, 5), bytes(range(180)) * 2),
        **{f"layer_{number}/gamma": (1, (4,), bytes([number] * 16)) for number in range(30)},
        "scalar": (1, (), b"\0\0\x80?"),
        "steps": (9, (), struct.pack("<q", -3)),
        "empty": (1, (0, 7), b""),
        "name of an umlaut \u00fc": (10, (1,), b"\1"),
    }
    for in_block in (1, 4, 1000):
        read = read_index(file(writer.index(tensors, in_block)))
        assert list(read) == sorted(tensors)
        offset = 0
        for name, found in read.items():
            dtype, shape, data = tensors[name]
            assert found == Entry(dtype, shape, 0, offset, len(data), writer.crc32c(data)), name
            offset += len(data)


def one_block(writer, *pairs):
    """A table of one block with a header and these pairs."""
    pairs = [writer.HEADER, *pairs]
    return writer.table([(b"z", writer.sealed(writer.block(pairs)))])


def with_value(make):
    """A table whose one variable has the value that `make` gives."""
    return lambda w: one_block(w, (b"v", make(w)))


def changed(offset: int, new: bytes):
    """A sound file with bytes replaced, counted from the end where `offset` is negative."""

    def make(w):
        data = bytearray(w.index({"a": (1, (2,), b"12345678"), "b": (1, (2,), b"12345678")}))
        offset_ = offset % len(data)
        data[offset_ : offset_ + len(new)] = new
        return bytes(data)

    return make


def overlapping(w):
    one = w.sealed(w.block([w.HEADER]))
    places = w.block([(b"a", w.varint(0) + w.varint(len(one) - 5)), (b"b", w.varint(0) + w.varint(len(one) - 5))])
    metaindex = w.sealed(w.block([]))
    footer = w.varint(len(one)) + w.varint(len(metaindex) - 5)
    footer += w.varint(len(one) + len(metaindex)) + w.varint(len(places))
    end = footer.ljust(40, b"\0") + struct.pack("<Q", 0xDB4775248B80FB57)
    return one + metaindex + w.sealed(places) + end


HOSTILE = {
    "empty": (lambda w: b"", "0 bytes; expected 48"),
    "text": (lambda w: b"weights,shapes\n" * 10, "byte 142: found 0x"),
    "magic": (changed(-8, b"\0"), "found 0xdb4775248b80fb00; expected 0xdb4775248b80fb57"),
    "truncated in front": (lambda w: changed(0, b"")(w)[7:], "block"),
    "truncated behind": (lambda w: changed(0, b"")(w)[:-9], "expected 0xdb4775248b80fb57"),
    "data changed": (changed(5, b"\xff"), "block checksum"),
    "endless varint": (changed(-48, b"\xff" * 20), "offset of a block that goes beyond 64 bits; expected a varint"),
    "varint of 70 bits": (changed(-48, b"\xff" * 9 + b"\x7f"), "beyond 64 bits"),
    "block beyond the file": (changed(-48 + 2, b"\xff\xff\xff\xff\x0f\x01"), "one that ends before the footer"),
    "snappy": (
        lambda w: w.table([(b"z", w.sealed(w.block([w.HEADER]), kind=1))]),
        "compression type 1 (snappy); expected 0, an uncompressed block",
    ),
    "unknown compression": (lambda w: w.table([(b"z", w.sealed(w.block([w.HEADER]), kind=9))]), "type 9 (unknown)"),
    "overlapping blocks": (overlapping, "a block at 0; expected one behind the block before"),
    "no restart count": (lambda w: w.table([(b"z", w.sealed(b"ab"))]), "a block of 2 bytes"),
    "too many restarts": (
        lambda w: w.table([(b"z", w.sealed(struct.pack("<2I", 0, 2**31)))]),
        "2147483648 restarts in a block of 8 bytes",
    ),
    "shared beyond the name": (
        lambda w: w.table([(b"z", w.sealed(b"\x05\x01\x00a" + struct.pack("<2I", 0, 1)))]),
        "5 bytes shared with the name before; expected at most its 0",
    ),
    "name beyond the block": (
        lambda w: w.table([(b"z", w.sealed(b"\x00\x60\x00a" + struct.pack("<2I", 0, 1)))]),
        "name of 96 bytes; expected at most the 1 bytes that are left",
    ),
    "value beyond the block": (
        lambda w: w.table([(b"z", w.sealed(b"\x00\x00\xff\xff\x03" + struct.pack("<2I", 0, 1)))]),
        "value of 65535 bytes",
    ),
    "no block": (lambda w: w.table([]), "no entry; expected the header entry"),
    "no header": (lambda w: w.table([(b"z", w.sealed(w.block([(b"v", b"")])))]), "first name b'v'"),
    "big-endian": (
        lambda w: w.table([(b"z", w.sealed(w.block([(b"", w.field(2, 1))])))]),
        "big-endian values; expected little-endian",
    ),
    "names twice": (
        lambda w: one_block(w, (b"v", w.entry(1, (), b"1234")), (b"v", w.entry(1, (), b"1234"))),
        "name b'v' behind b'v'; expected names in rising order",
    ),
    "name is no text": (lambda w: one_block(w, (b"\xff\xfe", w.entry(1, (), b"1234"))), "expected UTF-8"),
    "negative dimension": (
        with_value(lambda w: w.field(1, 1) + w.field(2, w.field(2, w.field(1, 2**64 - 5)))),
        "size of a dimension -5; expected 0 or more",
    ),
    "negative size": (with_value(lambda w: w.field(1, 1) + w.field(5, 2**64 - 4)), "field 5 -4; expected 0 or more"),
    "negative offset": (with_value(lambda w: w.field(4, 2**63)), "field 4 -9223372036854775808"),
    "size that is not the shape's": (
        with_value(lambda w: w.entry(1, (3, 4), b"1234")),
        "4 bytes for shape (3, 4) of type 1; expected 48 bytes",
    ),
    "shape as a number": (with_value(lambda w: w.field(2, 7)), "field 2 as varint; expected length and bytes"),
    "group": (with_value(lambda w: b"\x0b"), "field 1 of wire type 3"),
    "field 0": (with_value(lambda w: b"\x00\x00"), "field 0 of wire type 0"),
    "field cut off": (with_value(lambda w: b"\x35\x01\x02"), "field 6 of 4 bytes; expected at most the 2"),
    "partitioned": (with_value(lambda w: w.field(1, 1) + w.field(7, b"")), "a partitioned variable"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files_are_refused_in_one_line(file, writer, case):
    make, line = HOSTILE[case]
    path = file(make(writer))
    with pytest.raises(BadInput) as caught:
        read_index(path)
    message = str(caught.value)
    assert str(path) in message and line in message and "\n" not in message
    if case not in ("empty", "no block"):
        assert re.search(r"model\.index, byte \d+: found", message)


def test_every_cut_and_every_changed_byte_is_refused_or_harmless(file, writer):
    """A file cut anywhere is refused; a changed byte is refused, but in the footer's padding or an unread handle."""
    data = writer.index({"a": (1, (2,), b"12345678"), "ab": (1, (), b"1234")}, in_block=2)
    sound = read_index(file(data))
    for length in range(len(data)):
        with pytest.raises(BadInput):
            read_index(file(data[:length]))
    unread = 0
    for place in range(len(data)):
        altered = bytearray(data)
        altered[place] ^= 0x55
        try:
            assert read_index(file(bytes(altered))) == sound, place
            unread += 1
        except BadInput:
            pass
    assert unread < 60  # metaindex block and handle, padding


def test_no_file_and_too_large_a_file(tmp_path):
    with pytest.raises(BadInput, match="no such file"):
        read_index(tmp_path / "none.index")
    with open(tmp_path / "weights.index", "wb") as stream:
        stream.truncate(LARGEST + 1)
    with pytest.raises(BadInput, match=f"{LARGEST + 1} bytes; expected 48 to"):
        read_index(tmp_path / "weights.index")


def test_the_released_file(fer_data):
    path = fer_data / "release" / "checkpoints.index"
    if not path.is_file():
        pytest.skip("no release/checkpoints.index in FER_DATA")
    entries = read_index(path)
    assert len(entries) == 840
    assert entries["Conv2D/W"].shape == (3, 3, 3, 32) and entries["FullyConnected/W"].shape == (128, 8)
    # The variables lie one behind the other in the only shard, without a gap.
    assert {entry.shard for entry in entries.values()} == {0}
    end = 0
    for entry in sorted(entries.values(), key=lambda entry: entry.offset):
        assert entry.offset == end
        end += entry.size
