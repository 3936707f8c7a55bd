"""What the verbs print, whole and by hand: what is left out, where a list is cut, the only one and the several."""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmark.cli.main import main, parser
from benchmark.cli.verifying import VERIFY
from benchmark.errors import BadInput
from benchmark.interface import comparison
from benchmark.protocol.protocol import load_protocol
from benchmark.records.examine import FAILED, NOT_CHECKED, Examined, Result
from benchmark.records.importing import Import
from benchmark.records.record import Record
from benchmark.records.sameness import DIFFERENT, IDENTICAL, SAME, Sameness
from benchmark.runs.weights_again import Outcome

from .options_of_networks import EVALUATE, SUMMARY, P
from .options_of_records import AUDITED, SHOWN, audited
from .options_of_verify import ALL_PASSED, MADE_AGAIN, RETRAIN
from .test_options import TABLE

RECORDS = Path("reports/records")


@pytest.fixture
def say(arriving):
    """A function (command, spies in place of the table's) -> (exit status, standard output, standard error)."""

    def run(command: str, files: dict | None = None, **spies: object) -> tuple[int, str, str]:
        entry = TABLE[next(verb for verb in TABLE if command.startswith(verb))]
        own = {place: spies.pop(place.rsplit(".", 1)[1], result) for place, result in entry["spies"].items()}
        assert not spies, "no such spy"
        found = arriving({"spies": own, "files": entry.get("files", {}) | (files or {})}, command)
        return found["status"], found["printed"], found["error"]

    return run


@pytest.mark.parametrize(
    "protocols, shown, reason",
    [
        (["p", "q"], True, "p, q"),
        ([], True, "no finished run on these faces"),
        ([], False, "none: the terms do not allow showing them"),
    ],
)
def test_why_there_are_no_extreme_faces(say, protocols, shown, reason):
    found = SHOWN | {"protocols": [{"protocol": name} for name in protocols], "shown": shown}
    assert say("faces fer2013", extremes=found) == (0, f"easiest and hardest test faces of fer2013: {reason}\n", "")


def test_an_audit_without_private_pictures_and_without_a_fault(say):
    def clean(**given):
        return audited(**given) | {"findings": {"wrong": [], "odd": ["a", "b"]}, "pairs_of_copies": "none"}

    said = "train: 5 faces: low 2, high 3\nodd: a\nodd: b\nwrote reports/data/fer2013\n"
    assert say("audit fer2013 --strict", audit=clean) == (0, said, "")
    assert say("audit fer2013")[1] == AUDITED % ("fer2013", "fer2013")


def record(place: str, outside: object = None) -> Record:
    return Record(
        RECORDS / place, {"data": {"name": "d", "fingerprint": "0"}, "protocol": {"name": "synthetic-8"}, "outside": outside}
    )


OWN, OTHER, MODEL = record("imported/p/c/seed0"), record("imported/p/c/seed1"), record("outside/p/m/seed0", {"model": "m"})
INTO = "reports/records/imported"
APART = "made on other bytes of d than the known ones, so kept apart\n"


@pytest.mark.parametrize(
    "taken, replaced, passed_over, said",
    [
        ([], [], [], "nothing new\n"),
        ([], [], [OWN, OTHER], "nothing new\n2 records there already and identical, passed over\n"),
        ([OWN, OTHER], [], [], f"2 records taken into {INTO}\n"),
        ([MODEL], [], [], "1 records taken into reports/records/outside\n"),
        ([OWN], [MODEL], [], f"2 records taken into {INTO} and reports/records/outside\n1 of them in place of different "
         "ones of the same runs\n"),
        ([], [OWN, OTHER], [OWN], f"2 records taken into {INTO}\n2 of them in place of different ones of the same runs\n"
         "1 records there already and identical, passed over\n"),
    ],
)  # fmt: skip
def test_what_an_import_says(say, taken, replaced, passed_over, said):
    assert say("import sent", import_records=Import(taken, replaced, passed_over)) == (0, said, "")


