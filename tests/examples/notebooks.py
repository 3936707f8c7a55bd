"""The notebooks of examples/, executed in a copy of what they need of the project.

    python tests/examples/notebooks.py

writes their outputs into the files of examples/ again, after a change of their code or of the records that they read.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples"
# Notebook -> the folder that it is executed in, below the project's top. Both must work.
WHERE = {"quickstart": "examples", "reading-the-claims": "."}
READ = ("params.yaml", "reports/records", "reports/gradients", "reports/complexity.json", "reports/latency.json",
        "reports/verification.json")  # fmt: skip
HELD = "held"  # tag of a cell whose output is the same on every machine


def committed(name: str) -> nbformat.NotebookNode:
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def project(top: Path) -> Path:
    """A project with the records of this one and without prepared faces."""
    for name in READ:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile)(ROOT / name, top / name)
    (top / "examples").mkdir()
    return top


def executed(name: str, top: Path) -> nbformat.NotebookNode:
    """A notebook with the outputs that it gives now. CellExecutionError for a cell that fails."""
    from nbclient import NotebookClient

    own = {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    own |= {"IPYTHONDIR": str(top / ".ipython"), "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    own |= {"PYTHONWARNINGS": "ignore:IProgress not found"}  # tqdm's, which timm imports, where there are no widgets
    notebook = committed(name)
    for cell in notebook.cells:
        cell.get("outputs", []).clear()
    resources = {"metadata": {"path": str(top / WHERE[name])}}
    how = {"timeout": 300, "kernel_name": "python3", "record_timing": False, "coalesce_streams": True}
    NotebookClient(notebook, resources=resources, **how).execute(env=os.environ | own)
    for cell in notebook.cells:  # a progress bar that is done leaves spaces
        if "outputs" in cell:
            cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr" or each["text"].strip()]
    notebook.metadata["language_info"] = {"name": "python"}  # without the version of this Python
    return notebook


def text_of(cell: nbformat.NotebookNode) -> list[str]:
    """The outputs of a cell as text; for a picture or table its text form."""
    outputs = cell.get("outputs", [])
    return [each["text"] if each["output_type"] == "stream" else each["data"]["text/plain"] for each in outputs]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = project(Path(folder).resolve())
        for name in WHERE:
            nbformat.write(executed(name, top), FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    sys.exit(main())
