"""The facsimiles of FER2013 and FER+ against lines and numbers of the real files, and against those files where they are."""

import csv
import gzip
import io
import lzma
import re
import tarfile

import numpy as np
import pytest

from tests.facsimiles import fer2013, ferplus
from tests.facsimiles.reading import lines_of


class TestFer:
    @pytest.mark.parametrize(
        "form, name, opened, header",
        [
            ("csv", "fer2013.csv", bytes, "emotion,pixels,Usage"),
            ("icml", "icml_face_data.csv", bytes, "emotion, Usage, pixels"),
            ("train", "train.csv", bytes, "emotion,pixels"),
            ("test", "test.csv", bytes, "pixels"),
            ("gz", "fer2013.csv.gz", gzip.decompress, "emotion,pixels,Usage"),
            ("xz", "fer2013.csv.xz", lzma.decompress, "emotion,pixels,Usage"),
        ],
    )
    def test_forms_of_the_csv(self, form, name, opened, header, tmp_path):
        made = fer2013.write(tmp_path, scale=0.002, form=form)
        assert made.folder == tmp_path / name
        first, *lines = opened(made.folder.read_bytes()).decode().splitlines()
        assert first == header
        columns = [each.strip() for each in header.split(",")]
        for row, line in zip(made.rows, lines, strict=True):
            cells = dict(zip(columns, line.split(","), strict=True))
            assert np.array_equal(np.array(cells["pixels"].split(" "), np.uint8).reshape(48, 48), fer2013.picture(row))
            assert cells.get("emotion", str(row.code)) == str(row.code)
            assert cells.get("Usage", row.part) == row.part
        if form == "csv":
            assert lines[0].startswith("0,70 80 82 72 58 58 60 63 ")
            assert list(dict.fromkeys(row.part for row in made.rows)) == ["Training", "PublicTest", "PrivateTest"]

    def test_a_tar_named_csv(self, tmp_path):
        made = fer2013.write(tmp_path, scale=0.002, form="tar")
        content = made.folder.read_bytes()
        assert made.folder.name == "fer2013.csv"
        assert content[257:262] == b"ustar"
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            assert archive.getnames()[0] == "fer2013/fer2013.csv"

    def test_trees(self, tmp_path):
        rows = fer2013.write(tmp_path / "m", scale=0.002, form="msambare").rows
        name = re.compile(r"(train/[a-z]+/Training|test/[a-z]+/(PublicTest|PrivateTest))_\d+\.jpg")
        assert all(name.fullmatch(row.path) for row in rows)
        rows = fer2013.write(tmp_path / "j", scale=0.002, form="jonathanoheix").rows
        assert all(re.fullmatch(r"images/(train|validation)/[a-z]+/\d+\.jpg", row.path) for row in rows)

    def test_counts_are_those_of_the_real_file(self, fer_data):
        held = np.load(fer_data / "fer2013" / "rows.npz")
        found = [np.bincount(held["label"][held["usage"] == part], minlength=7).tolist() for part in range(3)]
        assert found == [list(each) for each in fer2013.COUNTS.values()]

    def test_ferplus_from_the_real_columns_gives_the_real_files(self, fer_data, tmp_path):
        real = fer_data / "ferplus"
        with open(real / "fer2013new.csv", newline="") as file:
            rows = list(csv.reader(file))[1:]
        votes = np.array([row[2:] for row in rows], int)
        own, parts = votes.copy(), ("FER2013Train", "FER2013Valid", "FER2013Test")
        for part in parts:
            with open(real / part / "label.csv", newline="") as file:
                by_name = {line[0]: line[2:] for line in csv.reader(file)}
            for index, row in enumerate(rows):
                if row[1] in by_name:
                    own[index] = by_name[row[1]]
        ferplus.write(tmp_path, [row[0] for row in rows], [row[1] for row in rows], own, votes)
        for name in ("fer2013new.csv", *(f"{part}/label.csv" for part in parts)):
            assert (tmp_path / name).read_bytes() == (real / name).read_bytes()

    def test_ferplus_from_drawn_columns(self, tmp_path):
        held = ferplus.columns(copies=[(30_000, 5), (40, 7)], doubled=[(5274, 6968)])
        made = ferplus.write(tmp_path, **held)
        assert len(made.rows) == 35_887
        assert held["names"].count("") == 173
        assert all((held["votes"].sum(axis=1) == 10).tolist())
        lines = lines_of(tmp_path / "fer2013new.csv")
        assert lines[0] == "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
        assert lines[30_001].split(",")[2:] == lines[6].split(",")[2:]
        for row in made.rows:
            if not row.attributes["name"]:
                assert row.attributes["votes"] == [0] * 9 + [10]
        label = re.compile(r'fer\d{7}\.png,"\(0, 0, 48, 48\)"(,\d+){10}')
        for part in ("FER2013Train", "FER2013Valid", "FER2013Test"):
            lines = lines_of(tmp_path / part / "label.csv")
            assert all(label.fullmatch(line) for line in lines)
            assert lines == sorted(lines)
        assert (made.rows[5274].line, made.rows[6968].attributes["name"]) == (0, made.rows[5274].attributes["name"])
        label_line = lines_of(tmp_path / made.rows[6968].file)[made.rows[6968].line - 1]
        assert [int(each) for each in label_line.split(",")[-10:]] == made.rows[6968].attributes["votes"]
