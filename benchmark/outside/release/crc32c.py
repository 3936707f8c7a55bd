"""CRC-32C (Castagnoli, RFC 3720 appendix B.4), its masking in LevelDB and TensorFlow files, and its inverse on four bytes.

A 32-bit CRC maps the 2^32 messages of four bytes one to one onto the 2^32 checksums. So a single float32 can be computed
from its checksum.
"""

POLYNOMIAL = 0x82F63B78  # 0x1EDC6F41 with its bits reversed: the lowest bit comes first
_ALL = 0xFFFFFFFF
_MASK_DELTA = 0xA282EAD8  # from LevelDB's util/crc32c.h


def _table() -> tuple[int, ...]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()
_BY_HIGH_BYTE = {entry >> 24: index for index, entry in enumerate(_TABLE)}  # the high bytes of the table all differ


def crc32c(data: bytes) -> int:
    """Checksum of `data`, 0 .. 2^32 - 1."""
    state = _ALL
    for byte in data:
        state = state >> 8 ^ _TABLE[(state ^ byte) & 0xFF]
    return state ^ _ALL


def mask(checksum: int) -> int:
    """A checksum as the files store it: rotated right by 15 bits, plus a constant (modulo 2^32)."""
    return ((checksum >> 15 | checksum << 17) + _MASK_DELTA) & _ALL


def unmask(stored: int) -> int:
    """The inverse of `mask`."""
    turned = (stored - _MASK_DELTA) & _ALL
    return (turned >> 17 | turned << 15) & _ALL


def four_bytes(checksum: int) -> bytes:
    """The only message of four bytes whose `crc32c` is `checksum` (0 .. 2^32 - 1)."""
    state = checksum ^ _ALL
    for _ in range(4):  # each pass undoes one byte: the high byte tells which entry of the table was used
        index = _BY_HIGH_BYTE[state >> 24]
        state = ((state ^ _TABLE[index]) << 8 | index) & _ALL
    return (state ^ _ALL).to_bytes(4, "little")
