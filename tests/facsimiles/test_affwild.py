"""The facsimiles of Aff-Wild and Aff-Wild2 against lines and numbers of the real files, written down here by hand."""

import re
import zipfile
from collections import Counter

import pytest

from tests.facsimiles import affwild, affwild2, affwild2_multi_task
from tests.facsimiles.reading import lines_of


class TestAffWild2:
    @pytest.mark.parametrize("tree", affwild2.TREES)
    def test_lines_belong_to_the_crops_of_their_number(self, tree, tmp_path):
        made = affwild2.write(tmp_path, tree=tree)
        for row in made.rows:
            lines = lines_of(tmp_path / row.file)
            assert lines[0] == "valence,arousal"
            line = lines[row.line - 1]
            assert re.fullmatch(r"-5,-5|-?[01](\.\d+)?,-?[01](\.\d+)?", line)
            assert (row.valence is None) == (line == "-5,-5")
            number = row.line - 1
            assert row.path.endswith(f"/{number:05d}.jpg")
            assert row.path.startswith("cropped_aligned/")
            assert (tmp_path / row.path).exists() == row.picture
        assert any(row.valence is not None and not row.picture for row in made.rows)
        assert made.totals["train"]["crops"] + made.totals["validation"]["crops"] == len(list(tmp_path.rglob("*.jpg")))

    def test_trees_are_those_seen(self, tmp_path):
        assert set(affwild2.TREES["2020"][:1]) == {
            "annotations/phoebe/dk15/new_aff_wild/Aff-Wild2_ready/VA_Set/annotations/Train_set"
        }
        affwild2.write(tmp_path / "2020", tree="2020", videos=pytest.importorskip("av") is not None)
        inside = tmp_path / "2020/annotations/phoebe/dk15/new_aff_wild/Aff-Wild2_ready/VA_Set"
        assert len(list((inside / "videos" / "Train_Set").glob("*.mp4"))) == 5
        affwild2.write(tmp_path / "ABAW3", tree="ABAW3")
        assert (tmp_path / "ABAW3/Third ABAW Annotations/VA_Estimation_Challenge/Train_Set").is_dir()

    def test_segments_and_people_belong_to_one_source(self, tmp_path):
        made = affwild2.write(tmp_path, trap=("segments", "people"))
        sources = {row.id.split("/")[0]: row.group for row in made.rows}
        assert {name for name, source in sources.items() if source == "video45"} == {
            f"video45_{part}" for part in range(1, 8)
        }
        assert sources["122-60-1920x1080-3"] == "122-60-1920x1080"
        assert sources["999-30-640x360_left"] == sources["999-30-640x360_right"] == "999-30-640x360"

    def test_crops_from_zero(self, tmp_path):
        made = affwild2.write(tmp_path, trap="zero_based")
        for track in (tmp_path / "cropped_aligned").iterdir():
            assert (track / "00000.jpg").exists()
        row = made.rows[0]
        assert (row.line, row.path.rpartition("/")[2]) == (2, "00000.jpg")

    def test_one_video_in_both_sets(self, tmp_path):
        made = affwild2.write(tmp_path, trap="both_sets")
        track = made.traps["both_sets"]["tracks"][0]
        assert (tmp_path / f"annotations/VA_Set/Train_Set/{track}.txt").is_file()
        lines = lines_of(tmp_path / f"annotations/EXPR_Set/Train_Set/{track}.txt")
        assert lines[0] == "Neutral,Anger,Disgust,Fear,Happiness,Sadness,Surprise,Other"
        assert {"-1", "0", "7"} <= set(lines[1:])
        for row in made.traps["both_sets"]["rows"]:
            if row.id.startswith(f"{track}/"):
                assert lines[row.line - 1] == str(-1 if row.code is None else row.code)

    def test_lines_and_frames_differ_as_in_the_release(self, tmp_path):
        made = affwild2.write(tmp_path, scale=0.1, lines=12, distinct=1)
        last: dict[str, int] = {}
        for row in made.rows:
            last[row.id.split("/")[0]] = row.line - 1
        beyond = [
            name for name, number in last.items() if (tmp_path / f"cropped_aligned/{name}/{number + 1:05d}.jpg").exists()
        ]
        assert len(beyond) == 1  # 6 of 318 files have a line fewer than the video has frames; here 56 tracks
        counts = {part: made.totals[part]["tracks"] for part in made.totals}
        assert counts == {"train": 46, "validation": 10}

    @pytest.mark.slow
    def test_full_size(self, tmp_path):
        made = affwild2.write(tmp_path, scale=1, lines=None, distinct=300, keep_rows=False)
        assert sum(each["tracks"] for each in made.totals.values()) == 564
        assert [each["labelled"] for each in made.totals.values()] == [1_653_757 + 26_387, 376_323 + 5698]
        assert [each["with_crop"] for each in made.totals.values()] == [1_653_757, 376_323]

    def test_multi_task_lists(self, tmp_path):
        affwild2_multi_task.write(tmp_path, trap="test_list")
        first, *lines = lines_of(tmp_path / "training_set_annotations_22.txt")
        assert first == "image,valence,arousal,expression,aus"
        line = re.compile(r"[^/,]+/\d{5}\.jpg,(-5,-5|-?[01](\.\d+)?,-?[01](\.\d+)?),(-1|[0-7])(,(-1|0|1)){12}")
        assert all(line.fullmatch(each) for each in lines)
        first, *lines = lines_of(tmp_path / "MTL_Challenge_test_set_release.txt")
        assert first == "image,valence,arousal,expression,aus"
        assert all(re.fullmatch(r"[^/,]+/\d{5}\.jpg", each) for each in lines)


