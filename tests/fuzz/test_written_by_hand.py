"""params.yaml, protocol files and files of predictions as people leave them: a line deleted, doubled or cut, a value of
another type, a key with a slip. Each ends in one line (BadInput), or what was taken is what is written."""

import contextlib
import copy
import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from benchmark.errors import BadInput
from benchmark.files import read_yaml
from benchmark.outside.prediction_file import read_predictions
from benchmark.protocol.protocol import PROTOCOLS, load_protocol
from benchmark.runs.params import all_runs

ROOT = Path(__file__).parents[2]
EXAMPLES = 25
RUNS = [EXAMPLES, pytest.param(20 * EXAMPLES, marks=pytest.mark.slow)]
# What a value becomes. Each is right in some place of some file.
ODD = (
    None, True, False, 0, -1, -4, 1, 7, 2**31, 2**63, -(2**70), 0.0, 0.5, -0.5, 1.5, 1e-320, 1e308, math.nan, math.inf, "",
    "0", "1e-3", "none", "flip", "plain", "mse", "synthetic-8", "a/b", "../x", "x" * 300, "\ud800", "\u202e", "\x1b[31m", [],
    {}, [0], ["0"], [0, 0], [[]], [None], {"a": 1}, {1: 2}, [{"a": [math.nan]}], {"cells": "*", "seeds": [0]},
)  # fmt: skip
LINES = (
    "- 0", "seeds: [0]", "epochs: 3", "  x: &a [*a]", "? [a]", "\t", "%YAML 9", "--- ", "...", "<<: {epochs: 1}",
    "a: !!set {b}", "d: 2024-13-45", "d: 2024-12-24", "n: 0x" + "f" * 400, "b: !!binary aGk=",
    "o: !!python/object:os.system x", "[" * 300,
    "'", '"\\ud800"', "*q", "|", "name: other", "\u2028", "\x00",
)  # fmt: skip


