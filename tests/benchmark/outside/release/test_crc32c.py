"""CRC-32C against values recorded from google-crc32c 1.9.0 and a bit-by-bit division; the inverse against both."""

import struct

import numpy as np
import pytest

from benchmark.outside.release.crc32c import crc32c, four_bytes, mask, unmask


@pytest.mark.parametrize(
    "data, expected",
    [
        (b"", 0x00000000),
        (b"a", 0xC1D04330),
        (b"123456789", 0xE3069283),  # the check value of every catalogue of CRCs
        (bytes(32), 0x8A9136AA),  # this and the next two: RFC 3720, B.4, too
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (struct.pack("<f", 1), 0xDD54C4AB),
        (struct.pack("<f", 1) * 128, 0xFAB2D8A5),
        (bytes(512), 0x30FCEDC0),
        (b"ferbench " * 1000, 0xD405623E),
    ],
)
def test_known_values(data, expected, writer):
    assert crc32c(data) == expected
    assert writer.crc32c(data[:40]) == crc32c(data[:40])


def test_four_bytes_is_the_only_solution():
    rng = np.random.default_rng(0)
    for value in rng.normal(1, 0.1, 500).astype("<f4"):
        assert four_bytes(crc32c(value.tobytes())) == value.tobytes()
    for checksum in [0, 0xFFFFFFFF, *rng.integers(0, 2**32, 500).tolist()]:
        assert crc32c(four_bytes(checksum)) == checksum


def test_mask_turns_right_by_15_bits_and_adds(writer):
    assert mask(0) == 0xA282EAD8 and mask(1 << 15) == 0xA282EAD9
    for checksum in [1, 0xFFFFFFFF, 0xE3069283, *np.random.default_rng(1).integers(0, 2**32, 200).tolist()]:
        assert mask(checksum) == writer.masked(checksum) and unmask(mask(checksum)) == checksum
