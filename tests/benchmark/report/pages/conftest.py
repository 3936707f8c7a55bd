"""A report with a page of every kind, for the tests of the pages."""

import shutil
from pathlib import Path

import pytest

from benchmark.protocol.cells import Cell, load_cells
from benchmark.protocol.protocol import PROTOCOLS
from benchmark.report.build import build
from benchmark.report.material import Material, read_material

REPORTS = Path(__file__).parents[4] / "reports"
OUTSIDE = {
    "kind": "onnx", "source": "net.onnx", "sha256": "0" * 64, "stated": {"accuracy": 0.66, "source": "their README"},
    "extra_training_data": "AffectNet", "warnings": ["class order looks mismatched"], "outputs": "logits", "seen": "no",
}  # fmt: skip
RELEASE = """# The release

What a [table](tables/claims.md) and [a page](claims.md#claim-by-claim) say, with <b>HTML</b> & `code`.

| | Layer | [Parameters](https://example.org/x) |
| --- | --- | ---: |
| 1 | one_long_name_of_a_variable/that/no/line/holds/without/a/break | 3,061,600 |

## Further

<script>evil()</script>

![sheet](release/shortcut-scalars.svg) ![out](http://evil.example/x.png) [no](javascript:evil())
"""


@pytest.fixture(scope="session")
def whole(made_once, make_grid, make, cell) -> Path:
    """The folder of a report with a page of every kind: over the records of `built`, some of claims, an own protocol and
    models of others, with the suite's counts, gradients, faces, an audited data set with its sheet, an audited release."""
    return made_once("whole", lambda out: write_whole(out, make_grid, make, cell))


def write_whole(out: Path, make_grid, make, cell) -> None:
    """The report of `whole`, in an empty folder."""
    records = out / "records"
    make_grid(records)
    mine = (PROTOCOLS / "synthetic-8.yaml").read_text(encoding="utf-8").replace("name: synthetic-8", "name: mine")
    (out / "mine.yaml").write_text(mine)
    make(records / "own", str(out / "mine.yaml"), cell("identity", "working", "plain"), 0)
    known = load_cells()  # those of the claims, with the number of their parameters
    for seed in range(5):
        make(records, "fer2013-7", known["bregnext-50-adaptive-working-plain"], seed, parameters=3_072_567)
        if seed < 3:
            make(records, "fer2013-7", cell("identity", "working", "plain"), seed, quality=0.8)
            for at, name in enumerate(("narrow16-50-identity-working-plain", "narrow16-50-adaptive-working-plain")):
                make(records, "fer2013-7-small", known[name], seed, quality=1 + at, parameters=771_335 + 48 * at)
    for name, protocol, parameters in (("theirs", "synthetic-8", 2_000_000), ("alone", "fer2013-7", None)):
        empty = {"history": [], "selected_epoch": None, "train_counts": None, "parameters": parameters}
        make(records / "outside", protocol, Cell(name, "outside", {}, "outside"), 0, outside=OUTSIDE, **empty)
    for kind in ("data", "faces"):
        shutil.copytree(REPORTS / kind / "synthetic", out / kind / "synthetic")
    shutil.copy(REPORTS / "complexity.json", out)
    (out / "gradients").mkdir()
    for name in ("default.json", "default.machine.json"):
        shutil.copy(REPORTS / "gradients" / name, out / "gradients")
    (out / "release").mkdir()
    shutil.copy(REPORTS / "release" / "shortcut-scalars.svg", out / "release")
    (out / "release-audit.md").write_text(RELEASE)
    build(records, out / "complexity.json", out / "data", out)


@pytest.fixture(scope="session")
def site(whole, read_site):
    """Address -> page, of `whole`."""
    return read_site(whole)


@pytest.fixture(scope="session")
def material(whole) -> Material:
    """What the pages of `whole` were made from, read anew."""
    return read_material(whole / "records", whole / "complexity.json", whole / "data", whole)
