import dataclasses

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers import ferplus
from benchmark.faces.reading import fer2013_csv

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
# Votes of the 11 small rows and, by hand, what the majority rule makes of them.
VOTES = [
    ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], -1),  # 4 of 9 left
    ([6, 0, 1, 1, 0, 0, 0, 0, 2, 0], 0),  # 6 of 8 left
    ([5, 0, 0, 3, 1, 0, 0, 0, 1, 0], 0),  # 5 of 8 left: a majority only because single votes go first
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], 9),
    ([4, 0, 0, 4, 1, 0, 0, 0, 1, 0], -1),  # 4 of 8 is not MORE than half
    ([0, 0, 0, 0, 0, 0, 0, 6, 2, 2], 7),
    ([0, 0, 0, 2, 0, 0, 0, 0, 7, 1], 8),
    ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], -1),  # nothing left
    ([0, 1, 0, 0, 0, 0, 8, 0, 0, 1], 6),
    ([0, 9, 0, 0, 0, 0, 0, 0, 0, 0], 1),  # nine votes
    ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], -1),
]
# The name's number lags behind the row after the nameless row 3, as in the official file.
NAMES = [f"fer{k:07d}.png" for k in (0, 1, 2)] + [""] + [f"fer{k:07d}.png" for k in range(3, 10)]


def table(small, names=NAMES):
    return [[usage, name, *map(str, votes)] for usage, name, (votes, _) in zip(small.usage, names, VOTES, strict=True)]


def write(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *map(",".join, rows)]) + "\n")
    return path


@pytest.fixture
def raw(small_fer2013, tmp_path):
    small_fer2013.write(tmp_path / "raw" / "fer2013" / "fer2013.csv")
    write(tmp_path / "raw" / "ferplus" / "fer2013new.csv", table(small_fer2013))
    return tmp_path / "raw"


def test_majority_by_hand():
    assert ferplus.majority(np.array([votes for votes, _ in VOTES])).tolist() == [label for _, label in VOTES]


def test_majority_against_a_plain_reference():
    def reference(votes):
        left = list(votes)
        for column in range(10):
            if left[column] == 1:
                left[column] = 0
        for column in range(10):
            if left[column] > sum(left) / 2:
                return column
        return -1

    rng = np.random.default_rng(0)
    votes = np.array([rng.multinomial(10, rng.dirichlet(np.full(10, 0.3))) for _ in range(3000)])
    labels = ferplus.majority(votes)
    assert labels.tolist() == [reference(row.tolist()) for row in votes]
    assert set(labels) == set(range(-1, 10))


def test_prepare_drops_counts_and_joins_by_row(raw, small_fer2013, tmp_path):
    written = ferplus.prepare(tmp_path / "prepared", raw=raw)
    faces = open_faceset(written.directory, verify=True)
    kept = [1, 2, 5, 8, 9]
    assert faces.id.tolist() == [f"fer2013-{row:05d}" for row in kept]
    assert faces.expression.tolist() == [0, 0, 7, 6, 1]
    assert faces.split.tolist() == ["Training"] * 3 + ["PublicTest", "PrivateTest"]
    np.testing.assert_array_equal(faces.pictures[:][..., 0], small_fer2013.images[kept])
    np.testing.assert_array_equal(faces.votes, [VOTES[row][0] for row in kept])
    assert faces.meta["vote_columns"] == HEADER.split(",")[2:] and faces.classes == tuple(HEADER.split(",")[2:10])
    assert faces.meta["how"]["dropped"] == {
        "Training": {"no majority": 2, "majority unknown": 1, "majority NF": 1},
        "PublicTest": {"no majority": 1, "majority unknown": 0, "majority NF": 0},
        "PrivateTest": {"no majority": 1, "majority unknown": 0, "majority NF": 0},
    }


