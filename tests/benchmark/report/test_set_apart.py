"""Records that are forged, unreadable or unsealed: named in the report, and in no number of it."""

import shutil

import pytest

from benchmark.errors import BadInput
from benchmark.report.build import build
from benchmark.report.compare import compare

NUMBERS = ("tables", "metrics", "plots")
pytestmark = pytest.mark.usefixtures("undrawn")
CELL = "net-identity-working-plain"


def report(root):
    """The report over the records of a folder: its page, and the bytes of everything with numbers in it."""
    out = root / "out"
    build(root / "records", root / "complexity.json", root / "data", out)
    files = [path for part in NUMBERS for path in (out / part).rglob("*") if path.is_file()]
    made = (out / "README.md").read_text(), {path.relative_to(out).as_posix(): path.read_bytes() for path in files}
    shutil.rmtree(out)
    return made


@pytest.fixture
def good(make, cell, tmp_path):
    for seed in (0, 1):
        make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), seed)
        make(tmp_path / "records", "synthetic-8", cell("fixed", "working", "plain"), seed, quality=1.8)
    return tmp_path


def test_one_of_each_among_good_ones(good, make, cell, forge):
    _, numbers = report(good)
    before = compare(good / "records", CELL, "net-fixed-working-plain")
    bad = {seed: make(good / "records", "synthetic-8", cell("identity", "working", "plain"), seed) for seed in (2, 3, 4, 5)}
    forge(bad[2].directory, lambda c: c.update(selected_epoch=3))
    (bad[3].directory / "record.json").write_text("{")
    (bad[4].directory / "seal.json").unlink()
    (bad[5].directory / "predictions.npz").write_bytes(b"nothing")
    page, found = report(good)
    assert set(found) == set(numbers) and [name for name in numbers if found[name] != numbers[name]] == []
    for seed, sentence in (
        (2, "selected epoch: found 3; expected epoch 1, by the rule best-validation"),
        (3, "record.json: found Expecting property name enclosed in double quotes"),
        (4, "found no seal; expected seal.json"),
        (5, "predictions.npz: found nothing to read"),
    ):
        (line,) = [line for line in page.splitlines() if f"synthetic-8/{CELL}/seed{seed}: set apart: " in line]
        assert sentence in line
    after = compare(good / "records", CELL, "net-fixed-working-plain")
    assert after == before


def test_a_cells_name_that_lies_reaches_no_table(committed, really_published, tmp_path):
    """Three class-weighted records under the plain cell's name, imported beside the real ones."""
    plain, weighted = "narrow8-12-identity-working-plain", "narrow8-12-identity-working-weighted"
    for seed in (0, 1):
        committed(f"synthetic-8/{plain}/seed{seed}")
        committed(f"synthetic-8/{weighted}/seed{seed}")
    (tmp_path / "copies").rename(tmp_path / "records")
    _, numbers = report(tmp_path)
    for seed in (0, 1, 2):
        place = f"imported/synthetic-8/{plain}/seed{seed}"
        committed(f"synthetic-8/{weighted}/seed{seed}", lambda c: c["cell"].update(name=plain), to=place)
        shutil.move(tmp_path / "copies" / place, tmp_path / "records" / place)
    page, found = report(tmp_path)
    assert found == numbers
    lines = [line for line in page.splitlines() if f"imported/synthetic-8/{plain}/seed" in line and "set apart" in line]
    assert len(lines) == 3 and all("another definition needs another name" in line for line in lines)


def test_without_any_good_one_the_first_fault_is_named(good, forge):
    for folder in [path.parent for path in (good / "records").rglob("record.json")]:
        forge(folder, lambda c: c["history"].pop())
    with pytest.raises(BadInput, match="found no record that is in order; synthetic-8/net-.*/seed0: set apart: .*history"):
        report(good)
    assert not (good / "out").exists()