def test_an_import_names_each_record_on_other_bytes(say):
    done = Import([OWN, MODEL], [OTHER], [])
    _, said, _ = say("import sent --check", import_records=done, on_other_bytes=lambda record: record is not MODEL)
    assert said == (
        f"{INTO}/p/c/seed0: {APART}{INTO}/p/c/seed1: {APART}"
        f"3 records in order, to be taken into {INTO} and reports/records/outside\n"
        "1 of them in place of different ones of the same runs\n"
    )


def test_published_entries_are_yaml_as_it_is_in_the_file(say):
    """In the given order, innermost mappings in braces, a new line after more than 125 characters."""
    for length, end in ((95, " y}\n"), (96, "\n        y}\n")):
        entry = {"test": "x" * length + " y"}
        _, said, _ = say("publish synthetic-8 fer2013-7", entry_of=lambda entry=entry, **_: dict(entry))
        own = [f"    0123456789abcdef0: {{test: {'x' * length}{end}"] * 2
        hashes = [load_protocol(name).hash for name in ("synthetic-8", "fer2013-7")]
        assert said == f"synthetic-8:\n  {hashes[0]}:\n{own[0]}fer2013-7:\n  {hashes[1]}:\n{own[1]}"


TEN = "  f0 f1 f2 f3 f4 f5 f6 f7 f8 f9"


@pytest.mark.parametrize(
    "places, end",
    [(0, ""), (1, "  f0\n"), (10, f"{TEN}\n"), (11, f"{TEN} ... (all of them: to_json, --json)\n")],
)
def test_ten_faces_are_named_on_which_two_cells_disagree(say, places, end, monkeypatch):
    monkeypatch.setattr(comparison, "sentences", lambda found: ["x is like y"])
    found = {"data": {"name": "synthetic"}, "disagree": [f"f{number}" for number in range(places)]}
    assert say("compare x y", compare=comparison.Comparison(found)) == (0, f"x is like y\n{end}", "")


def as_result(summary: dict) -> SimpleNamespace:
    return SimpleNamespace(as_dict=lambda: summary)


def test_an_entry_without_what_may_be_missing(say):
    """No interval, nothing stated, values that are no fractions: no line of theirs."""
    summary = SUMMARY | {"warnings": [], "not_tested": {}, "stated": None, "interval": {"metric": "accuracy", "low": None}}
    summary |= {"understood": []}
    summary["metrics"] = {"test": {"accuracy": 0.25, "kappa": None, "n": 4}, "validation": {"accuracy": 0.5}}
    said = "test: accuracy 0.2500\nvalidation: accuracy 0.5000\ntaken as logits; wrote there\n"
    assert say(EVALUATE, enter=as_result(summary)) == (0, said, "")


def test_a_json_has_no_value_that_json_does_not_have(say):
    summary = SUMMARY | {"metrics": {"test": {"accuracy": math.nan}}}
    assert say(f"{EVALUATE} --json", enter=as_result(summary))[:2] == (70, "")


def test_a_trial_shows_each_step_when_it_is_made(say, monkeypatch):
    import sys

    flushed = []

    def steps(**_):
        flush = sys.stdout._stream.flush
        monkeypatch.setattr(sys.stdout._stream, "flush", lambda: (flushed.append(True), flush())[1])
        for loss in (0.5, 0.25, 0.125):
            yield loss
            assert flushed, "the line before is still in a buffer"
            flushed.clear()

    said = "step    1  training loss 0.5\nstep    2  training loss 0.25\nstep    3  training loss 0.125\n"
    assert say(f"trial synthetic-8 {P} --steps 3", try_steps=steps) == (0, said, "")
    assert say(f"trial synthetic-8 {P}", try_steps=[])[1] == "the first epoch has no more than 0 steps\n"


def examined(place: str, *failed: str, outside: object = None) -> Examined:
    results = ALL_PASSED | {name: Result(FAILED, f"{name} is bad") for name in failed}
    return Examined(place, RECORDS / place, record(place, outside), results)


GOOD, BAD, FOREIGN = examined("p/c/seed0"), examined("p/d/seed0", "seal"), examined("outside/p/m/seed0", outside={})


