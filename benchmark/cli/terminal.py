"""What the command prints: a name or a sentence from a file never commands the terminal, and what can not be printed is an
error with a name."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from benchmark.errors import visible

NAME = "standard output"


class Plain:
    """A stream that writes control characters, and those that its encoding does not have, as their escapes; everything else
    as the stream that it wraps. An OSError of it names `NAME`."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        text = visible(text, keep="\n\t")
        if encoding := getattr(self._stream, "encoding", None):
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        with _named():
            return self._stream.write(text)

    def flush(self) -> None:
        with _named():
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        error.filename = NAME
        raise


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """A context in which standard output is `Plain`, and at whose end all of it was written. Standard error stays: progress
    bars need its control characters."""
    plain = Plain(sys.stdout)
    try:
        with contextlib.redirect_stdout(plain):
            try:
                yield
            finally:
                plain.flush()
    except OSError as error:
        if error.filename == NAME:
            _discard()
        raise


def _discard() -> None:
    """Nobody reads standard output any more: what is left in its buffer goes nowhere, or Python complains at its end."""
    with contextlib.suppress(OSError, ValueError):  # a stream without a descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
