import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.faceset import open_faceset
from benchmark.faces.readers import ferplus
from benchmark.faces.reading import fer2013_csv
from tests.benchmark.faces.readers.ferplus_rows import HEADER, NAMES, VOTES, table, write


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


def test_small_counts_do_not_leak_into_the_module():
    assert [sum(counts) for counts in fer2013_csv.COUNTS.values()] == [28709, 3589, 3589]
