"""Pictures that are drawn, and the rubbish that systems leave beside pictures.

A picture is determined by its key (any text): eight by eight colours taken from the key's hash, enlarged. Two keys give two
pictures, also after JPEG compression, a resize, or for a perceptual hash. One key gives the same bytes on every run.
"""

import concurrent.futures
import functools
import hashlib
import io
import multiprocessing
import os
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

APPLE_DOUBLE = b"\x00\x05\x16\x07junk"
FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "tif": "TIFF", "tiff": "TIFF"}
SAVED = {"JPEG": {"quality": 60}, "PNG": {"compress_level": 1}, "BMP": {}, "TIFF": {}}


def drawn(key: str, size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    """The picture of a key; `size` is (width, height), `mode` RGB or L."""
    colours = hashlib.shake_128(key.encode()).digest(64 * len(mode))
    return Image.frombytes(mode, (8, 8), colours).resize(size, Image.Resampling.BILINEAR)


@functools.lru_cache(maxsize=10_000)
def encoded(key: str, size: tuple[int, int], ending: str, mode: str = "RGB") -> bytes:
    """The bytes of the file; the format follows from `ending`, with or without a dot, in any case."""
    kind = FORMATS[ending.rpartition(".")[2].lower()]
    held = io.BytesIO()
    drawn(key, size, mode).save(held, kind, **SAVED[kind])
    return held.getvalue()


def put(path: Path | str, content: bytes | str) -> None:
    """Writes a file, and the folders above it where they are missing. Text is UTF-8 with the line ends that it has."""
    held = content.encode() if isinstance(content, str) else content
    try:
        file = open(path, "wb")
    except FileNotFoundError:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "wb")
    with file:
        file.write(held)


def draw(path: Path, key: str, size: tuple[int, int], mode: str = "RGB") -> None:
    """Writes the picture of a key."""
    put(path, encoded(key, size, path.suffix, mode))


def _draw_all(tasks: list[tuple[tuple[str, ...], str, tuple[int, int], str]]) -> None:
    for paths, key, size, mode in tasks:
        content = encoded(key, size, paths[0], mode)
        for path in paths:
            put(path, content)


def draw_all(tasks: Iterable[tuple[Iterable[Path], str, tuple[int, int], str]], processes: int = 1) -> None:
    """Writes many pictures: (paths that all get the same bytes, key, size, mode) each. More than one process needs a guard
    `if __name__ == "__main__"` in the script that calls."""
    given = [(tuple(path.as_posix() for path in paths), key, size, mode) for paths, key, size, mode in tasks]
    if processes <= 1:
        _draw_all(given)
        return
    parts = [given[start : start + 2000] for start in range(0, len(given), 2000)]
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        for _ in pool.map(_draw_all, parts):
            pass


class Linked:
    """Draws many pictures of one size; after the first `distinct` of them they are hard links to those, in turn."""

    def __init__(self, size: tuple[int, int], distinct: int | None, key: str):
        self.size, self.distinct, self.key, self.number, self.first = size, distinct, key, 0, []

    def add(self, path: str) -> None:
        """Writes the next picture."""
        if self.distinct is None or self.number < self.distinct:
            draw(Path(path), f"{self.key}/{self.number}", self.size)
            self.first.append(path)
        else:
            source = self.first[self.number % self.distinct]
            try:
                os.link(source, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path))
                os.link(source, path)
        self.number += 1


def apple_double(*files: Path) -> list[Path]:
    """Puts a `._NAME` beside each file, as a Mac does on a foreign disk, and returns them."""
    made = [file.with_name(f"._{file.name}") for file in files]
    for file in made:
        put(file, APPLE_DOUBLE)
    return made


def rubbish(folder: Path) -> list[Path]:
    """Thumbs.db, desktop.ini and .DS_Store in a folder, and returns them."""
    made = [folder / name for name in ("Thumbs.db", "desktop.ini", ".DS_Store")]
    for file in made:
        put(file, b"junk")
    return made
