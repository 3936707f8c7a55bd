"""Every option of the verbs for data, records and the report: what it changes, by value."""

from pathlib import Path
from types import SimpleNamespace

from benchmark.faces.survey import Survey
from benchmark.protocol.cells import Cell
from benchmark.protocol.protocol import load_protocol
from benchmark.records.importing import Import
from benchmark.records.record import Record

from .conftest import GONE, Opened, named

RECORDS, PREPARED, RUNS = Path("reports/records"), Path("data/prepared"), Path("runs")
OPEN = {"benchmark.faces.faceset.open_faceset": lambda directory, verify: Opened(directory)}
ENTRY = "{protocol: synthetic-8, data: synthetic, package: ablations, cell: %s, model: residual,\n"
ENTRY += "  options: {units: [1, 1, 1], widths: [4, 8]}, loss: plain}"
PARAMS = "data: {diffusionfer: {options: {size: 40}}, affwild: {options: {every: 9}}, synthetic: {options: {}}}\n"
PARAMS += f"seeds: [3, 4]\nruns:\n a: {ENTRY % 'own-a'}\n b: {ENTRY % 'own-b'}\n"


def opened(name: str, folder: Path = PREPARED, verify: bool = False, call: str = "open_faceset") -> dict:
    return named(call, {"directory": folder / name, "verify": verify})


def audited(faces, out, private, near_limit) -> dict:
    return {
        "counts": {"train": {"low": 2, "high": 3}},
        "findings": {"wrong": ["two of a kind"]},
        "pairs_of_copies": "private",
    }


AUDITED = (
    "train: 5 faces: low 2, high 3\nwrong: two of a kind\nwrote reports/data/%s\npictures of the worst near copies across "
)
AUDITED += "splits, not to be published: data/audit/%s\n"
RATED = {"n": 3, "accuracy": {"mean": 0.5, "low": 0.25, "high": 0.75}, "kappa": {"mean": 0.125, "low": 0, "high": 1}}
HUMANS = {"all": RATED, "source": "no number", "raters": {"each": 1}}
HUMANS_SAID = "all: accuracy 0.5000 [0.2500, 0.7500], kappa 0.1250 [0.0000, 1.0000]\nwrote reports/humans/%s.json\n"
CELL = Cell("own-a", "residual", {"units": [1, 1, 1], "widths": [4, 8]}, "plain")  # the name is not in its hash
OF_PARAMS = {"protocol_hash": load_protocol("synthetic-8").hash, "cell_hash": CELL.hash}
OURS, THEIRS = (
    Record(RECORDS / name, {"outside": outside, "protocol": {"name": "synthetic-8"}})
    for name, outside in (("p/c/seed0", None), ("outside/p/c/seed0", {}))
)
SPLIT = {"protocols": [{"protocol": "p", "cells": [1, 2], "by": {"age": {}, "race": {}}}]}
SHOWN = {"protocols": [{"protocol": "p"}], "shown": True}
FOUND = Survey("A", {"train": {"happy": 1, "sad": 2}}, None, ("one row is left out",))
CHECKED = "edition: A\ntrain: 3 faces: happy 1, sad 2\nnote: one row is left out\n"
CHECKED += "nothing is refused; `ferbench data add %s` adds it\n"

