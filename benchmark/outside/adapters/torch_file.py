"""Reads a file of weights. No code in the file is run: it is data, or it is refused in words that say what it is instead.

Checkpoints of public repositories hold more than tensors: the accuracy as a scalar of numpy, the options, an object that
recorded the losses. torch's own safe reader refuses such a file as a whole. Here numpy's numbers are read, and in the place
of every other object stands a `LeftOut`; its class is neither imported nor called.
"""

import contextlib
import functools
import io
import pickletools
import sys
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy._core import multiarray as numpy_arrays

from benchmark.errors import BadInput
from benchmark.outside.suffixes import SAFETENSORS, suffix_of

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the first bytes of torch.save before version 1.6
WHOLE = "the whole file; download it again"
STATE = "a state dict: name -> tensor"
ALONE = "its tensors alone: save model.state_dict() from where its code is"
PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}
# Modules of Python whose objects are only data. Whatever else a pickle asks for in Python itself is a sign of code.
DATA = {"argparse", "collections", "copyreg", "datetime", "decimal", "enum", "fractions", "functools", "logging", "pathlib"}
BUILTINS = {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "range", "set"}
BUILTINS |= {"slice", "str", "tuple"}
RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # as pickle calls them for Python 2


class LeftOut:
    """Stands for a class that a pickle asks for. In the place of its objects is an OrderedDict with their data: torch's safe
    reader lets an OrderedDict, and no other class, be filled both by key and by attribute."""

    asked = ""  # module and name of the class
    met = False  # whether the file has an object of it

    def __new__(cls, *_args: object, **_named: object) -> OrderedDict:
        """An empty mapping, whatever the class would be called with."""
        cls.met, found = True, OrderedDict()
        found.left_out = cls.asked
        return found


def check_whole(path: Path, data: bytes, expected: str) -> None:
    """BadInput for what a failed download leaves in the place of a file: nothing, a web page, a pointer of Git LFS."""
    start = data[:200].lstrip().lower()
    if not data:
        raise BadInput(path, "an empty file", expected)
    if start.startswith(b"version https://git-lfs"):
        raise BadInput(path, "a pointer of Git LFS, not the file itself", "the file: run git lfs pull where it was cloned")
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise BadInput(path, "a web page: the download went wrong", expected)


def read_contents(path: Path, data: bytes) -> tuple[object, list[str]]:
    """(what a file of weights holds, the classes whose objects are left out).

    Args:
        data: the bytes of `path`.

    Raises:
        BadInput: a file that is neither of safetensors nor of torch; a damaged one; one that asks for code.
    """
    check_whole(path, data, "a file of weights")
    if suffix_of(path) == SAFETENSORS or data[8:10] == b'{"':
        return _safetensors(path, data), []
    asked = _globals(path, data)
    classes = _stand_ins(path, asked)
    try:
        with torch.serialization.safe_globals([*_numpy(), *((own, own.asked) for own in classes)]):
            contents = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # torch's reader raises many kinds of error
        if any(word in str(error) for word in ("unexpected EOF", "failed reading", "failed finding", "invalid header")):
            raise BadInput(path, "a truncated file", WHOLE) from error
        if "Only persistent_load of storage" in str(error):  # before 1.6, a module was saved with the source of its class
            own = [name for name in asked if name.partition(".")[0] not in ("collections", "builtins")]
            raise _whole_model(path, own[0] if own else "its class is not named") from error
        raise BadInput(path, f"a file that torch does not load ({type(error).__name__})", STATE) from error
    _check_module(path, contents)
    return contents, sorted(own.asked for own in classes if own.met)


def _check_module(path: Path, contents: object) -> None:
    """BadInput for a whole torch.nn.Module, by itself or under a key."""
    for each in (contents, *(contents.values() if isinstance(contents, Mapping) else ())):
        if {"left_out", "_modules", "_parameters"} <= set(getattr(each, "__dict__", ())):
            raise _whole_model(path, each.left_out)


def _whole_model(path: Path, name: str) -> BadInput:
    return BadInput(path, f"a whole pickled model ({name}): it holds code", ALONE)