def deviations(number: int) -> SimpleNamespace:
    return SimpleNamespace(deviations=[f"t.csv, row {row}" for row in range(number)])


def test_twenty_faults_are_named_and_the_others_counted(say):
    named = "".join(f"reports/t.csv, row {row}\n" for row in range(20))
    wanted = {19: (named[: named.index("reports/t.csv, row 19")], ""), 20: (named, ""), 23: (named, "and 3 more\n")}
    for number, (lines, more) in wanted.items():
        status, said, error = say("verify --runs none", examine_all=[GOOD], stated=deviations(number))
        end = f"1 record in order, 0 with faults; report: {number} faults\n"
        assert f"{lines}{more}{end}" in said and said.count("reports/t.csv") == min(number, 20)
        assert (status, error) == (1, f"ferbench: {number} other faults\n")


@pytest.mark.parametrize("records, asked", [([GOOD, BAD, FOREIGN], True), ([BAD, FOREIGN], False), ([GOOD], True)])
def test_the_report_is_looked_through_only_if_it_is_made_of_something(say, records, asked):
    """Of a record of this suite that is in order."""
    calls = []
    say("verify --runs none", examine_all=records, stated=lambda **_: calls.append(1) or deviations(0))
    assert bool(calls) == asked


@pytest.mark.parametrize(
    "command, spies, last, error",
    [
        ("verify", {}, "all equal", ""),
        ("verify", {"reproduction": "differs"}, "all equal", "a reproduction that differs"),
        ("verify", {"examine_all": [GOOD, BAD], "stated": deviations(2), "reproduction": "differs"}, "all equal",
         "1 records with faults and 2 other faults and a reproduction that differs"),
        ("verify reports/records/p", {"examine_all": [BAD, BAD]}, "0 records in order, 2 with faults",
         "2 records with faults"),
        ("verify reports/records/p --against v1", {}, "all equal", ""),
        ("verify --added-since v1", {"examine_all": [], "changed_since": []}, "0 records in order, 0 with faults", ""),
        ("verify --added-since v1", {"examine_all": [], "changed_since": [Path("gone/seal.json"), Path("gone/record.json")]},
         "0 records in order, 0 with faults; others: 1 faults", "1 other faults"),
    ],
)  # fmt: skip
def test_how_verify_ends(say, command, spies, last, error):
    if spies.get("reproduction") == "differs":
        spies = spies | {"reproduction": SimpleNamespace(**vars(MADE_AGAIN) | {"in_order": False})}
    status, said, told = say(command, **spies)
    assert said.splitlines()[-1] == last
    assert (status, told) == ((1, f"ferbench: {error}\n") if error else (0, ""))


def test_what_is_not_compared_is_null_in_the_json(say):
    assert say("verify reports/records/p --json f.json")[0] == 0
    assert json.loads(Path("f.json").read_text())["reproduction"] is None


def test_a_published_report_that_can_not_be_had(say, monkeypatch):
    """By default a remark, but an error if it was asked for."""

    def refuse(**_):
        raise BadInput("git", "no repository", "one")

    why = "git: found no repository; expected one"
    status, said, _ = say("verify", files_at=refuse)
    assert (status, said.splitlines()[-1]) == (
        0, f"not compared with what is published ({why}); --against names another folder or revision",
    )  # fmt: skip
    assert say("verify --against v1", files_at=refuse)[::2] == (2, f"ferbench: {why}\n")
    monkeypatch.setattr("benchmark.cli.verifying.PARAMS", Path("none.yaml"))
    assert say("verify")[1].splitlines()[-1] == (
        "not compared with what is published: no run of none.yaml is in runs (dvc repro makes them)"
    )


def test_twenty_values_of_tables_are_named(say):
    tables = SimpleNamespace(**vars(MADE_AGAIN) | {"tables": deviations(25)})
    said = say("verify", reproduction=tables)[1].splitlines()
    assert said[-22:] == ["a line", *(f"reports/t.csv, row {row}" for row in range(20)), "all equal"]