TABLE = {
    "data add": {
        "spies": {"benchmark.faces.adding.add": None},
        "base": "data add fer2013 x.csv",
        "arrives": named("add", {"name": "fer2013", "path": Path("x.csv"), "root": Path(), "dvc": True}),
        "options": {
            "name": ("data add ferplus x.csv", {"add.name": "ferplus"}),
            "path": ("data add fer2013 y", {"add.path": Path("y")}),
            "no_dvc": ("data add fer2013 x.csv --no-dvc", {"add.dvc": False}),
        },
    },
    "data check": {
        "spies": {"benchmark.faces.adding.examine": lambda name, path: FOUND},
        "base": "data check fer2013 x.csv",
        "arrives": named("examine", {"name": "fer2013", "path": Path("x.csv")}) | {"printed": CHECKED % "fer2013 x.csv"},
        "options": {
            "name": ("data check ferplus x.csv", {"examine.name": "ferplus", "printed": CHECKED % "ferplus x.csv"}),
            "path": ("data check fer2013 y;z", {"examine.path": Path("y;z"), "printed": CHECKED % "fer2013 'y;z'"}),
        },
    },
    "prepare": {
        "spies": {
            f"benchmark.faces.readers.{name}.prepare": lambda directory, **_: Prepared(directory)
            for name in ("diffusionfer", "fer2013")
        },
        "files": {"params.yaml": PARAMS, "dvc.yaml": ""},
        "base": "prepare diffusionfer",
        "arrives": named("prepare", {"directory": PREPARED / "diffusionfer", "raw": Path("data/raw"), "size": 112})
        | {"printed": "3 faces in data/prepared/diffusionfer, fingerprint 0123456789abcdef\n"},
        "options": {
            "name": (
                "prepare fer2013",
                {"prepare.directory": PREPARED / "fer2013", "prepare.size": GONE, "printed": "in data/prepared/fer2013,"},
            ),
            "params": ("prepare diffusionfer --params", {"prepare.size": 40}),
        },
    },
    "audit": {
        "spies": OPEN | {"benchmark.faces.audit.audit.audit": audited},
        "base": "audit fer2013",
        "arrives": opened("fer2013")
        | named("audit", {"faces": "data/prepared/fer2013", "out": Path("reports/data/fer2013"), "near_limit": 400_000})
        | {"audit.private": Path("data/audit/fer2013"), "printed": AUDITED % ("fer2013", "fer2013")},
        "options": {
            "name": (
                "audit ferplus",
                opened("ferplus")
                | named("audit", {"faces": "data/prepared/ferplus", "out": Path("reports/data/ferplus")})
                | {"audit.private": Path("data/audit/ferplus"), "printed": AUDITED % ("ferplus", "ferplus")},
            ),
            "strict": ("audit fer2013 --strict", {"status": 1, "error": "ferbench: 1 findings are wrong\n"}),
            "near_limit": ("audit fer2013 --near-limit 7", {"audit.near_limit": 7}),
            "near_limit: none": ("audit fer2013 --near-limit 0", {"audit.near_limit": 0}),
        },
    },
    "ceilings": {
        "spies": OPEN | {"benchmark.faces.raters.ceilings.ferplus": HUMANS, "benchmark.faces.raters.ceilings.c25": HUMANS},
        "base": "ceilings ferplus",
        "arrives": opened("fer2013")
        | opened("ferplus", call="open_faceset 2")
        | named("ferplus", {"fer2013": "data/prepared/fer2013", "voted": "data/prepared/ferplus"})
        | {"ferplus.out": Path("reports/humans"), "printed": HUMANS_SAID % "ferplus"},
        "options": {
            name: (
                f"ceilings affectnet_c25 {folder}",
                dict.fromkeys(
                    [f"{call}.{each}" for call in ("open_faceset", "open_faceset 2") for each in ("directory", "verify")]
                    + ["ferplus.fer2013", "ferplus.voted", "ferplus.out"],
                    GONE,
                )
                | named("c25", {"folder": Path(folder), "out": Path("reports/humans")})
                | {"printed": HUMANS_SAID % "affectnet_c25"},
            )
            for name, folder in (("source", "c25"), ("path", "elsewhere"))
        },
    },
    "faces": {
        "spies": OPEN
        | {
            "benchmark.measures.extremes.measure.extremes": SHOWN,
            "benchmark.records.examine.gather": SimpleNamespace(records=[OURS, THEIRS]),
        },
        "base": "faces fer2013",
        "arrives": opened("fer2013")
        | named("gather", {"root": RECORDS, "known": None})
        | named("extremes", {"faces": "data/prepared/fer2013", "records": [OURS.directory]})
        | {"extremes.out": Path("reports/faces/fer2013"), "printed": "easiest and hardest test faces of fer2013: p\n"},
        "options": {
            "name": (
                "faces ferplus",
                opened("ferplus")
                | {"extremes.faces": "data/prepared/ferplus", "extremes.out": Path("reports/faces/ferplus")}
                | {"printed": "easiest and hardest test faces of ferplus: p\n"},
            )
        },
    },
    "subgroups": {
        "spies": OPEN
        | {
            "benchmark.measures.subgroups.measure.subgroups": SPLIT,
            "benchmark.records.examine.gather": SimpleNamespace(records=[OURS, THEIRS]),
        },
        "base": "subgroups fer2013",
        "arrives": opened("fer2013")
        | named("gather", {"root": RECORDS, "known": None})
        | named("subgroups", {"faces": "data/prepared/fer2013", "records": [OURS.directory], "by": [], "root": RECORDS})
        | {"subgroups.out": Path("reports/subgroups/fer2013.json")}
        | {"printed": "p: 2 cells by age, race\nwrote reports/subgroups/fer2013.json\n"},
        "options": {
            "name": (
                "subgroups ferplus",
                opened("ferplus")
                | {"subgroups.faces": "data/prepared/ferplus", "subgroups.out": Path("reports/subgroups/ferplus.json")}
                | {"printed": "wrote reports/subgroups/ferplus.json\n"},
            ),
            "by": ("subgroups fer2013 --by race,age", {"subgroups.by": ["race", "age"]}),
        },
    },
}


class Prepared(Opened):
    """A prepared FaceSet of three faces."""

    __slots__ = ()
    directory = property(str.__str__)
    fingerprint = "0123456789abcdef0"

    def __len__(self) -> int:
        return 3


def collected(*places: str) -> dict:
    """What arrives for the records of a cell: all are read and checked before they are copied."""
    found = {}
    for number, place in enumerate(places, 1):
        label = "" if number == 1 else f" {number}"
        found |= {f"read_record{label}.directory": RUNS / place}
        found |= named(f"check_all{label}", {"record": RUNS / place, "known": (PREPARED, False), "without": []})
    folder = (RECORDS / places[0]).parent
    return found | named("copy_records", {"records": [RUNS / place for place in places], "folder": folder})


