"""The edition of label.csv on a small data set: the join by name, and what is refused."""

import shutil

import numpy as np
import pytest

from benchmark.errors import BadInput
from benchmark.faces.adding import add
from benchmark.faces.readers import ferplus
from tests.benchmark.faces.readers.ferplus_rows import NAMES, VOTES, table, write

# By label.csv: row 3 has no name; rows 1 and 6 have one name, whose line is row 6's; row 9 is a copy of row
# 0, and has votes of its own there.
LABEL_NAMES = [*NAMES[:6], NAMES[1], *NAMES[7:]]
OTHER_VOTES = {9: [0, 0, 0, 7, 3, 0, 0, 0, 0, 0], 6: VOTES[1][0]}
PARTS = {"FER2013Train": [0, 2, 4, 5, 6], "FER2013Valid": [7, 8], "FER2013Test": [9, 10]}


def label_lines(rows):
    for row in rows:
        votes = OTHER_VOTES.get(row, VOTES[row][0])
        yield f'{LABEL_NAMES[row]},"(0, 0, 48, 48)",' + ",".join(map(str, votes)) + "\n"


def write_labels(folder, edit=None):
    for part, rows in PARTS.items():
        (folder / part).mkdir(parents=True, exist_ok=True)
        lines = list(label_lines(rows))
        if edit and part == "FER2013Valid":
            edit(lines)
        (folder / part / "label.csv").write_text("".join(lines))
    return folder


@pytest.fixture
def repository(small_fer2013, tmp_path):
    """The repository as it is cloned: the table on top, the label.csv in data."""
    small_fer2013.images[9] = small_fer2013.images[0]
    folder = tmp_path / "FERPlus"
    write(folder / "fer2013new.csv", table(small_fer2013, LABEL_NAMES))
    return write_labels(folder / "data").parent


@pytest.fixture
def both(repository, small_fer2013, tmp_path):
    """A data/raw with FER2013 and a pointer to the repository."""
    small_fer2013.write(tmp_path / "data" / "raw" / "fer2013" / "fer2013.csv")
    add("ferplus", repository, root=tmp_path, dvc=False)
    return tmp_path / "data" / "raw"


def test_label_csv_is_joined_by_name(both, small_fer2013, tmp_path):
    faces = ferplus.prepare(tmp_path / "prepared", raw=both)
    kept = [2, 5, 6, 8, 9]
    assert faces.meta["version"] == "2.0" and faces.id.tolist() == [f"fer2013-{row:05d}" for row in kept]
    assert faces.expression.tolist() == [0, 7, 0, 6, 3]  # row 9: sadness has 7 of 10
    np.testing.assert_array_equal(faces.pictures[:][..., 0], small_fer2013.images[kept])
    np.testing.assert_array_equal(faces.votes, [OTHER_VOTES.get(row, VOTES[row][0]) for row in kept])
    assert faces.flag.tolist() == ["", "", "votes-of-another-picture", "", ""]
    assert faces.meta["how"]["dropped"] == {
        "Training": {"no majority": 2, "majority unknown": 0, "majority NF": 0, "no name": 1, "name of a later row": 1},
        "PublicTest": {"no majority": 1, "majority unknown": 0, "majority NF": 0, "no name": 0, "name of a later row": 0},
        "PrivateTest": {"no majority": 1, "majority unknown": 0, "majority NF": 0, "no name": 0, "name of a later row": 0},
    }
    keys = ["other votes", "of these, copies of an earlier picture", "of these, copies of a Training picture"]
    found = faces.meta["how"]["difference"]
    assert [list(own.values()) for own in found.values()] == [[1, 0, 0, 1, 1, 0], [0] * 6, [1, 1, 1, 0, 0, 1]]
    assert list(found["Training"]) == [*keys, "added", "removed", "other class"]


def test_the_edition_can_be_chosen(both, repository, small_fer2013, tmp_path):
    old = ferplus.prepare(tmp_path / "old", raw=both, votes="fer2013new")
    assert (old.meta["version"], old.votes[-1].tolist()) == ("1.0", VOTES[9][0]) and "difference" not in old.meta["how"]
    assert ferplus.prepare(tmp_path / "new", raw=both, votes="label").meta["version"] == "2.0"
    with pytest.raises(BadInput, match="option votes of ferplus: found 'labels'; expected label or fer2013new"):
        ferplus.prepare(tmp_path / "x", raw=both, votes="labels")
    alone = tmp_path / "alone"
    small_fer2013.write(alone / "fer2013" / "fer2013.csv")
    (alone / "ferplus").mkdir()
    (repository / "fer2013new.csv").rename(alone / "ferplus" / "fer2013new.csv")
    assert ferplus.prepare(tmp_path / "alone1", raw=alone).meta["version"] == "1.0"
    with pytest.raises(BadInput, match=r"found fer2013new.csv alone; expected the repository of FER\+ with its label.csv"):
        ferplus.prepare(tmp_path / "x", raw=alone, votes="label")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("form", ["zip", "gztar", "xztar", "tar"])
