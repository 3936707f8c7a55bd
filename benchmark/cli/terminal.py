"""What the command prints: a name or a sentence from a file never commands the terminal."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TextIO

from benchmark.errors import visible


class Plain:
    """A stream that writes control characters as their escapes; everything else as the stream that it wraps."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        return self._stream.write(visible(text, keep="\n\t"))

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """A context in which standard output is `Plain`. Standard error stays: progress bars need its control characters."""
    with contextlib.redirect_stdout(Plain(sys.stdout)):
        yield