def is_torchscript(path: Path) -> bool:
    """Whether the file is a program of TorchScript, whatever its name."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _has(archive, "/constants.pkl")
    except Exception:  # noqa: BLE001 - of zipfile and of the names in it; then it is no zip archive
        return False


def _has(archive: zipfile.ZipFile, ending: str) -> bool:
    return any(name.endswith(ending) for name in archive.namelist())


def _safetensors(path: Path, data: bytes) -> object:
    from safetensors.torch import load

    try:
        return load(data)
    except Exception as error:  # safetensors' errors have no common base class
        if any(word in str(error) for word in ("incomplete metadata", "invalid header length")):
            raise BadInput(path, "a truncated file", WHOLE) from error
        found = f"a file that safetensors does not load ({type(error).__name__})"
        raise BadInput(path, found, STATE) from error


def _streams(path: Path, data: bytes) -> tuple[io.BytesIO, int]:
    """(the pickles of a file of torch, the number of the one with the contents, from 1).

    Raises:
        BadInput: a file of another format than torch's present and older ones; a damaged one.
    """
    if data.startswith(LEGACY):
        return io.BytesIO(data), 4  # a magic number, the version, facts about the system, then the contents
    if data.startswith(b"PK"):
        try:
            if not zipfile.is_zipfile(io.BytesIO(data)):  # its table of contents is at the end
                raise BadInput(path, "a truncated file", WHOLE)
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if _has(archive, "/constants.pkl"):
                    raise BadInput(
                        path, "a program of TorchScript", "MODEL, named .torchscript, with --trust; or a state dict"
                    )
                if not _has(archive, "/data.pkl"):
                    raise BadInput(path, "a zip archive of other files", "the file of weights in it: unpack it")
                return io.BytesIO(archive.read(next(each for each in archive.namelist() if each.endswith("/data.pkl")))), 1
        except BadInput:
            raise
        except Exception as error:  # of zipfile, zlib, the names, or a cipher that a flipped bit asks for
            raise BadInput(path, "a damaged file", WHOLE) from error
    for start, name in PACKED.items():
        if data.startswith(start):
            raise BadInput(path, f"a packed file ({name})", "the file of weights in it: unpack it")
    with contextlib.suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        if {"pickle", "storages", "tensors"} <= set(archive.getnames()):
            raise BadInput(path, "a file of torch before 0.2", "one saved again by a later version")
        raise BadInput(path, "a tar archive of other files", "the file of weights in it: unpack it")
    if data.startswith(b"\x89HDF"):
        raise BadInput(path, "an HDF5 file, as of Keras", "weights of a network of torch; for Keras, ONNX or ferbench score")
    if data[:1] == b"\x80":
        raise BadInput(path, "a plain pickle, which may hold code", "torch.save(model.state_dict(), FILE), or safetensors")
    if path.suffix == ".t7":
        raise BadInput(path, "a file that torch does not load, maybe one of Lua's Torch", "one saved by PyTorch")
    raise BadInput(path, "a file that torch does not load", f"safetensors, or {STATE}")


def _globals(path: Path, data: bytes) -> list[str]:
    """What the file's pickle asks for, as module.name, in its order. The pickle is read and not carried out."""
    streams, wanted = _streams(path, data)
    found: list[tuple[str, str]] = []
    strings = ["", ""]
    try:
        for number in range(1, wanted + 1):
            for operation, argument, _ in pickletools.genops(streams):
                if number == wanted and operation.name in ("GLOBAL", "INST"):
                    module, _, name = str(argument).partition(" ")
                    found.append((module, name))
                elif number == wanted and operation.name == "STACK_GLOBAL":
                    found.append((strings[-2], strings[-1]))
                elif isinstance(argument, str):
                    strings.append(argument)
    except (ValueError, EOFError) as error:  # as pickletools says that the end is missing; UnicodeDecodeError is one too
        raise BadInput(path, "a truncated or damaged file", WHOLE) from error
    return list(dict.fromkeys(f"{RENAMED.get(module, module)}.{name}" for module, name in found))


def _stand_ins(path: Path, asked: Sequence[str]) -> list[type[LeftOut]]:
    """A class for everything that the pickle asks for, other than numpy's data. (torch's reader prefers its own for what it
    knows itself.)

    Raises:
        BadInput: it asks for something of Python itself that is not data. It would not be called, but such a file was made
            to run something.
    """
    of_numpy = {name for _, name in _numpy()}
    for name in asked:
        module, _, own = name.rpartition(".")
        data = name == "_codecs.encode" or module.split(".")[0] in DATA or (module == "builtins" and own in BUILTINS)
        if module.split(".")[0] in sys.stdlib_module_names and not data:
            raise BadInput(path, f"a pickle that asks for {name}, which is code; it was not run", ALONE)
    return [type("LeftOut", (LeftOut,), {"asked": name}) for name in asked if name not in of_numpy]


@functools.cache
def _numpy() -> list[tuple[object, str]]:
    """What numpy's numbers and arrays of numbers are made of in a pickle: (function or class, its name there). None of it
    runs what a file says: the types are those of numbers and text, without the one of Python objects. A checkpoint often has
    such a number, its best accuracy."""
    scalar, array = numpy_arrays.scalar, numpy_arrays._reconstruct  # noqa: SLF001 - the name that pickles have
    modules = ("numpy.core.multiarray", "numpy._core.multiarray")  # before numpy 2, and since
    found = [(each, f"{module}.{each.__name__}") for module in modules for each in (scalar, array)]
    types = {type(np.dtype(code)) for code in "?bhilqBHILQefdFDSU"}
    named = [(each, f"{each.__module__}.{each.__qualname__}") for each in sorted(types, key=str)]
    return [*found, (np.ndarray, "numpy.ndarray"), (np.dtype, "numpy.dtype"), *named]
