"""Raw folders that are too large to copy: ``data/raw/NAME/source.yaml`` is a pointer to a folder that stays where it is.

The pointer contains the folder's absolute path and a digest of the listing (relative names and sizes of all files). The
files' bytes are not read, so that 100 GB are listed in seconds. DVC tracks the pointer. So the stage `prepare` becomes stale
when a folder with other files is added.
"""

import hashlib
import os
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.faces.reading.walking import folders_below
from benchmark.files import Json, read_yaml, write_text

POINTER = "source.yaml"


def listing(folder: Path) -> dict[str, Json]:
    """{``files``: number of files below `folder`, ``bytes``: their total size, ``sha256``: digest of the sorted lines
    "name<TAB>size", one per file}.

    The files are those of `walking.folders_below`: without hidden ones and what systems add later, and also behind links. A
    link to a file counts with the size of its target.
    """
    lines = []
    for top, files, _ in folders_below(folder):
        inside = os.path.relpath(top, folder)
        for name in files:
            path = os.path.join(top, name)
            size = os.stat(path).st_size if os.path.exists(path) else -1  # -1: a link to nothing
            lines.append((os.fsencode(os.path.normpath(os.path.join(inside, name))), size))
    total = hashlib.sha256()
    for path_bytes, size in sorted(lines):
        total.update(b"%s\t%d\n" % (path_bytes, size))
    return {"files": len(lines), "bytes": sum(max(size, 0) for _, size in lines), "sha256": total.hexdigest()}


def write_pointer(folder: Path, target: Path) -> Path:
    """Write the pointer ``folder/source.yaml`` to `target` and return the pointer's path. If there is one to the same
    target, or to a folder that is not there any more, it is written anew. BadInput if `folder` contains anything else."""
    import yaml

    pointer, target = folder / POINTER, target.resolve()
    present = sorted(p.name for p in folder.glob("[!.]*") if p.name != POINTER) if folder.is_dir() else []
    if folder.is_file():
        raise BadInput(folder, "a file", f"nothing; to read {target} in its place, remove {folder} first")
    if folder.is_symlink() or folder.resolve() == target:
        raise BadInput(folder, "a link or the folder itself", f"no such folder, or one with a {POINTER}")
    if present:
        what = folder / present[0] if len(present) == 1 else f"what is in {folder}"
        expected = f"nothing, or a {POINTER}; to read {target} in its place, remove {what} first"
        raise BadInput(folder, ", ".join(present[:3]), expected)
    if pointer.is_file() and (other := _read(pointer)["path"]) != str(target) and Path(other).is_dir():
        raise BadInput(pointer, other, f"no {POINTER}, or one of {target}; delete it to change the folder")
    write_text(pointer, yaml.safe_dump({"path": str(target), **listing(target)}, sort_keys=False, allow_unicode=True))
    return pointer


def resolve(folder: Path) -> Path:
    """The folder that the pointer ``folder/source.yaml`` names; `folder` itself if there is no pointer.

    Raises:
        BadInput: the named folder does not exist any more, or its listing differs from the one in the pointer.
    """
    pointer = folder / POINTER
    if not pointer.is_file():
        return folder
    noted = _read(pointer)
    target = Path(noted["path"])
    if not target.is_dir():
        raise BadInput(pointer, f"no folder {target}", "the folder that was added; add it again from its new place")
    now = listing(target)
    if now["sha256"] != noted["sha256"]:
        expected = (
            f"{noted['files']} files of {noted['bytes']} bytes under the names noted; add the folder again to accept it"
        )
        raise BadInput(target, f"{now['files']} files of {now['bytes']} bytes", expected)
    return target


def _read(pointer: Path) -> dict[str, Json]:
    contents = read_yaml(pointer)
    kinds = {"path": str, "files": int, "bytes": int, "sha256": str}
    if any(type(contents.get(name)) is not kind for name, kind in kinds.items()):
        raise BadInput(pointer, "other contents", "path, files, bytes and sha256, as `ferbench data add` writes them")
    return contents
