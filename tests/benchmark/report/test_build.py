"""The whole report: same bytes each time, all or nothing, traceable, and without torch."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark import leftovers
from benchmark.errors import BadInput
from benchmark.records import bootstrapping, image_variance, pairs
from benchmark.report.build import build, made_contents, made_files
from benchmark.report.material import read_material

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="1pt" height="1pt"/>'


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_same_bytes_and_no_torch_in_another_process(built, tmp_path):
    before = contents(built)
    shutil.copytree(built / "records", tmp_path / "records")
    code = (
        "import sys; from pathlib import Path; import benchmark.report.build; assert 'torch' not in sys.modules;"
        "benchmark.records.checks.known.published = lambda *_: None;"  # as conftest.py does
        f"r = Path({str(tmp_path)!r}); benchmark.report.build.build(r / 'records', r / 'complexity.json', r / 'data', r);"
        "assert not {'torch', 'timm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    after = contents(tmp_path)
    assert set(before) == set(after)
    assert [name for name in before if before[name] != after[name] and not name.endswith(".npz")] == []


def test_metrics_files(built):
    found = {path.stem: json.loads(path.read_text()) for path in (built / "metrics").iterdir()}
    table = pd.read_csv(built / "tables" / "runs.csv")
    plain = table[(table["tta"] == "none") & ~table["record"].str.startswith("imported/")]
    means = plain.groupby(["protocol", "cell"])[["accuracy", "macro_f1", "ccc_mean", "rmse_mean"]].mean()
    assert set(found) == {"synthetic-8", "synthetic-va"}
    for protocol, names in {
        "synthetic-8": {"accuracy": "accuracy", "macro_f1": "macro_f1"},
        "synthetic-va": {"ccc": "ccc_mean", "rmse": "rmse_mean"},
    }.items():
        for name, metric in names.items():
            assert found[protocol][name] == pytest.approx(means.loc[protocol, metric].mean(), abs=6e-5)


def test_plots(built):
    history = pd.read_csv(built / "plots" / "history.csv")
    assert list(history) == [
        "protocol", "cell", "seed", "epoch", "train_loss", "validation_loss", "validation_metric", "test_metric",
    ]  # fmt: skip
    record = json.loads((built / "records/synthetic-8/net-fixed-working-plain/seed1/record.json").read_text())
    own = history[(history["cell"] == "net-fixed-working-plain") & (history["seed"] == 1)]
    assert own["test_metric"].tolist() == pytest.approx([e["test"]["accuracy"] for e in record["history"]], abs=1e-9)
    diverged = history[(history["cell"] == "net-adaptive-frozen-plain") & (history["epoch"] == 3)]
    assert len(diverged) == 3 and diverged["train_loss"].isna().all()
    curve = pd.read_csv(built / "plots" / "learning" / "synthetic-8" / "net-fixed-working-plain.csv")
    assert curve["test_metric"].tolist() == pytest.approx(
        [
            history[(history["cell"] == "net-fixed-working-plain") & (history["epoch"] == epoch)]["test_metric"].mean()
            for epoch in curve["epoch"]
        ]
    )
    own = pd.read_csv(built / "plots" / "confusion" / "synthetic-8" / "net-fixed-working-plain.csv")
    assert list(own) == ["actual", "predicted", "faces"] and not own.duplicated(["actual", "predicted"]).any()
    runs = pd.read_csv(built / "tables" / "runs.csv")
    first = runs[(runs["cell"] == "net-fixed-working-plain") & (runs["seed"] == 0) & (runs["tta"] == "none")]
    right = own.loc[own["actual"] == own["predicted"], "faces"].sum() / own["faces"].sum()
    assert right == pytest.approx(first["accuracy"].item())


def test_every_link_of_the_pages_exists(built, broken):
    faults, html, markdown = broken(built)
    assert faults == [] and html > 800 and markdown > 90
    for path in pd.read_csv(built / "tables" / "runs.csv")["record"]:
        assert (built / "records" / path / "record.json").is_file()


def test_the_pages_show_every_table_and_the_environment(built):
    """Each table among the Markdown pages of the results, or on that of the costs."""
    names = ["README.md", "claims.md", *(path.relative_to(built).as_posix() for path in (built / "pages").rglob("*.md"))]
    results, costs = ("".join((built / name).read_text() for name in own) for own in (names, ["costs.md"]))
    for folder, own in (("tables", results), ("costs/tables", costs)):
        paths = list((built / folder).glob("*.md"))
        assert len(paths) >= 4
        for path in paths:
            assert path.read_text() in own, path.name
    assert "| 1 | runs of synthetic-8 (16); runs of synthetic-va (6) |" in costs
    assert "| 1 | test device | not recorded |" in costs and "test device" not in results
    assert "No audit of a data set" in (built / "pages" / "data.md").read_text()
    assert "No audit of a data set" in (built / "pages" / "data.html").read_text()


def test_data_sets_and_left_out_records_are_named(make, cell, tmp_path, undrawn):
    own = cell("identity", "working", "plain")
    make(tmp_path / "records", "synthetic-8", own, 0)
    make(tmp_path / "records", "synthetic-8", own, 0, imported=True)
    for name in ("one", "two"):
        (tmp_path / "data" / name).mkdir(parents=True)
        audit = {"name": name, "version": "2.0", "fingerprint": "f00", "classes": ["sad", "happy"]}
        audit["counts"] = {"train": {"sad": 1000, "happy": 2}, "test": {"happy": 4}}
        if name == "two":
            audit |= {"findings": {"wrong": ["7 groups of copies"], "note": []}, "flags": {"blank": 5}}
        (tmp_path / "data" / name / "audit.json").write_text(json.dumps(audit))
    Image.new("RGB", (8, 8)).save(tmp_path / "data" / "one" / "contact-sheet.png")
    shutil.copytree(
        tmp_path / "data" / "two", tmp_path / "data" / ".two.ffffffff-01234567.tmp"
    )  # an audit at work elsewhere
    build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path / "out")
    readme, page = ((tmp_path / "out" / name).read_text() for name in ("README.md", "pages/data.md"))
    assert (
        "| split | sad | happy | all |\n| --- | --- | --- | --- |\n| train | 1,000 | 2 | 1,002 |\n| test | 0 | 4 | 4 |"
        in page
    )
    assert "(../../data/one/contact-sheet.png)" in page and "two/contact-sheet" not in page
    assert f"- imported/synthetic-8/{own.name}/seed0: left out" in readme
    assert "(../records)" in readme
    assert page.count("- wrong: 7 groups of copies\n") == 1 and 'Flagged "blank": 5 faces' in page
    html = re.sub(r"<[^>]+>", "|", (tmp_path / "out" / "pages" / "data.html").read_text())
    assert "|train||1,000||2||1,002|" in html and "|test||0||4||4|" in html
    assert html.count("|7 groups of copies|") == 1 and 'Flagged "blank": 5 faces' in html.replace("&quot;", '"').replace(
        "&#34;", '"'
    )
    methods = (tmp_path / "out" / "pages" / "methods.html").read_text()
    assert f"imported/synthetic-8/{own.name}/seed0: left out" in methods


def test_a_second_build_leaves_nothing_of_the_first(make, cell, tmp_path, undrawn):
    """Nor of killed calls of any command, anywhere in the report."""
    records = tmp_path / "records"
    left = [tmp_path / f"{name}.{leftovers._machine()}-01234567.tmp" for name in (".tables", "faces/.synthetic")]
    for path in left:
        (path / "inside").mkdir(parents=True)
    make(records, "synthetic-8", cell("identity", "working", "plain"), 0)
    build(records, tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    shutil.rmtree(records)
    make(records, "synthetic-va", cell("identity", "working", "mse"), 0)
    build(records, tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    assert not [name for name in contents(tmp_path) if "synthetic-8" in name]
    assert not any(path.exists() for path in left)


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("complexity.json", "{", "complexity.json"),
        ("complexity.json", '{"schema": 1}', "schema 2"),
        ("out/latency.json", '{"schema": 2}', "schema 1"),
        ("out/gradients/p.machine.json", '{"schema": 1}', "environment"),
        ("data/x/audit.json", "{", "audit.json"),
        ("data/x/audit.json", '{"name": "x"}', "classes, counts, fingerprint, version"),
    ],
)
def test_bad_input_is_named_before_anything_is_written(make, cell, tmp_path, file, text, words):
    make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    before = set(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match=words):
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path / "out")
    assert set(tmp_path.rglob("*")) == before


def test_changed_predictions_are_refused(make, cell, tmp_path):
    record = make(tmp_path / "records", "synthetic-8", cell("identity", "working", "plain"), 0)
    arrays = dict(record.predictions)
    arrays["test_outputs_none"] = arrays["test_outputs_none"] + 1
    np.savez(record.directory / "predictions.npz", **arrays)
    with pytest.raises(BadInput, match="SHA-256"):
        build(tmp_path / "records", tmp_path / "complexity.json", tmp_path / "data", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_every_file_is_read_once(make, cell, tmp_path, undrawn):
    """What is made from the material needs none of the files that it was read from."""
    record = make(tmp_path / "records", "fer2013-7", cell("identity", "working", "plain"), 0)
    groups = dict.fromkeys(("groups", "conflicting", "across_splits"), 1)
    audit = {"name": "fer2013", "version": "1.0", "classes": ["sad"], "counts": {"test": {"sad": 90}}}
    audit |= {"fingerprint": record["data"]["fingerprint"], "exact_copies": groups, "near_copies": None}
    audit |= {"label_order": {"by": "nothing", "ok": None}, "findings": {"wrong": [], "note": []}}
    trial = dict.fromkeys(("trial", "cell_hash", "code", "fingerprint", "device_type", "metric"), "")
    trial |= {"protocol": "fer2013-7-small", "cell": "x", "status": "finished", "best": 0.5, "seed": 100, "epochs": 4}
    trial |= {"changes": {}, "recipe": {"learning_rate": 0.001}, "train_loss": [1.0], "train_seconds": 1.0}
    leaks = {"PrivateTest": {"Training": {"exact": ["test-0"], "near": []}}}
    files = {"data/fer2013/audit.json": json.dumps(audit), "data/fer2013/leaks.json": json.dumps(leaks)}
    files |= {"tuning/fer2013-small.jsonl": json.dumps(trial) + "\n", "release/shortcut-scalars.svg": DRAWING}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    material = read_material(*(tmp_path / name for name in ("records", "complexity.json", "data", ".")))
    shutil.rmtree(tmp_path)
    made = made_files(material, made_contents(material))
    assert {"tables/audits.md", "tables/fer2013-7-leaks.md", "tables/fer2013-small-learning-rates.md"} <= set(made)
    assert made["release/shortcut-scalars.svg"] == DRAWING.encode()


@pytest.mark.slow
def test_the_work_grows_with_the_records_and_not_with_their_pairs(make, cell, tmp_path, monkeypatch):
    """What decides how long a report of many records takes (speed.py beside this file prints how long): the predictions of
    each are read once, all records of a comparison share one bootstrap, and the pages grow by some kilobytes for each."""
    records = tmp_path / "records"
    axes = [(shortcut, "working", "plain") for shortcut in ("identity", "fixed", "adaptive")]
    made = [make(records, name, cell(*axis), k) for name in ("synthetic-8", "fer2013-7") for axis in axes for k in (0, 1)]
    read, columns = Counter(), []
    load, means = np.load, pairs.resampled_means
    monkeypatch.setattr(np, "load", lambda path, **how: (read.update([Path(path)]), load(path, **how))[1])

    def resampled_means(values, *arguments, **how):
        columns.append(values.shape[1])
        return means(values, *arguments, **how)

    for module in (pairs, image_variance):
        monkeypatch.setattr(module, "resampled_means", resampled_means)
    monkeypatch.setattr(bootstrapping, "_bootstrap", lambda *_: pytest.fail("a bootstrap of its own"))
    build(records, tmp_path / "complexity.json", tmp_path / "data", tmp_path)
    assert read == {record.directory / "predictions.npz": 1 for record in made}
    assert columns == [6, 6]
    assert (tmp_path / "index.html").stat().st_size < 500_000
    assert sum(path.stat().st_size for path in (tmp_path / "pages").rglob("*")) < 500_000 + len(made) * 40_000
