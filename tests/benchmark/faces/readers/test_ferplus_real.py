"""Both editions of FER+ on the real data, against pandas and plain loops.

The numbers typed in here were counted by others, with other code, before this reader existed.
"""

import csv as text
import dataclasses
import itertools
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from benchmark.faces.readers import ferplus

PARTS = {"Training": "Train", "PublicTest": "Valid", "PrivateTest": "Test"}
SPLITS = tuple(PARTS)


@pytest.fixture(scope="module")
def faces(fer2013_raw, tmp_path_factory):
    """The edition of fer2013new.csv."""
    directory = tmp_path_factory.mktemp("prepared") / "ferplus"
    return ferplus.prepare(directory, raw=fer2013_raw, votes="fer2013new")


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


@pytest.mark.slow  # the old edition is prepared for these alone
def test_real_counts(faces, csv):
    counts = csv.groupby("Usage")["top"].value_counts()
    for usage, by_class in faces.meta["counts"].items():
        assert by_class == {name: counts[usage, name] for name in faces.classes}
    dropped = {"no majority": "no majority", "majority unknown": "unknown", "majority NF": "NF"}
    for usage, reasons in faces.meta["how"]["dropped"].items():
        assert reasons == {reason: counts[usage, name] for reason, name in dropped.items()}
    assert len(faces) == 31412


@pytest.mark.slow  # the old edition is prepared for these alone
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


@pytest.mark.slow  # the old edition is prepared for these alone
def test_real_rows_are_joined_by_row(faces, csv, fer2013_faces):
    rows = row_of(faces)
    kept = csv["label"].isin(faces.classes)
    assert rows.tolist() == csv.index[kept].tolist()
    assert [faces.classes[k] for k in faces.expression] == csv["label"][rows].tolist()
    np.testing.assert_array_equal(faces.votes, csv.iloc[rows, 2:12])
    assert faces.sha256.tolist() == fer2013_faces.sha256[rows].tolist()
    assert faces.split.tolist() == fer2013_faces.split[rows].tolist()


@pytest.mark.slow  # the old edition is prepared for these alone
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


@pytest.mark.slow  # the old edition is prepared for these alone
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


@pytest.mark.slow  # the old edition is prepared for these alone
def test_real_fingerprint_of_the_old_edition(faces):
    assert faces.fingerprint == "32dae055fc15bca4c5fcd4d6becc4b9c2df6529a93b35f82c7ea13c1dd88877d"


class Plain:
    """Both editions by plain code. A row is (Usage, name, votes, votes of label.csv or None, digest of the picture)."""

    def __init__(self, folder, digests):
        lines = {}
        for usage, part in PARTS.items():
            with open(folder / f"FER2013{part}" / "label.csv", newline="") as file:
                for name, box, *votes in text.reader(file):
                    assert box == "(0, 0, 48, 48)" and name not in lines
                    lines[name] = (usage, [int(vote) for vote in votes])
        self.lines = lines
        with open(folder / "fer2013new.csv", newline="") as file:
            table = list(text.reader(file))[1:]
        self.usage = [row[0] for row in table]
        self.name = [row[1] for row in table]
        self.old = [[int(vote) for vote in row[2:]] for row in table]
        self.new = [lines[name][1] if name else None for name in self.name]
        self.rows = range(len(table))
        self.first = {}
        for row, digest in enumerate(digests):
            self.first.setdefault(digest, row)
        self.leader = [self.first[digest] for digest in digests]
        self.last = {name: row for row, name in enumerate(self.name) if name}
        self.differ = [row for row in self.rows if self.name[row] and self.old[row] != self.new[row]]
        self.old_class = [self.label(votes) for votes in self.old]
        self.new_class = [None if votes is None else self.label(votes) for votes in self.new]
        self.own_class = [self.new_class[r] if self.last.get(self.name[r]) == r else None for r in self.rows]

    @staticmethod
    def label(votes):
        """The class, 0..7, or None: single votes removed, more than half of the rest."""
        left = [vote if vote > 1 else 0 for vote in votes]
        top = max(range(10), key=left.__getitem__)
        return top if left[top] > sum(left) / 2 and top < 8 else None

    def by_split(self, rows):
        times = Counter(self.usage[row] for row in rows)
        return [times[split] for split in SPLITS]


@pytest.fixture(scope="module")
def plain(fer_data, fer2013_faces):
    return Plain(fer_data / "ferplus", fer2013_faces.sha256.tolist())