FIVE = [examined(f"p/c/seed{seed}") for seed in range(5)]
OUTCOMES = [
    Outcome("p/c/seed0", IDENTICAL, largest=0.0),
    Outcome("p/c/seed1", SAME, "nearly", largest=0.25),
    Outcome("p/c/seed2", DIFFERENT, "far off", largest=3.0),
    Outcome("p/c/seed3", FAILED, "no such file"),
    Outcome("p/c/seed4", NOT_CHECKED, "no weights"),
]
WEIGHTS_SAID = """record     predictions
p/c/seed0  bit-identical
p/c/seed1  the same       nearly
p/c/seed2  different      far off
p/c/seed3  FAILED         no such file
not checked: no weights (1 record)
predictions of 4 records made again from weights: 1 bit-identical, 1 the same, 1 different, 1 FAILED; 1 not checked
"""


def test_predictions_made_again_of_every_outcome(say):
    written, of_place = {}, {outcome.place: outcome for outcome in OUTCOMES}
    done = say(
        "verify --weights --write", examine_all=FIVE, Rerun=lambda **_: lambda each: of_place[each.place],
        write_verified=lambda **given: written.update(given),
    )  # fmt: skip
    assert done == (
        1,
        f"{WEIGHTS_SAID}wrote reports/verification.json: 3 records; next: ferbench report\n",
        "ferbench: 2 records whose weights do not give their predictions\n",
    )
    assert written["done"] == {  # what failed tells nothing of the record
        "p/c/seed0": {"outcome": IDENTICAL, "largest": 0.0},
        "p/c/seed1": {"outcome": SAME, "largest": 0.25},
        "p/c/seed2": {"outcome": DIFFERENT, "largest": 3.0},
    }
    assert list(written["records"]) == list(written["done"]) and written["what"] == "weights"


@pytest.mark.parametrize("place, number", [(DIFFERENT, 1), (FAILED, 1), (SAME, 0), (NOT_CHECKED, 0)])
def test_which_outcomes_of_weights_are_findings(say, place, number):
    outcome = Outcome("p/c/seed0", place, "why")
    status, said, error = say("verify --weights", examine_all=FIVE[:1], Rerun=lambda **_: lambda each: outcome)
    told = f"ferbench: {number} records whose weights do not give their predictions\n"
    assert (status, error) == ((1, told) if number else (0, ""))
    assert said.startswith("record ") == (place != NOT_CHECKED)  # no table without a row


def damaged(monkeypatch):
    """A FaceSet that is found to be damaged when the records are examined."""
    from benchmark.records import prepared

    class Damaged(prepared.Prepared):
        def __init__(self, folder, *, verify=False):
            super().__init__(folder, verify=verify)
            self.damaged["d"] = BadInput("images.npy", "other bytes", "those of its digest")

    monkeypatch.setattr(prepared, "Prepared", Damaged)


def test_damaged_faces_are_named_at_each_depth(say, monkeypatch):
    damaged(monkeypatch)
    fault = "data/prepared/d: images.npy: found other bytes; expected those of its digest\n"
    status, said, error = say("verify reports/records/p", examine_all=[GOOD])
    assert said.endswith(f"{fault}1 record in order, 0 with faults; others: 1 faults\n")
    assert (status, error) == (1, "ferbench: 1 other faults\n")
    status, said, error = say("verify --weights", examine_all=FIVE[:1], Rerun=lambda **_: lambda _: OUTCOMES[0])
    assert fault in said
    assert (status, error) == (1, "ferbench: 0 records whose weights do not give their predictions\n")
    refused = "ferbench: data/prepared/d: found other bytes; expected those of its digest\n"
    assert say(RETRAIN, examine_all=[GOOD]) == (2, "", refused)