def test_doubled_names():
    images = np.zeros((7, 48, 48), np.uint8)
    images[4:] = 1
    votes = np.zeros((7, 10), np.int64)
    votes[2, 0] = 9
    name = np.array(["a", "b", "c", "b", "a", "c", ""])  # a: same votes; b: same picture; c: other votes
    assert ferplus.doubled_names(name, votes, images) == {
        0: "votes-of-another-picture",
        2: "name-of-another-picture",
    }


def test_flags_reach_the_face_set(raw, small_fer2013, tmp_path):
    names = list(NAMES)
    names[1], names[5] = names[8], names[9]
    write(raw / "ferplus" / "fer2013new.csv", table(small_fer2013, names))
    flags = ferplus.prepare(tmp_path / "prepared", raw=raw).flag.tolist()
    assert flags == ["name-of-another-picture", "", "name-of-another-picture", "", ""]


def test_other_order_inside_a_split_is_noticed(raw, small_fer2013, tmp_path):
    rows = table(small_fer2013)
    rows[3][1:], rows[4][1:] = rows[4][1:], rows[3][1:]
    write(raw / "ferplus" / "fer2013new.csv", rows)
    with pytest.raises(BadInput, match=r"fer2013new.csv line 5: found votes \[4, 0, 0, 4.*; expected NF by majority"):
        ferplus.prepare(tmp_path / "prepared", raw=raw)
    assert not (tmp_path / "prepared").exists()


def change(row, column, value):
    def edit(rows):
        rows[row][column] = value

    return edit


BAD_ROWS = {
    "missing": (lambda rows: rows.pop(), ": found 10 data rows; expected 11"),
    "surplus": (lambda rows: rows.append(rows[-1]), "line 13: found a further row; expected the end after 11 rows"),
    "usage": (change(6, 0, "PublicTest"), "line 8: found Usage 'PublicTest'; expected 'Training' in data row 7"),
    "name": (change(0, 1, "../a.png"), "line 2: found Image name '../a.png'; expected like fer0000000.png, or none"),
    "vote": (change(2, 4, "x"), "line 4: found surprise 'x'; expected an integer 0..10"),
    "negative": (change(2, 11, "-1"), "line 4: found NF '-1'; expected an integer 0..10"),
    "8 votes": (change(9, 3, "8"), "line 11: found 8 votes; expected 10 (or 9)"),
    "11 votes": (change(1, 2, "7"), "line 3: found 11 votes; expected 10 (or 9)"),
    "fields": (lambda rows: rows[0].pop(), "line 2: found 11 fields; expected 12"),
}