def test_names_join_the_two_editions(plain):
    """Every name of one is in the other, in the part of its Usage; a name's votes are equal in both, but for copies."""
    assert len(plain.lines) == 35710 and set(plain.lines) == set(plain.last)
    assert all(plain.lines[name][0] == plain.usage[row] for name, row in plain.last.items())
    assert Counter(plain.name)[""] == 173 and plain.by_split(r for r in plain.rows if not plain.name[r]) == [148, 10, 15]
    assert all(plain.old[row][9] == 10 for row in plain.rows if not plain.name[row])
    twice = [name for name, times in Counter(filter(None, plain.name)).items() if times > 1]
    assert sorted(twice) == ["fer0006953.png", "fer0008403.png", "fer0011785.png", "fer0033120.png"]
    assert len(plain.differ) == 1602
    copies = [row for row in plain.differ if plain.leader[row] < row]
    assert len(copies) == 1601 and set(plain.differ) - set(copies) == {34334}
    assert all(plain.old[row] == plain.old[plain.leader[row]] for row in copies), "the votes of the first copy"
    of_training = [row for row in copies if plain.usage[plain.leader[row]] == "Training"]
    assert plain.by_split(of_training)[1:] == [233, 253]


def test_the_names_alone_do_not_tell_the_rows(plain):
    """Of the 173 rows without a name 88 leave a gap in the numbers and 85 do not: where those are, only the table says."""
    numbers = {int(name[3:10]) for name in plain.lines}
    gaps = set(range(max(numbers) + 1)) - numbers
    assert len(gaps) == 88 + 4, "and one for each name that occurs twice"
    assert len(plain.rows) - 1 - max(numbers) == 85


def test_real_faces_of_label_csv(plain, ferplus_faces, fer2013_faces):
    kept = [row for row in plain.rows if plain.own_class[row] is not None]
    assert [int(name.removeprefix("fer2013-")) for name in ferplus_faces.id] == kept
    assert ferplus_faces.expression.tolist() == [plain.own_class[row] for row in kept]
    assert ferplus_faces.votes.tolist() == [plain.new[row] for row in kept]
    assert ferplus_faces.split.tolist() == [plain.usage[row] for row in kept]
    assert ferplus_faces.sha256.tolist() == fer2013_faces.sha256[kept].tolist()
    assert plain.by_split(kept) == [25045, 3191, 3137]
    assert ferplus_faces.meta["counts"] == ferplus.expected_counts(ferplus_faces.meta)
    assert ferplus_faces.fingerprint == "cb6eb51679f5b224cd2c0b3ca9891cf2a035c740237a90dc73004bed2d54b2d6"
    assert {name: flag for name, flag in zip(ferplus_faces.id, ferplus_faces.flag, strict=True) if flag} == {
        "fer2013-34334": "votes-of-another-picture"
    }


def test_real_difference_of_the_editions(plain, ferplus_faces):
    def changes(new):
        old = plain.old_class
        added = [row for row in plain.rows if old[row] is None and new[row] is not None]
        removed = [row for row in plain.rows if old[row] is not None and new[row] is None]
        other = [row for row in plain.rows if None not in (old[row], new[row]) and old[row] != new[row]]
        return [list(own) for own in zip(*map(plain.by_split, (added, removed, other)), strict=True)]

    found = ferplus_faces.meta["how"]["difference"]
    assert [[own[key] for key in ("added", "removed", "other class")] for own in found.values()] == changes(plain.own_class)
    assert changes(plain.own_class) == [[81, 96, 86], [15, 23, 14], [16, 32, 19]]
    # If both rows of a name that occurs twice are given its line, and rows without a name keep their class (none is kept):
    assert changes(plain.new_class) == [[81, 93, 86], [15, 23, 14], [16, 31, 19]]
    assert [list(own.values())[:3] for own in found.values()] == [[1073, 1073, 1073], [246, 246, 233], [283, 282, 253]]


def test_real_copies_conflict(plain, ferplus_faces):
    def conflicting(rows, classes):
        groups = {}
        for row in rows:
            if classes[row] is not None:
                groups.setdefault(plain.leader[row], []).append(classes[row])
        several = [own for own in groups.values() if len(own) > 1]
        return len(several), sum(len(set(own)) > 1 for own in several)

    assert conflicting(plain.rows, plain.new_class) == (1251, 117)
    assert conflicting(plain.rows, plain.own_class) == (1249, 117)  # two pairs of copies share a name, so one line
    assert conflicting(plain.rows, plain.old_class) == (1346, 0)


def test_real_panels_agree(plain):
    """Pairs of copies, each with a majority and a panel of its own: told apart by votes that differ."""
    pairs = []
    for _, rows in itertools.groupby(sorted(plain.rows, key=lambda r: (plain.leader[r], r)), plain.leader.__getitem__):
        own = [row for row in rows if plain.own_class[row] is not None]
        pairs += itertools.combinations(own, 2)
    apart = [(a, b) for a, b in pairs if plain.new[a] != plain.new[b]]
    one, other = (np.array([plain.own_class[pair[k]] for pair in apart]) for k in (0, 1))
    assert (len(pairs), len(apart)) == (1847, 1557)
    assert round(np.mean(one == other), 3) == 0.907 and round(cohen_kappa_score(one, other), 3) == 0.871