def test_runs_trained_again_of_every_outcome(say):
    found = [
        Sameness(IDENTICAL),
        Sameness(SAME, "nearly", (("threads", "2 threads instead of 1"), ("code", "code b instead of a"))),
        *[Sameness(DIFFERENT, "far off")] * 21,
    ]
    results = [(SimpleNamespace(place=f"p/c/seed{seed:02}"), same) for seed, same in enumerate(found)]
    status, said, error = say(RETRAIN, outcomes=results[:3])
    assert said == (
        "1 runs are trained again in runs/again\n"
        "run         outcome    how      what differs\n"
        "p/c/seed01  the same   nearly   2 threads instead of 1, code b instead of a\n"
        "p/c/seed02  different  far off  nothing of data, code, versions and processor differs\n"
        "1 of 3 runs bit-identical to the published ones, 1 the same (other threads, code), 1 different\n"
    )
    assert (status, error) == (1, "ferbench: 1 runs are different: p/c/seed02\n")
    places = ", ".join(f"p/c/seed{seed:02}" for seed in range(2, 22))  # twenty are named
    assert say(RETRAIN, outcomes=results)[2] == f"ferbench: 21 runs are different: {places}\n"
    assert say(RETRAIN, outcomes=results[:2])[::2] == (0, "")


def test_the_bars_of_verify(say, monkeypatch):
    bars = []

    class Bar:
        def __init__(self, **given):
            self.given, self.done = given, 0
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def update(self, n=1):
            self.done += n

    monkeypatch.setattr("benchmark.progress.bar", Bar)
    say("verify --weights", examine_all=lambda **given: [given["step"]() for _ in range(2)] and FIVE, Rerun=lambda **_: (
        lambda each: OUTCOMES[0]))  # fmt: skip
    assert [(bar.given, bar.done) for bar in bars] == [
        ({"total": 2, "desc": "records", "unit": "record"}, 2),
        ({"total": 5, "desc": "weights", "unit": "record"}, 5),
    ]


NOT_ONE = "ferbench run: found not exactly one choice; expected PROTOCOL and CELL, or --params KEY, --profile NAME or "
NOT_ONE += "--plan FILE (--model MODEL may stand for CELL)"
SHARE = "run --profile one --share"
OPTION = "run synthetic-8 --model mini-xception --option"
NO_NAME = "expected at most 100 letters, digits, '-', '_' and '+', a letter or digit first: it names folders"


@pytest.mark.parametrize(
    "command, line",
    [
        *[(f"run{rest}", NOT_ONE) for rest in (
            "", " synthetic-8", f" synthetic-8 {P} --model resnet18", " --model resnet18", " --params a --profile one",
            " --plan x --profile one", f" synthetic-8 {P} --params a", " synthetic-8 --profile one",
        )],
        *[(f"{SHARE} {text}", f"--share: found '{text}'; expected K/N with K from 1 to N, such as 2/8") for text in (
            "12", "/", "1/", "/2", "a/2", "1/b", "0/2", "3/2", "1/2/3", "0000000002/000000004",
        )],
        *[(f"{OPTION} {text}", f"--option: found '{text}'; expected KEY=VALUE") for text in ("width", "1=2", "a-b=1", "=1")],
        (f"run synthetic-8 {P} --engine ray --gpus-per-run inf", "--gpus-per-run: found inf; expected a number from 0"),
        (f"run synthetic-8 {P} --engine ray --gpus-per-run -0.5", "--gpus-per-run: found -0.5; expected a number from 0"),
        (f"run synthetic-8 {P} --engine ray --cpus-per-run 0", "--cpus-per-run: found 0; expected a number from 1"),
        # What can be told from the command line alone is said before anything is read.
        ("run nothing nothing --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        ("tune nothing --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        ("study nothing --time-budget -1", "--time-budget: found -1; expected seconds, more than 0"),
        ("verify nowhere --retrain all --time-budget 0", "--time-budget: found 0; expected seconds, more than 0"),
        ("verify there --weights --write", "ferbench verify: found --write for there; expected it for reports/records"),
        ("verify --weights --retrain all", "ferbench verify: found --weights and --retrain; expected one of them"),
        ("verify nowhere", "nowhere: found no record.json below it; expected records"),
        (f"{RETRAIN} --out runs", "--out: found runs; expected a folder of its own, other than runs and reports/records"),
        (f"{RETRAIN} --out reports", "--out: found reports; expected a folder of its own, other than runs and "
         "reports/records"),
        ("seal nowhere", "nowhere: found no record.json below it; expected records"),
        ("audit ../x", f"ferbench audit, data set: found name '../x'; {NO_NAME}"),
        ("faces ../x", f"ferbench faces, data set: found name '../x'; {NO_NAME}"),
        ("ceilings ferplus x", "ferbench ceilings: found no folder or one too many; expected a folder for affectnet_c25, "
         "none for ferplus"),
        ("ceilings affectnet_c25", "ferbench ceilings: found no folder or one too many; expected a folder for "
         "affectnet_c25, none for ferplus"),
        ("sources nothing_of_that_name", "ferbench sources: found 'nothing_of_that_name'; expected an importable package "
         "with networks, one of ablations, baselines, timm"),
        ("pack home --runs nowhere", "--runs nowhere: found no folder; expected the folder of records that `run` wrote"),
        ("first-contact --plan x --out y --seconds inf", "--seconds: found inf; expected seconds, more than 0"),
    ],
)  # fmt: skip
def test_a_refusal_word_for_word(tmp_path, monkeypatch, capsys, command, line):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("benchmark.runs.plan.plan", lambda profile: [])
    assert main(command.split()) == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"ferbench: {line}\n") and not list(tmp_path.iterdir())


