"""Verbs that add, prepare and examine data."""

import shlex
from collections.abc import Callable
from pathlib import Path

from benchmark.cli.listing import data_list
from benchmark.cli.parsing import DATA, REPORT
from benchmark.cli.shared import AUDITS, HUMANS, PARAMS, PREPARED, RAW, RECORDS, REPORTS, check_outputs, params
from benchmark.errors import BadInput, Findings
from benchmark.names import checked_name


def data_add(arguments) -> None:
    from benchmark.faces.adding import add

    add(arguments.name, arguments.path, dvc=not arguments.no_dvc)


def data_check(arguments) -> None:
    from benchmark.faces.adding import examine
    from benchmark.faces.survey import lines

    for line in lines(examine(arguments.name, arguments.path)):
        print(line)
    print(f"nothing is refused; `ferbench data add {arguments.name} {shlex.quote(str(arguments.path))}` adds it")


def prepare(arguments) -> None:
    from benchmark.cli.missing import check_raw, elsewhere
    from benchmark.faces import data_sets

    options = {}
    if arguments.params:
        entry = params().get("data", {}).get(arguments.name)
        if entry is None:
            raise BadInput(f"{PARAMS}, data", f"no entry '{arguments.name}'", "one; choose a profile that uses it")
        options = entry.get("options", {})
        data_sets.check_options(arguments.name, options, f"{PARAMS}, data, {arguments.name}, options")
    try:
        faces = data_sets.reader(arguments.name).prepare(PREPARED / arguments.name, raw=RAW, **options)
    except BadInput as error:
        check_raw(arguments.name)  # if they are missing, it says what they are and where they come from
        raise error
    print(f"{len(faces)} faces in {faces.directory}, fingerprint {faces.fingerprint[:16]}{elsewhere()}")


def audit(arguments) -> None:
    from benchmark.faces.audit.audit import audit as audit_faces
    from benchmark.faces.faceset import open_faceset

    checked_name(arguments.name, "data set", "ferbench audit")
    if arguments.near_limit < 0:
        raise BadInput("--near-limit", arguments.near_limit, "a number from 0")
    check_outputs(REPORTS / "data" / arguments.name / "audit.json")
    faces, private = open_faceset(PREPARED / arguments.name), AUDITS / arguments.name
    contents = audit_faces(faces, REPORTS / "data" / arguments.name, private, near_limit=arguments.near_limit)
    for split, counts in contents["counts"].items():
        print(f"{split}: {sum(counts.values())} faces: " + ", ".join(f"{k} {v}" for k, v in counts.items()))
    for kind, sentences in contents["findings"].items():
        for sentence in sentences:
            print(f"{kind}: {sentence}")
    print(f"wrote {REPORTS / 'data' / arguments.name}")
    if contents["pairs_of_copies"] == "private":
        print(f"pictures of the worst near copies across splits, not to be published: {private}")
    if arguments.strict and contents["findings"]["wrong"]:
        raise Findings(f"{len(contents['findings']['wrong'])} findings are wrong")


