"""Altered record.json, machine.json, seal.json and predictions.npz: refused in one line, or shown in a list why not.

Two attackers: one alters a file and leaves the seal as it is; nothing that he changes may pass. A careful forger makes every
digest fit again. What passes then is listed in `TRUSTED`, with the reason: it can not be recomputed from a record.
"""

import copy
import fnmatch
import io
import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.records.record import UNREADABLE

KINDS = ("classes", "valence", "folds", "outside", "machine")
EXAMPLES = 30
RUNS = [EXAMPLES, pytest.param(20 * EXAMPLES, marks=pytest.mark.slow)]

# Field of record.json (a part of a path, with wildcards) -> why a forged value of it passes. Everything else is caught.
TRUSTED = {
    "environment*": "describes the machine; verify --retrain compares it",
    "cost*": "times can not be measured again elsewhere; they are shown on a page of their own",
    "folds.*.cost.*": "as cost",
    "code": "the digest of the code that made it; verify --retrain compares it with the code here",
    "history.*.train_loss": "needs the training faces and the weights of that epoch; verify --retrain",
    "history.*.learning_rate": "of the recipe's schedule; verify --retrain",
    "history.*.validation.*": "of epochs that were not selected; the selected one is checked; verify --retrain",
    "history.*.test.*": "as validation",
    "folds.*.history.*": "as history, and predictions are pooled over folds; verify --retrain",
    "folds.*.input*": "as input",
    "input*": "mean and deviation of the training faces, whose pixels a record does not have; verify --retrain",
    "outside.source": "what the submitter says of himself",
    "outside.kind": "as source",
    "outside.sha256": "as source",
    "outside.outputs": "as source; logits and probabilities are stored alike, one-hot rows are checked if it says classes",
    "outside.stated*": "as source; the leaderboard calls it stated",
    "outside.extra_training_data": "as source",
    "outside.warnings*": "a sentence too many; those that the predictions deserve must be there",
    "parameters": "of an outside entry, as its submitter states",
}

HOSTILE = [
    None, True, False, 0, -1, 1, 2, 10**6, -(10**6), 2**31, 2**62, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e-300, 1e300,
    math.nan, math.inf, -math.inf, "@1e999@", "@huge@", "@deep@", "", " ", "x", "none", "..", "../../x", "/etc/passwd",
    "a/b", "a.b", "$x^$", "<script>", "=HYPERLINK(1)", "\x00", "\n", "\x1b[31m", "\u202e", "\ud800", "\U0001f600", "x" *
    5000,     [], {}, [[]], [{}], {"": None}, ["x", "x"], [None], {"name": "x"}, [1, [2, [3]]], "imported", "outside",
    "synthetic-8", "1.0", "2.0", "plain", "weighted", "focal", "mse", "finished", "diverged", "last", "timm:resnet18",
    "os:system",
]  # fmt: skip
RAW = {'"@1e999@"': "1e999", '"@huge@"': "9" * 5000, '"@deep@"': "[" * 30000 + "]" * 30000}


def spelled(value: object) -> bytes:
    """JSON as an attacker spells it: with NaN, halves of surrogate pairs, endless nesting, numbers out of range."""
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(name, raw)
    return text.encode()


def nested(depth: int) -> object:
    value: object = None
    for _ in range(depth):
        value = [value]
    return value


def altered(draw, contents: object) -> tuple[object, tuple]:
    """A copy of JSON contents with one alteration at a random place, and that place."""
    contents, path = copy.deepcopy(contents), []
    parent, key, here = None, None, contents
    while isinstance(here, dict | list) and here and (not path or draw(st.integers(0, 5)) > 0):
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        parent, key = here, draw(st.sampled_from(keys))
        path.append(key)
        here = here[key]
    kind = draw(st.sampled_from(("hostile", "hostile", "near", "near", "near", "delete", "add", "swap", "double", "deep")))
    if kind == "near" and isinstance(here, int | float) and not isinstance(here, bool):
        change = draw(st.sampled_from((lambda x: x + 1, lambda x: x - 1, lambda x: -x, lambda x: x * 2, lambda x: x + 1e-6,
                                       lambda x: x * 1.01, float, int, lambda x: x == 1, str)))  # fmt: skip
        parent[key] = change(here)
    elif kind == "near" and isinstance(here, str):
        other = draw(st.text(max_size=3))
        parent[key] = draw(st.sampled_from((here + other, other, here.upper(), here[1:], here + " ", here[::-1])))
    elif kind == "delete":
        del parent[key]
    elif kind == "add" and isinstance(here, dict):
        here[draw(st.sampled_from(("", "x", "cost", "folds", "outside", "learning_rate", "../x", "\ud800")))] = draw(
            st.sampled_from(HOSTILE)
        )
    elif kind == "add" and isinstance(here, list):
        here.insert(draw(st.integers(0, len(here))), draw(st.sampled_from(HOSTILE)))
    elif kind == "swap":
        other = draw(st.sampled_from(list(parent) if isinstance(parent, dict) else list(range(len(parent)))))
        parent[key], parent[other] = parent[other], parent[key]
    elif kind == "double" and isinstance(here, list):
        here += copy.deepcopy(here)
    elif kind == "deep":
        parent[key] = nested(draw(st.sampled_from((10, 400, 900))))
    else:
        parent[key] = draw(st.sampled_from(HOSTILE))
    return contents, tuple(path)


