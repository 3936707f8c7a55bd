"""Warnings of outside entries are made again."""

import json

from benchmark.records.checks.known import Known, own_protocol
from benchmark.records.doubts import doubt_of
from benchmark.records.examine import NOT_CHECKED, examine

OUTSIDE = "outside/fer2013-7/fer-mini-xception/seed0"


def permuted(arrays):
    for name in [name for name in arrays if "_outputs_" in name]:
        arrays[name] = arrays[name][:, [3, 1, 2, 0, 4, 5, 6]]


def test_a_deleted_warning_is_named(committed, faults, passes):
    assert passes(committed(OUTSIDE), "warnings")
    record = committed(OUTSIDE, arrays=permuted)
    sentence = doubt_of(own_protocol(record), record.predictions).sentence
    found = faults(record)
    assert set(found) == {"warnings"} and f"found none of this kind; expected the warning '{sentence}'" in found["warnings"]
    assert "swapping 'angry' and 'happy'" in json.dumps(found) and "--replace" in found["warnings"]
    old = "class order looks mismatched: permuting the columns ...; column 'angry' holds 'happy', 'happy' holds 'angry'"
    kept = committed(OUTSIDE, lambda c: c["outside"].update(warnings=[old]), permuted)
    assert passes(kept, "warnings") and not faults(kept)
    kept = committed(OUTSIDE, lambda c: c["outside"].update(warnings=["of the model itself", sentence]), permuted)
    assert passes(kept, "warnings") and not faults(kept)
    other = committed(OUTSIDE, lambda c: c["outside"].update(warnings=["a harmless sentence"]), permuted)
    assert set(faults(other)) == {"warnings"}


def test_a_run_has_none_and_what_failed_before_is_not_checked(committed, passes):
    assert passes(committed("synthetic-8/resnet18-plain/seed0", None), "warnings")

    def invented(arrays):
        permuted(arrays)
        arrays["test_targets"] = arrays["test_outputs_none"].argmax(1)

    results = examine(committed(OUTSIDE, arrays=invented), Known())
    assert (results["warnings"].outcome, results["warnings"].why) == (NOT_CHECKED, "since faces failed")