def test_an_archive_of_the_repository(form, both, repository, small_fer2013, tmp_path):
    expected = ferplus.prepare(tmp_path / "of-folder", raw=both)
    archive = shutil.make_archive(str(tmp_path / "FERPlus-master"), form, tmp_path, "FERPlus")
    small_fer2013.write(tmp_path / "a" / "data" / "raw" / "fer2013" / "fer2013.csv")
    add("ferplus", archive, root=tmp_path / "a", dvc=False)
    faces = ferplus.prepare(tmp_path / "of-archive", raw=tmp_path / "a" / "data" / "raw")
    assert faces.fingerprint == expected.fingerprint and ferplus.check(archive) == ferplus.check(repository)
    assert faces.meta["how"]["ferplus"]["labels"]["FER2013Test/label.csv"]["member"] == "FERPlus/data/FER2013Test/label.csv"


def test_survey(repository):
    found = ferplus.check(repository)
    assert found.edition == "label.csv, as the authors' train.py reads (version 2.0)"
    assert {split: {name: k for name, k in own.items() if k} for split, own in found.counts.items()} == {
        "Training": {"neutral": 2, "contempt": 1}, "PublicTest": {"fear": 1}, "PrivateTest": {"sadness": 1}}  # fmt: skip
    assert found.known["PublicTest"]["contempt"] == 16
    assert found.notes == [
        "6 rows are left out: no majority, a majority for unknown or NF, or no votes",
        "1 rows of fer2013new.csv (the first in line 5) have no name, so no line in label.csv",
        "the names in lines 3 of fer2013new.csv occur again later; label.csv has one line each, the later row's",
        "2 rows have other votes in fer2013new.csv (the first in line 8); label.csv is used",
    ]
    alone = ferplus.check(repository / "fer2013new.csv")
    assert alone.edition == "fer2013new.csv alone (version 1.0)" and alone.known["PublicTest"]["contempt"] == 13
    assert alone.counts["PrivateTest"]["happiness"] == 1 and "no label.csv is here" in alone.notes[1]


def edited(line, old, new):
    def edit(lines):
        assert old in lines[line]
        lines[line] = lines[line].replace(old, new)

    return edit


BAD_LINES = {
    "fields": (edited(0, ",1,1\n", ",1\n"), ' line 1: found 14 fields; expected a name, "(0, 0, 48, 48)" and 10 votes'),
    "name": (
        edited(1, "fer", "fed"),
        " line 2: found name 'fed0000007.png'; expected like fer0000000.png; there is no header",
    ),
    "header": (
        lambda lines: lines.insert(0, "name,box" + ",x" * 13 + "\n"),
        " line 1: found name 'name'; expected like fer",
    ),
    "box": (edited(1, "48, 48", "48, 47"), " line 2: found box '(0, 0, 48, 47)'; expected '(0, 0, 48, 48)', the whole pic"),
    "unknown": (
        edited(1, "007", "777"),
        " line 2: found fer0000777.png, which no row has; expected a name of PublicTest in ",
    ),
    "part": (
        edited(1, "007", "009"),
        " line 2: found fer0000009.png, which row 11 has, of PrivateTest; expected a name of ",
    ),
    "twice": (lambda lines: lines.append(lines[0]), " line 3: found fer0000006.png, which "),
    "vote": (edited(1, ",8,", ",x,"), " line 2: found fear 'x'; expected an integer 0..10"),
    "votes": (edited(1, ",8,", ",6,"), " line 2: found 8 votes; expected 10 (or 9)"),
    "missing": (
        lambda lines: lines.pop(),
        ", FER2013Valid/label.csv: found no line of fer0000007.png and of 0 others; expected",
    ),
}


@pytest.mark.parametrize("edit, message", BAD_LINES.values(), ids=BAD_LINES)
def test_bad_lines_are_refused_in_one_line(edit, message, repository):
    write_labels(repository / "data", edit)
    with pytest.raises(BadInput) as error:
        ferplus.check(repository)
    assert message in str(error.value) and "\n" not in str(error.value) and str(error.value).startswith(str(repository))


def test_what_a_folder_lacks_is_named(repository, tmp_path):
    (repository / "data" / "FER2013Valid" / "label.csv").unlink()
    with pytest.raises(BadInput, match="FERPlus: found no FER2013Valid/label.csv; expected all three label.csv, or none"):
        ferplus.check(repository)
    write_labels(repository / "data")
    write_labels(repository)
    with pytest.raises(BadInput, match="FER2013Train/label.csv and .*; expected one FER2013Train/label.csv"):
        ferplus.check(repository)
    with pytest.raises(BadInput, match="data: found no fer2013new.csv; expected fer2013new.csv, which says to which row of"):
        ferplus.check(repository / "data")
    with pytest.raises(BadInput, match="absent: found no such file or folder; expected fer2013new.csv, or the repository"):
        ferplus.check(tmp_path / "absent")


def test_hidden_and_mac_folders_are_passed_over(repository):
    before = ferplus.check(repository)
    for folder in (".git", "__MACOSX"):
        write_labels(repository / folder, lambda lines: lines.clear())
        (repository / folder / "fer2013new.csv").write_text("")
    (repository / "data" / "FER2013Train" / "._label.csv").write_bytes(b"\x00\x05\x16\x07")
    assert ferplus.check(repository) == before