def paths(value: object, path: tuple = ()) -> list[tuple]:
    """The paths of all values below a mapping or list."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [p for key, each in below for p in ((*path, key), *paths(each, (*path, key)))]


@st.composite
def altered_text(draw, contents: dict) -> bytes:
    """A YAML file with one to three alterations of its values, keys, lines or bytes."""
    changed = copy.deepcopy(contents)
    kinds = draw(st.lists(st.sampled_from(("value", "value", "key", "gone", "line", "cut", "byte")), min_size=1, max_size=3))
    for kind in kinds:
        if kind not in ("value", "key", "gone") or not (found := paths(changed)):
            continue
        *above, last = draw(st.sampled_from(found))
        place = changed
        for key in above:
            place = place[key]
        if kind == "value":
            place[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif kind == "gone" or not isinstance(place, dict):
            del place[last]
        else:
            place[draw(st.sampled_from((f"{last}s", f"{last}"[:-1], str(last).upper(), 5, "", "x.y")))] = place.pop(last)
    text = yaml.safe_dump(changed, sort_keys=False, allow_unicode=False)
    for kind in kinds:
        lines = text.split("\n")
        at = draw(st.integers(0, len(lines) - 1))
        if kind == "line":
            deed = draw(st.sampled_from(("double", "drop", "indent", "put")))
            own = draw(st.sampled_from(LINES)) if deed == "put" else lines[at]
            lines[at : at + 1] = {"double": [own, own], "drop": [], "indent": [f"  {own}"], "put": [lines[at], own]}[deed]
            text = "\n".join(lines)
        elif kind == "cut":
            text = text[: draw(st.integers(0, len(text)))]
    data = text.encode("utf-8", "surrogatepass")
    if "byte" in kinds and data:
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.sampled_from((b"\xff", b"\xc3", b"\x00", b":", b"'", b"{", b"-", b" "))) + data[at + 1 :]
    return data


def some_params() -> dict:
    """params.yaml with two of its entries, one with seeds of its own."""
    whole = read_yaml(ROOT / "params.yaml")
    keys = [key for key in whole["runs"] if "mini-xception" in key or key.endswith("-mse")][:2]
    runs = {key: whole["runs"][key] for key in keys}
    runs[keys[0]]["seeds"] = [3, 4]
    return {key: whole[key] for key in ("profile", "seeds", "data")} | {"runs": runs}


def try_params(data: bytes, folder: Path) -> bool:
    """Whether a params.yaml is taken. What is taken has to be what is written."""
    path = folder / "params.yaml"
    path.write_bytes(data)
    try:
        contents = read_yaml(path)
        runs = all_runs(contents)
    except BadInput as error:
        assert str(error).isprintable()
        return False
    written = yaml.safe_load(data)
    for run in runs:
        assert type(run.seed) is int and run.seed >= 0
    expected = []
    for entry in written["runs"].values():
        own = {"model": entry["model"], "options": entry.get("options") or {}, "loss": entry["loss"]}
        own |= {"learning_rate": entry["learning_rate"]} if "learning_rate" in entry else {}
        for seed in entry["seeds"] if "seeds" in entry else written["seeds"]:
            expected.append((entry["protocol"], entry["cell"], seed, own))
    found = [(run.protocol.name, run.cell.name, run.seed, run.cell.definition) for run in runs]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert len({run.place for run in runs}) == len(runs)
    return True


def some_protocol() -> dict:
    return read_yaml(PROTOCOLS / "fer2013-7-released.yaml") | {"name": "mine", "data_options": {"size": 48}}


def try_protocol(data: bytes, folder: Path) -> bool:
    """Whether a protocol file is taken. What is taken has to be what is written, and something that can be trained."""
    from torch import nn

    from benchmark.runs.training.augmentation import AUGMENTATIONS
    from benchmark.runs.training.evaluation import TTA
    from benchmark.runs.training.optimizer import learning_rate, make_optimizer

    path = folder / "mine.yaml"
    path.write_bytes(data)
    try:
        protocol = load_protocol(str(path))
    except BadInput as error:
        assert str(error).isprintable()
        return False
    written = {key: value for key, value in yaml.safe_load(data).items() if value is not None}
    made = {key: value for key, value in protocol.as_dict().items() if key != "recipe"}
    written["recipe_name"] = written.pop("recipe")
    assert made | {"splits": None} == {"splits": None} | written | {"splits": None}
    assert dict(protocol.splits) == written.get("splits", {}) and len(protocol.hash) == 16
    assert protocol.epochs >= 1 and protocol.input_size >= 1 and set(protocol.tta) <= set(TTA)
    assert protocol.recipe.augmentation in AUGMENTATIONS and make_optimizer(protocol.recipe, nn.Linear(2, 2))
    assert all(0 <= learning_rate(protocol.recipe, step, 1000) < math.inf for step in (0, 1, 500, 999))
    return True


@pytest.mark.parametrize("examples", RUNS)
@pytest.mark.parametrize(("attempt", "contents"), [(try_params, some_params), (try_protocol, some_protocol)])
def test_what_is_written_by_hand(attempt, contents, examples, tmp_path):
    assert attempt(yaml.safe_dump(contents(), sort_keys=False).encode(), tmp_path)  # else nothing would be tried

    @settings(max_examples=examples)
    @given(altered_text(contents()))
    def check(data):
        attempt(data, tmp_path)

    check()


IDS = [f"test-{k}" for k in range(6)]
CELLS = ("", " ", "nan", "inf", "-inf", "1e400", "-1", "0", "1", "0.5", "5e-324", "1_0", "0x1", "\u0663", "text", "=1",
         "test-0", '"', '"a,b"', "\x00", "\u202e", "x" * 200_000, "happy", "6", "7", "-0", "1,5", "NULL")  # fmt: skip


def some_predictions(kind: str) -> list[list[str]]:
    """The rows of a csv of predictions for `load_protocol("fer2013-7")`: scores or classes."""
    classes = load_protocol("fer2013-7").classes
    if kind == "classes":
        return [["id", "class"], *([name, classes[k % 7]] for k, name in enumerate(IDS))]
    scores = np.random.default_rng(0).dirichlet(np.ones(7), len(IDS)).round(6)
    return [["id", *classes], *([name, *map(str, row)] for name, row in zip(IDS, scores.tolist(), strict=True))]


@st.composite
def altered_predictions(draw) -> bytes:
    rows = some_predictions(draw(st.sampled_from(("scores", "classes"))))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(rows) - 1)) if rows else 0
        deed = draw(st.sampled_from(("cell", "cell", "drop", "double", "column", "short", "long")))
        if not rows or not rows[at]:
            continue
        column = draw(st.integers(0, len(rows[at]) - 1))
        if deed == "cell":
            rows[at][column] = draw(st.sampled_from(CELLS))
        elif deed in ("drop", "double"):
            rows[at : at + 1] = [] if deed == "drop" else [rows[at], list(rows[at])]
        elif deed == "column":
            rows = [row[:column] + row[column + 1 :] for row in rows]
        else:
            rows[at] = rows[at][:-1] if deed == "short" else [*rows[at], "0.1"]
    data = "\n".join(map(",".join, rows)).encode()
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from((b"\xff", b"\x00", b'"', b"\r", b"", b"\xef\xbb\xbf"))) + data[at + 1 :]
    return data


def try_predictions(data: bytes, folder: Path) -> bool:
    """Whether a csv of predictions is taken. What is taken are finite outputs, one row for each line, in its order."""
    path = folder / "mine.csv"
    path.write_bytes(data)
    protocol = load_protocol("fer2013-7")
    try:
        found = read_predictions(path, protocol)
    except BadInput as error:
        assert str(error).isprintable()
        return False
    lines = [line for line in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")) if line]
    header = [cell.strip() for cell in lines[0]]
    written = [dict(zip(header, (cell.strip() for cell in line), strict=True)) for line in lines[1:]]
    assert found.ids.tolist() == [row["id"] for row in written]
    assert found.outputs.shape == (len(written), 7) and np.isfinite(found.outputs).all()
    if found.given == "classes" and "class" in header:
        names = [protocol.classes[k] for k in found.outputs.argmax(1)]
        assert all(name in (row["class"], protocol.classes[int(row["class"])] if row["class"].isdecimal() else "")
                   for name, row in zip(names, written, strict=True))  # fmt: skip
    elif found.given != "classes":
        there = [name in header for name in protocol.classes]  # a class that the model has not is never its answer
        scores = np.array([[float(row[name]) for name in protocol.classes if name in header] for row in written])
        if found.given == "probabilities":
            scores = np.log(np.maximum(scores / scores.sum(1, keepdims=True), 1e-12))
        elif not all(there):
            scores = scores - logsumexp(scores, axis=1, keepdims=True)
        np.testing.assert_allclose(found.outputs[:, there], scores, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.outputs[:, ~np.array(there)], np.log(1e-12))
    return True


@pytest.mark.parametrize("examples", [2 * EXAMPLES, pytest.param(40 * EXAMPLES, marks=pytest.mark.slow)])
def test_files_of_predictions(examples, tmp_path):
    for kind in ("scores", "classes"):
        rows = some_predictions(kind)
        assert try_predictions("\n".join(map(",".join, rows)).encode(), tmp_path)

    @settings(max_examples=examples)
    @given(altered_predictions())
    def check(data):
        try_predictions(data, tmp_path)

    check()


# What becomes of an array.
DEEDS = {
    "flat": lambda a: a.reshape(-1),
    "none": lambda a: a[:0],
    "fewer": lambda a: a[:-1],
    "scalar": lambda a: a.flat[0],
    "bytes": lambda a: a.astype("S"),
    "umlauts": lambda a: np.full(a.shape, b"\xe4"),
    "text": lambda a: a.astype(str),
    "complex": lambda a: np.ones(a.shape, complex),
    "dates": lambda a: np.zeros(a.shape, "M8[s]"),
    "nan": lambda a: np.full(a.shape, np.nan),
    "same": lambda a: a[[0] * len(a)],
    "huge": lambda a: np.full(a.shape, 1e308),
    "bool": lambda a: np.ones(a.shape, bool),
    "half": lambda a: np.ones(a.shape, "f2"),
    "parts": lambda a: np.zeros(a.shape, [("x", int)]),
    "deep": lambda a: a[None],
    "big": lambda a: np.ones(a.shape, ">f8"),
    "high": lambda a: np.full(a.shape, "\ud800"),
    "wide": lambda a: np.full(a.shape, 2**63 - 1),
    "zero": lambda a: np.zeros(a.shape),
}


@st.composite
def altered_arrays(draw) -> dict[str, np.ndarray]:
    """The arrays of an npz of predictions, some of another kind, shape or name."""
    protocol = load_protocol("fer2013-7")
    arrays = {
        "ids": np.array(IDS),
        "scores": np.random.default_rng(0).normal(size=(6, 7)),
        "classes": np.array(protocol.classes),
    }
    for _ in range(draw(st.integers(1, 2))):
        name = draw(st.sampled_from(sorted(arrays)))
        array = arrays[name]
        deed = draw(st.sampled_from((*DEEDS, "gone", "renamed", "added")))
        if deed in DEEDS:
            if array.size and array.ndim:
                with contextlib.suppress(UnicodeError):  # two alterations that numpy can not do one after the other
                    arrays[name] = np.asarray(DEEDS[deed](array))
        elif deed == "added":
            arrays[draw(st.sampled_from(("class", "valence", "x", "../x")))] = array
        elif len(arrays) > 1:
            del arrays[name]
            if deed == "renamed":
                arrays[name.upper()] = array
    return arrays


def test_a_member_that_is_no_array(tmp_path, tools):
    arrays = {"ids": np.array(IDS), "class": np.zeros(6, int)}
    path = tmp_path / "mine.npz"
    for members, taken in ((arrays, True), ({"ids": b"test-0", "class": arrays["class"]}, False)):
        path.write_bytes(tools.packed(members))
        if taken:
            assert read_predictions(path, load_protocol("fer2013-7")).given == "classes"
        else:
            with pytest.raises(BadInput, match="ids: found no array; expected arrays of numbers and text"):
                read_predictions(path, load_protocol("fer2013-7"))


def try_arrays(arrays: dict[str, np.ndarray], folder: Path) -> bool:
    path = folder / "mine.npz"
    np.savez(path, **arrays)
    try:
        found = read_predictions(path, load_protocol("fer2013-7"))
    except BadInput as error:
        assert str(error).isprintable()
        return False
    assert found.outputs.shape == (len(found.ids), 7) and np.isfinite(found.outputs).all()
    assert found.ids.dtype.kind == "U" and len(found.ids) == len(arrays["ids"])
    return True


@pytest.mark.parametrize("examples", [2 * EXAMPLES, pytest.param(40 * EXAMPLES, marks=pytest.mark.slow)])
def test_arrays_of_predictions(examples, tmp_path):
    @settings(max_examples=examples)
    @given(altered_arrays())
    def check(arrays):
        try_arrays(arrays, tmp_path)

    check()