def damaged(draw, contents: bytes) -> bytes:
    """Bytes with a flipped bit, a cut, an insertion, or nothing left of them."""
    place = draw(st.integers(0, len(contents) - 1))
    how = draw(st.sampled_from(("flip", "flip", "flip", "cut", "insert", "replace", "empty", "twice")))
    if how == "flip":
        return contents[:place] + bytes([contents[place] ^ (1 << draw(st.integers(0, 7)))]) + contents[place + 1 :]
    if how == "cut":
        return contents[:place]
    if how in ("insert", "replace"):
        new = draw(st.binary(min_size=1, max_size=8))
        return contents[:place] + new + contents[place + (len(new) if how == "replace" else 0) :]
    return contents * 2 if how == "twice" else b""


def altered_arrays(draw, arrays: dict) -> dict:
    """Predictions with one alteration: of a value, a dtype, a shape, a name."""
    arrays = dict(arrays)
    name = draw(st.sampled_from(sorted(arrays)))
    array = arrays[name]
    how = draw(st.sampled_from(("value", "value", "value", "dtype", "shape", "delete", "add", "swap", "no array", "big")))
    if how == "value":
        array = array.copy()
        flat = array.reshape(-1)
        place = draw(st.integers(0, flat.size - 1))
        if array.dtype.kind == "U":
            flat[place] = draw(st.sampled_from(("", "x", flat[0], flat[-1], "../x", "\x00")))
        elif array.dtype.kind == "i":
            flat[place] = draw(st.sampled_from((-1, 0, 1, 7, 8, 2**40, -(2**63))))
        else:
            flat[place] = draw(st.sampled_from((np.nan, np.inf, 0.0, 1.0, -1.0, 1e30, -3e38, float(flat[place]) + 1)))
        arrays[name] = array
    elif how == "dtype":
        kinds = ("f2", ">f4", "f8", "c8", "i1", ">i8", "u8", "?", "O", "S9", "U1", "U40", "M8[s]", "V8")
        try:
            arrays[name] = array.astype(draw(st.sampled_from(kinds)))
        except (ValueError, TypeError, OverflowError):
            arrays[name] = np.zeros(len(array), draw(st.sampled_from(("V8", "M8[s]", [("a", "i4")]))))
    elif how == "shape":
        arrays[name] = draw(st.sampled_from((
            array[:-1], array[:0], array[:1], array[None], array[..., None], array.reshape(-1), array.reshape(-1)[0],
            np.concatenate([array, array]), array[::-1], np.asfortranarray(array), np.roll(array, 1, axis=0),
        )))  # fmt: skip
    elif how == "delete":
        del arrays[name]
    elif how == "add":
        new = draw(st.sampled_from(("x", "test_outputs_x", "../x", "", "allow_pickle", "validation_ids", "test_ids")))
        arrays[new] = draw(st.sampled_from((array, np.array(0), np.array("x"), np.zeros((0, 3), np.float32))))
    elif how == "swap":
        other = draw(st.sampled_from(sorted(arrays)))
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif how == "no array":
        del arrays[name]
        arrays[draw(st.sampled_from((name, f"{name}.npy", f"{name}.npy.npy")))] = draw(
            st.sampled_from((b"", b"no array", b"\x93NUMPY\x01\x00\x10\x00{'descr': 'f4'}", b"\x93NUMPY\x09\x00"))
        )
    else:
        shape = draw(st.sampled_from(((2**40,), (2**62, 4), (-1,), (0, 2**60), (2**31, 2**31))))
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        del arrays[name]
        arrays[f"{name}.npy"] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"\0" * 40
    return arrays


def same(one: object, other: object) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