def test_an_option_holds_everything_after_its_first_equals_sign(arriving):
    found = arriving(TABLE["evaluate"], f"{EVALUATE} --option a=b=c --option d=")
    assert found["evaluate.options"] == {"a": "b=c", "d": None}


@pytest.mark.parametrize("contents", ["data: {other: {options: {}}}\nseeds: [0]\nruns: {}\n", "seeds: [0]\nruns: {}\n"])
def test_a_data_set_that_params_does_not_have(say, contents):
    line = "params.yaml, data: found no entry 'synthetic'; expected one; choose a profile that uses it"
    assert say("prepare synthetic --params", files={"params.yaml": contents}) == (2, "", f"ferbench: {line}\n")


def test_first_contact_wants_prepared_faces(arriving):
    entry = TABLE["first-contact"]
    found = arriving(entry, f"{entry['base']} --prepared p --runs r".replace("one", "two"))
    assert (found["status"], found["error"]) == (
        2, "ferbench: p/fer2013: found no FaceSet; expected a prepared one: first `ferbench data add fer2013 PATH` "
        "(docs/data/fer2013.md), then `ferbench prepare fer2013` in data/prepared; there is no dvc.yaml here: is this the "
        "project's folder?\n",
    )  # fmt: skip


def test_help_keeps_its_lines(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for argv, kept in ((["verify", "--help"], VERIFY), (["--help"], "\n   0  done\n")):
        with pytest.raises(SystemExit) as ended:
            main(argv)
        said = capsys.readouterr()
        assert ended.value.code == 0 and kept in said.out and not said.err
    assert said.out == parser().format_help()
    assert said.out.startswith("usage: ferbench [-h] [--version] VERB ...\n")


def test_help_goes_where_it_is_sent(tmp_path):
    with (tmp_path / "help.txt").open("w") as file:
        parser().print_help(file)
    assert (tmp_path / "help.txt").read_text() == parser().format_help()


def test_the_first_word_of_a_two_word_verb_lists(capsys):
    assert main(["data"]) == 0
    assert "\nfer2013  " in capsys.readouterr().out


def test_the_shell_completes_files_where_a_path_is_wanted(capsys):
    assert main(["completion", "bash"]) == 0
    said = capsys.readouterr().out
    for place in ("import_pos_0", "data_add_pos_1", "run___plan", "verify___json"):
        assert f"_shtab_ferbench_{place}_COMPGEN=_shtab_compgen_files\n" in said
    for place in ("data_add_pos_0", "run_pos_0", "run___jobs"):
        assert f"_shtab_ferbench_{place}_COMPGEN" not in said
