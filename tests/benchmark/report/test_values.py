"""Values of two reports, one by one."""

import pytest

from benchmark.errors import BadInput
from benchmark.report.values import compare, files_in

TABLE = b'cell,accuracy,note\n"a, b",0.5,\nc,0.25,x\n'


def test_values_are_fields_leaves_and_lines():
    files = {"tables/t.csv": TABLE, "metrics/p/c.json": b'{"a": 1, "b": {"c": [2, "x"]}}', "claims.md": b"one\n\ntwo\n"}
    found = compare(files, files)
    assert found.values == 6 + 3 + 2 and not found.deviations and found.told == "every table value equal"


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
    with pytest.raises(BadInput, match=name):
        compare({name: contents}, {})


def test_only_tables_metrics_and_claims_are_read(tmp_path):
    for name in ("tables/a.csv", "tables/a.md", "metrics/p/c.json", "claims.md", "README.md", "costs/tables/b.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert set(files_in(tmp_path)) == {"tables/a.csv", "metrics/p/c.json", "claims.md"}