@pytest.mark.parametrize("examples", RUNS)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_altered_under_a_seal_is_refused(kind, examples, originals, known, lay, tools):
    original = originals[kind]

    @settings(max_examples=examples)
    @given(st.data())
    def check(data):
        files = dict(original.files)
        name = data.draw(st.sampled_from(sorted(files)))
        if name == "predictions.npz":
            if data.draw(st.booleans()):
                files[name] = tools.packed(altered_arrays(data.draw, original.arrays))
            else:
                files[name] = damaged(data.draw, files[name])
        elif data.draw(st.booleans()):
            files[name] = spelled(altered(data.draw, json.loads(files[name]))[0])
        else:
            files[name] = damaged(data.draw, files[name])
        record = tools.accepted(lay(files, original.place), known)
        if record is not None:
            whole = json.loads(original.files["record.json"]) | json.loads(original.files.get("machine.json", "{}"))
            whole.pop("seal", None)
            assert same(record.contents, whole)
            assert all(np.array_equal(record.predictions[n], a) for n, a in original.arrays.items())

    check()


@pytest.mark.parametrize("examples", RUNS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_careful_forger_changes_nothing_but_what_is_listed(kind, examples, originals, known, lay, tools):
    original = originals[kind]

    @settings(max_examples=3 * examples)
    @given(st.data())
    def check(data):
        files = dict(original.files)
        contents = original.contents
        for _ in range(data.draw(st.integers(1, 2))):
            if not isinstance(contents, dict):
                break
            contents, path = altered(data.draw, contents)
        if isinstance(contents, dict):
            contents = tools.consistent(contents, None)
            seed = contents.get("seed")
        else:
            seed = None
        files["record.json"] = spelled(contents)
        place = original.place.with_name(f"seed{seed}") if type(seed) is int and 0 <= seed < 2**62 else original.place
        record = tools.accepted(lay(tools.resealed(files), place), known)
        if record is not None:
            assert_listed(record, original, tools)

    check()


def assert_listed(record, original, tools):
    """Whatever differs from the original is in `TRUSTED`; or the record stands in another table, or under another name."""
    before, after = tools.leaves(original.contents), tools.leaves(dict(record.contents))
    if record["protocol_hash"] != original.contents["protocol_hash"]:
        # Another version of the protocol, or one of another name: a table of its own.
        assert (record.protocol, record["protocol"]["version"]) != (
            original.contents["protocol"]["name"], original.contents["protocol"]["version"])  # fmt: skip
        return
    if record["data"]["fingerprint"] != original.contents["data"]["fingerprint"]:
        return  # other bytes: a table of its own, marked
    if record.cell != original.contents["cell"]["name"] or record.seed != original.contents["seed"]:
        return  # a run of its own, whose name no package uses
    changed = {path for path in before.keys() | after.keys() if before.get(path, "absent") != after.get(path, "absent")}
    names = {".".join(map(str, path)) for path in changed} - {"schema"}
    odd = sorted(name for name in names if not any(fnmatch.fnmatchcase(name, each) for each in TRUSTED))
    assert not odd


@pytest.mark.parametrize("examples", RUNS)
@pytest.mark.parametrize("kind", ["classes", "valence", "folds", "outside"])
def test_predictions_that_were_altered_do_not_fit_the_record(kind, examples, originals, known, lay, tools):
    """Altered outputs may pass only where every score and loss of the record stays as it was; ids and targets never."""
    original = originals[kind]

    @settings(max_examples=2 * examples)
    @given(st.data())
    def check(data):
        arrays = altered_arrays(data.draw, original.arrays)
        files = dict(original.files)
        files["predictions.npz"] = tools.packed(arrays)
        try:
            with np.load(io.BytesIO(files["predictions.npz"])) as stored:
                arrays = {name: stored[name] for name in stored.files}
            contents = tools.consistent(original.contents, arrays)
        except (*UNREADABLE, AttributeError):  # AttributeError: a member that is no array has no digest
            contents = original.contents
        files["record.json"] = spelled(contents)
        record = tools.accepted(lay(tools.resealed(files), original.place), known)
        if record is not None:
            for name, array in original.arrays.items():
                if name.endswith(("_ids", "_targets")):
                    assert np.array_equal(record.predictions[name], array)

    check()


@pytest.mark.parametrize("examples", RUNS)
def test_a_machine_file_is_data_as_well(examples, originals, known, lay, tools):
    original = originals["machine"]

    @settings(max_examples=examples)
    @given(st.data())
    def check(data):
        files = dict(original.files)
        files["machine.json"] = spelled(altered(data.draw, json.loads(files["machine.json"]))[0])
        record = tools.accepted(lay(tools.resealed(files), original.place), known)
        if record is not None:
            assert same({k: v for k, v in record.contents.items() if k not in ("environment", "cost")},
                        {k: v for k, v in original.contents.items() if k not in ("environment", "cost")})  # fmt: skip

    check()


def test_the_list_of_what_is_trusted_names_fields_that_exist(originals, tools):
    names = {".".join(map(str, path)) for each in originals.values() for path in tools.leaves(each.contents)}
    assert not [rule for rule in TRUSTED if not fnmatch.filter(names, rule)]