@pytest.mark.parametrize("edit, message", BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_rows_are_refused_in_one_line(edit, message, small_fer2013, tmp_path):
    rows = table(small_fer2013)
    edit(rows)
    path = write(tmp_path / "fer2013new.csv", rows)
    with pytest.raises(BadInput) as error:
        ferplus.check(path)
    assert str(error.value).startswith(str(path)) and message in str(error.value) and "\n" not in str(error.value)


def test_wrong_header_is_refused(small_fer2013, tmp_path):
    swapped = HEADER.replace("anger,disgust", "disgust,anger")
    with pytest.raises(BadInput, match="line 1: found header 'Usage,Image name,.*disgust,anger"):
        ferplus.check(write(tmp_path / "fer2013new.csv", table(small_fer2013), swapped))


@pytest.fixture(scope="module")
def faces(fer2013_raw, tmp_path_factory):
    return ferplus.prepare(tmp_path_factory.mktemp("prepared") / "ferplus", raw=fer2013_raw)


@pytest.fixture(scope="module")
def csv(fer_data):
    """fer2013new.csv with the columns `top` and `label`, derived here with pandas."""
    import pandas

    csv = pandas.read_csv(fer_data / "ferplus" / "fer2013new.csv")
    votes = csv.iloc[:, 2:].mask(csv.iloc[:, 2:] == 1, 0)
    csv["top"] = votes.idxmax(axis=1).where(votes.max(axis=1) / votes.sum(axis=1) > 0.5, "no majority")
    csv["label"] = csv["top"].mask(csv["top"].isin(["unknown", "NF"]))
    return csv


def row_of(faces):
    return np.array([int(name.removeprefix("fer2013-")) for name in faces.id])


def test_real_counts(faces, csv):
    counts = csv.groupby("Usage")["top"].value_counts()
    for usage, by_class in faces.meta["counts"].items():
        assert by_class == {name: counts[usage, name] for name in faces.classes}
    dropped = {"no majority": "no majority", "majority unknown": "unknown", "majority NF": "NF"}
    for usage, reasons in faces.meta["how"]["dropped"].items():
        assert reasons == {reason: counts[usage, name] for reason, name in dropped.items()}
    assert len(faces) == 31412


def test_real_cross_tabulation_tells_the_class_order(faces, fer2013_faces):
    from benchmark.faces.audit.label_checks import label_order

    table = faces.meta["how"]["cross_tabulation"]
    theirs = fer2013_faces.expression[row_of(faces)]
    for k, name in enumerate(table["rows"]):
        for other in range(len(faces.classes)):
            both = (theirs == fer2013_faces.classes.index(name)) & (faces.expression == other)
            assert table["counts"][k][other] == int(both.sum())
    assert label_order(faces, None)["ok"] is True
    for a in range(8):
        for b in range(a):
            columns = list(table["columns"])
            columns[a], columns[b] = columns[b], columns[a]
            meta = dict(faces.meta) | {"how": {"cross_tabulation": table | {"columns": columns}}}
            swapped = dataclasses.replace(faces, meta=meta)
            if "contempt" not in (columns[a], columns[b]):
                assert label_order(swapped, None)["ok"] is False, (columns[a], columns[b])


def test_real_rows_are_joined_by_row(faces, csv, fer2013_faces):
    rows = row_of(faces)
    kept = csv["label"].isin(faces.classes)
    assert rows.tolist() == csv.index[kept].tolist()
    assert [faces.classes[k] for k in faces.expression] == csv["label"][rows].tolist()
    np.testing.assert_array_equal(faces.votes, csv.iloc[rows, 2:12])
    assert faces.sha256.tolist() == fer2013_faces.sha256[rows].tolist()
    assert faces.split.tolist() == fer2013_faces.split[rows].tolist()


def test_real_join_by_name_would_be_wrong(faces, csv):
    # Row 59 has no name and row 60 is called fer0000059.png: from there on the number in the name lags behind the row.
    assert csv["Image name"][60] == "fer0000059.png" and csv["Image name"][61] == "fer0000060.png"
    position = {row: k for k, row in enumerate(row_of(faces))}
    assert faces.votes[position[60]].tolist() == csv.iloc[60, 2:12].tolist() != csv.iloc[61, 2:12].tolist()
    numbers = csv["Image name"].str.extract(r"(\d{7})")[0].dropna().astype(int)
    by_name = csv["label"][numbers.index].set_axis(numbers.to_numpy()).groupby(level=0).last()
    labels = np.array(faces.classes)[faces.expression]
    wrong = np.mean(labels != by_name.reindex(row_of(faces)).to_numpy())
    assert wrong > 0.7  # a join by name gives most faces the label of another one


def test_real_flags(faces):
    flagged = dict(zip(row_of(faces), faces.flag, strict=True))
    assert {row: flag for row, flag in flagged.items() if flag} == {
        5274: "votes-of-another-picture",
        33200: "name-of-another-picture",
    }


def test_real_black_pictures_are_not_faces(csv):
    # The order check of `prepare` rests on this.
    from_facts = [6458, 7629, 10423, 11286, 13148, 13402, 13988, 15894, 22198, 22927, 28601, 30002]
    assert set(csv["top"][from_facts]) == {"NF"}


def test_small_counts_do_not_leak_into_the_module():
    assert [sum(counts) for counts in fer2013_csv.COUNTS.values()] == [28709, 3589, 3589]
