"""Values of two reports, one by one."""

import pytest

from benchmark.errors import BadInput
from benchmark.report.values import Comparison, Deviation, compare, files_in, values_of

TABLE = b'cell,accuracy,note\n"a, b",0.5,\nc,0.25,x\n'


def test_values_are_fields_leaves_and_lines():
    files = {"tables/t.csv": TABLE, "metrics/p/c.json": b'{"a": 1, "b": {"c": [2, "x"]}}', "claims.md": b"one\n\ntwo\n"}
    found = compare(files, files)
    assert found.values == 6 + 3 + 2 and not found.deviations and found.told == "every table value equal"


def test_where_each_value_stands():
    more = TABLE + b"d,1,2,3,4\ne\n"
    assert values_of("t.csv", more) == {
        "row 1, cell": "a, b", "row 1, accuracy": "0.5", "row 1, note": "", "row 2, cell": "c", "row 2, accuracy": "0.25",
        "row 2, note": "x", "row 3, cell": "d", "row 3, accuracy": "1", "row 3, note": "2",
        "row 3, beyond the header": "['3', '4']", "row 4, cell": "e", "row 4, accuracy": "", "row 4, note": "",
    }  # fmt: skip
    nested = b'{"a": 1, "b": {"c": [2, "x"], "": {}}, "d": null, "e": 0.5}'
    assert values_of("m.json", nested) == {"a": "1", "b.c.0": "2", "b.c.1": "x", "d": "None", "e": "0.5"}
    assert values_of("claims.md", b"one\n\n  \ntwo\n") == {"line 1": "one", "line 4": "two"}


def test_what_a_deviation_says_and_how_large_it_is():
    missing, words = Deviation("w", None, "0.5"), Deviation("w", "x" * 130, "y")
    assert str(missing) == "w: 'no such value', expected '0.5'" and missing.size is None
    assert str(words) == f"w: '{'x' * 120}', expected 'y'" and words.size is None
    assert Deviation("w", "0.25", "1").size == 0.75 and Deviation("w", "nan", "1").size is None
    assert Comparison(9, (words,)).told == "1 of 9 table values differ, 1 in words or missing"
    both = Comparison(12_345, (Deviation("w", "0.25", "1"), Deviation("w", "2", "1"), missing, words))
    assert both.told == "4 of 12,345 table values differ by at most 1, 2 in words or missing"
    assert Comparison(2, (Deviation("w", "1", "1.000123"),)).told == "1 of 2 table values differ by at most 0.00012"


def test_each_deviation_is_named_and_the_largest_said():
    other = TABLE.replace(b"0.5", b"0.75").replace(b"x", b"y")
    found = compare({"tables/t.csv": other}, {"tables/t.csv": TABLE})
    assert [str(each) for each in found.deviations] == [
        "tables/t.csv, row 1, accuracy: '0.75', expected '0.5'",
        "tables/t.csv, row 2, note: 'y', expected 'x'",
    ]
    assert found.told == "2 of 6 table values differ by at most 0.25, 1 in words or missing"


def test_the_tenth_digit_is_no_deviation_and_the_ninth_is():
    table = b"a\n0.1234567891\n"
    assert not compare({"t.csv": table.replace(b"7891", b"7892")}, {"t.csv": table}).deviations
    assert compare({"t.csv": table.replace(b"7891", b"7901")}, {"t.csv": table}).deviations
    assert compare({"t.csv": table.replace(b"0.12", b"nan")}, {"t.csv": table}).deviations


@pytest.mark.parametrize(
    "found, missing", [({}, 6), ({"t.csv": b"cell,accuracy\na,1\n"}, 6), ({"t.csv": TABLE + b"d,1,2\n"}, 3)]
)
def test_what_is_missing_or_added_deviates(found, missing):
    assert len(compare(found, {"t.csv": TABLE}).deviations) == missing


@pytest.mark.parametrize("name, contents", [("m.json", b"{"), ("t.csv", b"\xff"), ("m.json", b"[" * 100_000)])
def test_a_file_of_another_format_is_bad_input(name, contents):
    with pytest.raises(BadInput, match=f"^{name}: found .*; expected a file of the report$"):
        compare({name: contents}, {})


def test_only_tables_metrics_and_claims_are_read(tmp_path):
    for name in ("tables/a.csv", "tables/a.md", "metrics/p/c.json", "claims.md", "README.md", "costs/tables/b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(files_in(tmp_path)) == {"tables/a.csv", "metrics/p/c.json", "claims.md"}