def ceilings(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.faces.raters import ceilings as humans

    if (arguments.source == "affectnet_c25") != (arguments.path is not None):
        raise BadInput("ferbench ceilings", "no folder or one too many", "a folder for affectnet_c25, none for ferplus")
    if arguments.source == "ferplus":
        found = humans.ferplus(open_faceset(PREPARED / "fer2013"), open_faceset(PREPARED / "ferplus"), HUMANS)
    else:
        found = humans.c25(arguments.path, HUMANS)
    for part in (key for key, value in found.items() if isinstance(value, dict) and "n" in value):
        own = {key: value for key, value in found[part].items() if isinstance(value, dict)}
        print(f"{part}: " + ", ".join(f"{k} {v['mean']:.4f} [{v['low']:.4f}, {v['high']:.4f}]" for k, v in own.items()))
    print(f"wrote {HUMANS / arguments.source}.json")


def faces(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.measures.extremes.measure import extremes
    from benchmark.records.checks.known import Known
    from benchmark.records.examine import gather

    checked_name(arguments.name, "data set", "ferbench faces")
    own = [record for record in gather(RECORDS, Known()).records if record.outside is None]
    found = extremes(open_faceset(PREPARED / arguments.name), own, REPORTS / "faces" / arguments.name)
    names = ", ".join(entry["protocol"] for entry in found["protocols"])
    reason = names or ("no finished run on these faces" if found["shown"] else "none: the terms do not allow showing them")
    print(f"easiest and hardest test faces of {arguments.name}: {reason}")


def subgroups(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.measures.subgroups.measure import subgroups as split
    from benchmark.records.checks.known import Known
    from benchmark.records.examine import gather

    checked_name(arguments.name, "data set", "ferbench subgroups")
    out = REPORTS / "subgroups" / f"{arguments.name}.json"
    check_outputs(out)
    faces, by = open_faceset(PREPARED / arguments.name), arguments.by.split(",") if arguments.by else []
    own = [record for record in gather(RECORDS, Known()).records if record.outside is None]
    found = split(faces, own, by, RECORDS, out)
    for entry in found["protocols"]:
        print(f"{entry['protocol']}: {len(entry['cells'])} cells by {', '.join(entry['by'])}")
    if not found["protocols"]:
        print(f"no record on these faces in {RECORDS}: `dvc repro` or `ferbench import` brings finished runs there")
    print(f"wrote {out}")


def add(verb: Callable, verbs) -> None:
    """Add the verbs of this module. `verbs`: the subparsers to which `data add` and `data check` are added, verbs of two
    words."""
    data = verb("data", data_list, "list the data sets: what they are, how one gets them, and which are here",
                "ferbench data", group=DATA).add_subparsers(metavar="VERB")  # fmt: skip
    one = verb("add", data_add, "check a raw file, copy it to data/raw (for a folder: write a pointer), track it with DVC",
               "ferbench data add fer2013 ~/Downloads/fer2013.tar.gz", to=data, group=DATA)  # fmt: skip
    one.add_argument("name", help="data set (docs/data lists them)")
    one.add_argument("path", type=Path, help="file as downloaded, or folder (it is not copied)")
    one.add_argument("--no-dvc", action="store_true", help="only copy; do not track with DVC")

    one = verb("check", data_check, "say what a raw file or folder holds and what is wrong with it; write nothing",
               "ferbench data check affectnet ~/AffectNet", to=data, group=DATA)  # fmt: skip
    one.add_argument("name", help="data set (docs/data lists them)")
    one.add_argument("path", type=Path, help="file as downloaded, or folder")

    one = verb("prepare", prepare, "make the FaceSet of a data set from raw files -> data/prepared",
               "ferbench prepare synthetic", group=DATA)  # fmt: skip
    one.add_argument("name")
    one.add_argument("--params", action="store_true", help="take the options from params.yaml (as the pipeline does)")

    one = verb("audit", audit, "examine a FaceSet: its contents and what is wrong with it -> reports/data",
               "ferbench audit fer2013", group=DATA)  # fmt: skip
    one.add_argument("name")
    one.add_argument("--strict", action="store_true", help="exit with status 1 if something is wrong")
    one.add_argument("--near-limit", type=int, default=400_000, metavar="N",
                     help="search near copies only among at most N distinct pictures (default: %(default)s)")  # fmt: skip

    one = verb("ceilings", ceilings, "measure how well human raters agree -> reports/humans (aggregate numbers only)",
               "ferbench ceilings affectnet_c25 ~/affectnetc25", group=DATA)  # fmt: skip
    one.add_argument("source", choices=("ferplus", "affectnet_c25"))
    one.add_argument("path", type=Path, nargs="?", help="folder with the six files (affectnet_c25 only)")

    one = verb("faces", faces, "find the easiest and hardest test faces of a FaceSet -> reports/faces",
               "ferbench faces synthetic", group=REPORT)  # fmt: skip
    one.add_argument("name")

    one = verb("subgroups", subgroups, "split the results on a FaceSet by attributes of its faces -> reports/subgroups",
               "ferbench subgroups affectnet --by age,gender", group=REPORT)  # fmt: skip
    one.add_argument("name")
    one.add_argument("--by", metavar="NAMES", help="attributes, separated by commas (default: all that the FaceSet has)")