def sealing(folder: str) -> dict:
    """Two records below a folder, the second of which has its seal."""
    first, second = SimpleNamespace(directory=f"{folder}/1", sealed=False), f"{folder}/2"
    return {
        "record_folders.root": Path(folder),
        "read_record.directory": f"{folder}/1",
        "read_record 2.directory": second,
    } | (
        named("check_all", {"record": first, "known": (PREPARED, False), "without": ["seal"]})
        | {"write_seal.directory": f"{folder}/1"}
    )


IMPORT = {"source": Path("sent"), "destination": RECORDS / "imported", "known": (PREPARED, False)}
IMPORT |= {"replace": False, "check_only": False, "outside": RECORDS / "outside"}
TAKEN = Record(
    RECORDS / "imported/p/c/seed0", {"data": {"name": "x", "fingerprint": "0"}, "protocol": {"name": "synthetic-8"}}
)
PUBLISHED = {"synthetic-8": ("synthetic", PREPARED), "fer2013-7": ("fer2013", PREPARED)}
TABLE |= {
    "collect": {
        "spies": {
            "benchmark.records.record.read_record": lambda directory: Record(directory, OF_PARAMS),
            "benchmark.records.examine.check_all": None,
            "benchmark.records.importing.copy_records": None,
        },
        "files": {"params.yaml": PARAMS},
        "base": "collect --params a",
        "arrives": collected("synthetic-8/own-a/seed3", "synthetic-8/own-a/seed4"),
        "options": {"params": ("collect --params b", collected("synthetic-8/own-b/seed3", "synthetic-8/own-b/seed4"))},
    },
    "import": {
        "spies": {
            "benchmark.records.importing.import_records": Import([TAKEN], [], [OURS]),
            "benchmark.records.grouping.on_other_bytes": False,
        },
        "base": "import sent",
        "arrives": named("import_records", IMPORT)
        | {"on_other_bytes.record": TAKEN.directory}
        | {"printed": "1 records taken into reports/records/imported\n1 records there already and identical, passed over\n"},
        "options": {
            "path": ("import other.tar", {"import_records.source": Path("other.tar")}),
            "check": (
                "import sent --check",
                {
                    "import_records.check_only": True,
                    "printed": "1 records in order, to be taken into reports/records/imported\n",
                },
            ),
            "replace": ("import sent --replace", {"import_records.replace": True}),
        },
    },
    "seal": {
        "spies": {
            "benchmark.records.record.record_folders": lambda root: [f"{root}/1", f"{root}/2"],
            "benchmark.records.record.read_record": lambda directory: SimpleNamespace(
                directory=directory, sealed=directory.endswith("2")
            ),
            "benchmark.records.examine.check_all": None,
            "benchmark.records.seal.write_seal": None,
        },
        "base": "seal",
        "arrives": sealing("reports/records") | {"printed": "1 records checked and sealed, 1 were sealed already\n"},
        "options": {
            "path": ("seal there", sealing("there")),
            "prepared": ("seal --prepared p", {"check_all.known": (Path("p"), False)}),
        },
    },
    "publish": {
        "spies": {
            "benchmark.faces.faceset.open_faceset": lambda directory, verify: Prepared(directory),
            "benchmark.records.prepared.entry_of": lambda protocol, faces: {"test": f"digest of {faces}"},
        },
        "base": "publish synthetic-8",
        "arrives": opened("synthetic", verify=True)
        | named("entry_of", {"protocol": "synthetic-8", "faces": "data/prepared/synthetic"})
        | {"printed": "    0123456789abcdef0: {test: digest of data/prepared/synthetic}\n"},
        "options": {
            "protocols": (
                "publish synthetic-8 fer2013-7",
                opened("fer2013", verify=True, call="open_faceset 2")
                | named("entry_of 2", {"protocol": "fer2013-7", "faces": "data/prepared/fer2013"})
                | {"printed": "fer2013-7:\n"},
            ),
            "prepared": (
                "publish synthetic-8 --prepared p",
                opened("synthetic", Path("p"), verify=True) | {"entry_of.faces": "p/synthetic", "printed": "digest of p/"},
            ),
        },
    },
    "report": {
        "spies": {"benchmark.report.build.build": None},
        "base": "report",
        "arrives": named("build", {"records": RECORDS, "complexity": Path("reports/complexity.json")})
        | named("build", {"data": Path("reports/data"), "out": Path("reports"), "planned": None})  # no params.yaml here
        | {"printed": "wrote reports/index.html and reports/README.md\n"},
    },
    "audit-release": {
        "spies": {"benchmark.report.release_audit.audit.audit": None},
        "base": "audit-release",
        "arrives": {"audit.path": None, "audit.out": Path("reports"), "printed": "wrote reports/release-audit.md\n"},
        "options": {"path": ("audit-release clone", {"audit.path": Path("clone")})},
    },
}
TABLE["completion"] = {
    "base": "completion bash",
    "arrives": {"printed": "complete -"},
    "options": {"shell": ("completion zsh", {"printed": "#compdef ferbench\n"})},
}