class TestAffWild:
    def test_videos_and_values(self, tmp_path):
        av = pytest.importorskip("av")
        made = affwild.write(tmp_path, trap=("fewer_arousal", "fewer_frames", "more_frames"))
        assert {each.name for each in tmp_path.iterdir()} == {"videos", "annotations", "bboxs", "landmarks"}
        assert not (tmp_path / "annotations" / "test").exists()
        lengths = {}
        for group in dict.fromkeys(row.group for row in made.rows if row.part == "train"):
            rows = [row for row in made.rows if row.group == group]
            valence = lines_of(tmp_path / f"annotations/train/valence/{group}.txt")
            arousal = lines_of(tmp_path / f"annotations/train/arousal/{group}.txt")
            with av.open(str(tmp_path / rows[0].path)) as video:
                frames = sum(1 for _ in video.decode(video=0))
            lengths[group] = (len(valence), len(arousal), frames)
            assert len(rows) == min(lengths[group])
            assert [float(each) for each in valence[: len(rows)]] == [row.valence for row in rows]
            assert [float(each) for each in arousal[: len(rows)]] == [row.arousal for row in rows]
        odd = [made.traps[name]["videos"][0] for name in ("fewer_arousal", "fewer_frames", "more_frames")]
        assert [lengths[name] for name in odd] == [(20, 18, 20), (20, 20, 17), (20, 20, 23)]
        assert Counter(lengths.values())[(20, 20, 20)] == 4

    def test_thousandths(self, tmp_path):
        made = affwild.write(tmp_path, trap="thousandths", videos=False)
        first, *lines = lines_of(tmp_path / made.rows[0].file)
        assert first == "frame valence arousal"
        assert all(re.fullmatch(r"\d+ -?\d{1,4} -?\d{1,4}", line) for line in lines)
        assert int(lines[0].split()[1]) == round(1000 * made.rows[0].valence)

    def test_boxes_belong_to_the_frames_of_their_line(self, tmp_path):
        made = affwild.write(tmp_path, trap="boxes_blank", videos=False)
        blank = []
        for row in (row for row in made.rows if row.part == "train"):
            line = lines_of(tmp_path / f"bboxs/train/{row.group}.txt")[row.index]
            if row.box is None:
                blank.append((row.group, row.index, line))
            else:
                assert line == "{} {} {} {}".format(*row.box)
        assert blank == [("105", 2, "")]

    def test_short_boxes_and_boxes_outside(self, tmp_path):
        for trap, lines, first in (("boxes_short", 8, "8 8 28 28"), ("boxes_outside", 20, "100 100 120 120")):
            affwild.write(tmp_path / trap, trap=trap, videos=False)
            files = list((tmp_path / trap / "bboxs/train").iterdir())
            assert len(files) == 7
            assert {(len(lines_of(path)), lines_of(path)[0]) for path in files} == {(lines, first)}

    def test_whole_numbers_from_minus_10_to_10(self, tmp_path):
        made = affwild.write(tmp_path, trap="tens", videos=False)
        values = [row.valence for row in made.rows if row.part == "train"]
        assert max(values) == 10
        assert min(values) == -10
        assert all(re.fullmatch(r"-?\d{1,2}", line) for line in lines_of(tmp_path / made.rows[0].file))

    def test_files_beside_in_place_of_and_cut(self, tmp_path):
        pytest.importorskip("av")
        made = affwild.write(tmp_path, trap=("two_endings", "cut_video", "packed"))
        assert (tmp_path / "annotations/train/valence/105.TXT").read_bytes() == (
            tmp_path / "annotations/train/valence/105.txt"
        ).read_bytes()
        assert not (tmp_path / "videos").exists()
        with zipfile.ZipFile(tmp_path / "videos.zip") as archive:
            sizes = {each.filename: each.file_size for each in archive.infolist()}
        (cut,) = made.traps["cut_video"]["videos"]
        whole = affwild.write(tmp_path / "whole")
        assert sizes[f"videos/train/{cut}.avi"] == (whole.folder / f"videos/train/{cut}.avi").stat().st_size * 6 // 10
