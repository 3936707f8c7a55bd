"""Every option of the verbs that evaluate models made elsewhere and that measure and compare networks: what it changes, by
value."""

import json
from pathlib import Path
from types import SimpleNamespace

from benchmark.interface.comparison import Comparison
from benchmark.interface.prediction import Prediction
from benchmark.interface.result import Result
from benchmark.measures.complexity import plan
from benchmark.records.record import Record

from .conftest import GONE, Opened, named

P, W = "narrow8-12-identity-working-plain", "narrow8-12-identity-working-weighted"
OUTSIDE, PREPARED = Path("reports/records/outside"), Path("data/prepared")
OPEN = {"benchmark.faces.faceset.open_faceset": lambda directory, verify: Opened(directory)}
SUMMARY = {
    "metrics": {"test": {"accuracy": 0.25, "n": 4}},
    "warnings": ["odd\x1b[1m"],
    "understood": ["classes\x1b[1m"],
    "not_tested": {"nll": "no scores"},
    "interval": {"metric": "accuracy", "low": 0.125, "high": 0.5},
    "stated": {"accuracy": 0.75, "source": "page of Müller"},
    "outputs": "logits",
    "record": "there",
}
SAID = (
    "classes\\x1b[1m\ntest: accuracy 0.2500\nnll no scores\ntest: accuracy 95 % over test images [0.1250, 0.5000]\n"
    "stated: accuracy 0.7500 (page of Müller)\ntaken as logits; wrote there\n"
)
QUICK = SAID.replace("wrote there", "nothing was written: --name NAME makes it an entry")
WARNED = "ferbench: warning: odd\\x1b[1m\n"
AS_JSON = json.dumps(SUMMARY, indent=1, ensure_ascii=False) + "\n"
ENTERED = Record(OUTSIDE / "synthetic-8/net/seed0", {})


class Looked:
    """A result that is in memory alone."""

    def as_dict(self):
        return SUMMARY | {"record": None}

    def enter(self, name, **named):
        return Result.enter(self, name, **named)


class Entered(Looked):
    record = ENTERED

    def as_dict(self):
        return SUMMARY


LOOKED = Looked()


def opened(data: str, folder: Path = PREPARED) -> dict:
    return named("open_faceset", {"directory": folder / data, "verify": False})


CHECKED = named("check_entry", {"protocol": "synthetic-8", "name": "net", "out": OUTSIDE, "stated": None, "replace": False})
ENTRY = {"name": "net", "out": OUTSIDE, "stated": None, "extra_training_data": None, "seen": None, "replace": False}
ENTRY = CHECKED | named("enter", ENTRY) | {"enter.self": LOOKED}
EVALUATE = "evaluate net.onnx --protocol synthetic-8 --name net"
SCORE = "score p.csv --protocol synthetic-8 --name net"
ASKED = {
    "protocol": "synthetic-8",
    "preprocessing": None,
    "views": None,
    "weights": None,
    "options": None,
    "trust": False,
    "scores": "auto",
    "parameters": None,
    "device": "auto",
    "name": None,
    "prepared": PREPARED,
    "project": Path(),
}
ASKED = {
    "evaluate": named("evaluate", ASKED | {"model": "net.onnx", "options": {}}),
    "score": named("evaluate", ASKED | {"model": Path("p.csv")}),
}
ASKING = {
    "benchmark.interface.evaluating.evaluate": LOOKED,
    "benchmark.interface.result.Result.enter": Entered(),
    "benchmark.outside.entry.check_entry": None,
}


def both_of(name: str, value: object) -> dict:
    return {f"{function}.{name}": value for function in ("check_entry", "enter")}


def of_an_entry(call: str, verb: str) -> dict:
    """The options that `evaluate` and `score` share."""
    stated = {"accuracy": 0.5, "source": "page"}
    both = f"{call} --stated-accuracy 0.5 --stated-source page"
    not_entered = dict.fromkeys(ENTRY, GONE)
    refused = dict.fromkeys([*ENTRY, *ASKED[verb]], GONE) | {"status": 2, "printed": ""}
    expected = "expected --stated-accuracy or --stated-words, and --stated-source"

    def alone(option: str) -> dict:
        return refused | {"error": f"ferbench: ferbench: found {option} alone; {expected}\n"}

    return {
        "protocol": (
            call.replace("synthetic-8", "fer2013-7"),
            {"evaluate.protocol": "fer2013-7", "check_entry.protocol": "fer2013-7"},
        ),
        "name": (call.replace("--name net", "--name other"), both_of("name", "other")),
        "name: none": (call.replace(" --name net", ""), not_entered | {"printed": QUICK}),
        "stated_accuracy": (both.replace("0.5", "0.25"), both_of("stated", stated | {"accuracy": 0.25})),
        "stated_accuracy: alone": (f"{call} --stated-accuracy 0.5", alone("--stated-accuracy")),
        "stated_words": (f"{both} --stated-words good", both_of("stated", stated | {"words": "good"})),
        "stated_words: no number": (
            f"{call} --stated-words good --stated-source page",
            both_of("stated", {"words": "good", "source": "page"}),
        ),
        "stated_words: alone": (f"{call} --stated-words good", alone("--stated-words")),
        "stated_source": (both.replace("page", "other"), both_of("stated", stated | {"source": "other"})),
        "stated_source: alone": (f"{call} --stated-source page", alone("--stated-source")),
        "extra_training_data": (f"{call} --extra-training-data more", {"enter.extra_training_data": "more"}),
        "seen": (f"{call} --seen no", {"enter.seen": "no"}),
        "replace": (f"{call} --replace", both_of("replace", True)),
        "json": (f"{call} --json", {"printed": AS_JSON}),
        "prepared": (f"{call} --prepared p", {"evaluate.prepared": Path("p")}),
        "out": (f"{call} --out o", both_of("out", Path("o"))),
        "out: without a name": (
            f"{call} --out o".replace(" --name net", ""),
            refused | {"error": f"ferbench: ferbench {verb}: found --out without --name; expected it only there\n"},
        ),
    }


PREDICT = "predict a.jpg"
WANTED = {
    "pictures": [Path("a.jpg")],
    "model": None,
    "protocol": None,
    "weights": None,
    "preprocessing": None,
    "options": {},
    "trust": False,
    "crop": "auto",
    "device": "auto",
    "prepared": PREPARED,
    "project": Path(),
}
OF_MODEL = f"{PREDICT} --model net.onnx"


def alone(option: str, name: str) -> tuple:
    """An option of a model that is not named."""
    error = f"ferbench: ferbench predict: found --{name} without --model; expected it only there\n"
    return f"{PREDICT} {option}", dict.fromkeys(named("predict", WANTED), GONE) | {
        "status": 2,
        "error": error,
        "printed": "",
    }


def of_predict(option: str, **changes: object) -> tuple:
    return f"{OF_MODEL} {option}", named("predict", {"model": "net.onnx"} | changes)


TABLE = {
    "predict": {
        "spies": {"benchmark.interface.predicting.predict": Prediction([], [])},
        "base": PREDICT,
        "arrives": named("predict", WANTED) | {"printed": "intended use: how raters label such a face"},
        "options": {
            "pictures": (f"{PREDICT} b.png", {"predict.pictures": [Path("a.jpg"), Path("b.png")]}),
            "model": of_predict(""),
            "protocol": of_predict("--protocol fer2013-7", protocol="fer2013-7"),
            "protocol: alone": alone("--protocol p", "protocol"),
            "weights": of_predict("--weights w.pth", weights=Path("w.pth")),
            "weights: alone": alone("--weights w.pth", "weights"),
            "option": of_predict("--option width=8 --option deep=true", options={"width": 8, "deep": True}),
            "option: alone": alone("--option width=8", "option"),
            "preprocessing": of_predict("--preprocessing net.yaml", preprocessing="net.yaml"),
            "preprocessing: alone": alone("--preprocessing net.yaml", "preprocessing"),
            "trust": (f"{PREDICT} --model net.pt2 --trust", {"predict.model": "net.pt2", "predict.trust": True}),
            "trust: alone": alone("--trust", "trust"),
            "crop": (f"{PREDICT} --crop none", {"predict.crop": "none"}),
            "json": (f"{PREDICT} --json", {"printed": '"schema": 1'}),
            "device": (f"{PREDICT} --device cpu", {"predict.device": "cpu"}),
            "prepared": (f"{PREDICT} --prepared p", {"predict.prepared": Path("p")}),
        },
    },
    "evaluate": {
        "spies": ASKING
        | {
            "benchmark.records.trust.read_verification": None,
            "benchmark.cli.outside.write_verified": None,
        },
        "base": EVALUATE,
        "arrives": ENTRY | ASKED["evaluate"] | {"printed": SAID, "error": WARNED},
        "options": of_an_entry(EVALUATE, "evaluate")
        | {
            "model": (EVALUATE.replace("net.onnx", "a.b:c"), {"evaluate.model": "a.b:c"}),
            "weights": (f"{EVALUATE} --weights w.pt", {"evaluate.weights": Path("w.pt")}),
            "option": (f"{EVALUATE} --option a=1 --option b=x", {"evaluate.options": {"a": 1, "b": "x"}}),
            "preprocessing": (f"{EVALUATE} --preprocessing n.yaml", {"evaluate.preprocessing": "n.yaml"}),
            "trust": (f"{EVALUATE} --trust".replace("onnx", "pt2"), {"evaluate.model": "net.pt2", "evaluate.trust": True}),
            "views": (f"{EVALUATE} --views flip none", {"evaluate.views": ["flip", "none"]}),
            "device": (f"{EVALUATE} --device cuda:1", {"evaluate.device": "cuda:1"}),
            "write": (
                f"{EVALUATE} --write",
                {
                    "read_verification.path": Path("reports/verification.json"),
                    "write_verified.records": {"outside/synthetic-8/net/seed0": ENTERED},
                    "write_verified.what": "weights",
                    "write_verified.done": {"outside/synthetic-8/net/seed0": {"outcome": "bit-identical", "largest": 0.0}},
                    "write_verified.device": "cpu",
                },
            ),
        },
    },
    "score": {
        "spies": ASKING,
        "base": SCORE,
        "arrives": ENTRY | ASKED["score"] | {"printed": SAID, "error": WARNED},
        "options": of_an_entry(SCORE, "score")
        | {
            "predictions": (SCORE.replace("p.csv", "q.npz"), {"evaluate.model": Path("q.npz")}),
            "scores": (f"{SCORE} --scores logits", {"evaluate.scores": "logits"}),
            "scores: the other": (f"{SCORE} --scores probabilities", {"evaluate.scores": "probabilities"}),
            "scores: the default, given": (f"{SCORE} --scores auto", {"evaluate.scores": "auto"}),
            "parameters": (f"{SCORE} --parameters 12", {"evaluate.parameters": 12}),
        },
    },
}
EXPORT, WEIGHTS = "export-test faces --protocol synthetic-8", f"evaluate-weights synthetic-8 {P} w.pt --out scored"
CONVERTED_SAID = (
    "1,234 trained parameters, 8 outputs; model bregnext-50, shortcut adaptive, normalisation frozen\n"
    "BatchNorm: 3 of 9 layers with moving mean 0 and variance 1, never updated\n"
    "pictures: RGB, as recipe 'released' prepares them; class order: that of the labels it was trained on, not stored\n"
)
CONVERTED = SimpleNamespace(parameters=1234, outputs=8, untouched=3, normalisations=9)
FOUND = {
    "intervals": {
        "flip": {"accuracy": {"low": 0.25, "high": 0.75}, "kappa": {"low": None, "high": None}, "nll": {"low": 0, "high": 1}}
    },
    "metrics": {"test": {"flip": {"accuracy": 0.5, "kappa": 0.125, "nll": None}}},
}
TABLE |= {
    "export-test": {
        "spies": OPEN | {"benchmark.outside.blind_faces.export_faces": 12},
        "base": EXPORT,
        "arrives": opened("synthetic")
        | named("export_faces", {"protocol": "synthetic-8", "faces": "data/prepared/synthetic", "part": "test"})
        | {"export_faces.out": Path("faces")}
        | {"printed": "12 faces of the test split in faces, their ids in faces/ids.csv\n"},
        "options": {
            "out": (
                EXPORT.replace("faces", "x"),
                {"export_faces.out": Path("x"), "printed": "their ids in x/ids.csv\n"},
            ),
            "protocol": (
                EXPORT.replace("synthetic-8", "fer2013-7"),
                opened("fer2013") | named("export_faces", {"protocol": "fer2013-7", "faces": "data/prepared/fer2013"}),
            ),
            "split: the default, given": (f"{EXPORT} --split test", {"export_faces.part": "test"}),
            "split": (
                f"{EXPORT} --split validation",
                {"export_faces.part": "validation", "printed": "12 faces of the validation split"},
            ),
            "prepared": (
                f"{EXPORT} --prepared p",
                opened("synthetic", Path("p")) | {"export_faces.faces": "p/synthetic"},
            ),
        },
    },
    "convert-release": {
        "spies": {"benchmark.outside.release.conversion.convert": CONVERTED},
        "base": "convert-release release r.pt",
        "arrives": {"convert.checkpoint": Path("release"), "convert.out": Path("r.pt")}
        | {"printed": f"r.pt: {CONVERTED_SAID}"},
        "options": {
            "checkpoint": ("convert-release x.index r.pt", {"convert.checkpoint": Path("x.index")}),
            "out": ("convert-release release s.pt", {"convert.out": Path("s.pt"), "printed": "s.pt: 1,234"}),
        },
    },
    "evaluate-weights": {
        "spies": OPEN | {"benchmark.outside.score_weights.evaluate_weights": FOUND},
        "base": WEIGHTS,
        "arrives": opened("synthetic")
        | named("evaluate_weights", {"protocol": "synthetic-8", "cell": P, "weights": Path("w.pt"), "device": "cpu"})
        | named("evaluate_weights", {"faces": "data/prepared/synthetic", "out": Path("scored"), "input_recipe": None})
        | {"evaluate_weights.order": None}
        | {
            "printed": "test, TTA flip: accuracy 0.5000 [0.2500, 0.7500]\ntest, TTA flip: kappa 0.1250 no interval\n"
            "test, TTA flip: nll not defined\nwrote scored; brackets: 95 % over test images, one network\n"
        },
        "options": {
            "protocol": (
                WEIGHTS.replace("synthetic-8", "fer2013-7"),
                opened("fer2013") | named("evaluate_weights", {"protocol": "fer2013-7", "faces": "data/prepared/fer2013"}),
            ),
            "cell": (WEIGHTS.replace(P, W), {"evaluate_weights.cell": W}),
            "weights": (WEIGHTS.replace("w.pt", "v.pt"), {"evaluate_weights.weights": Path("v.pt")}),
            "out": (WEIGHTS.replace("scored", "o"), {"evaluate_weights.out": Path("o"), "printed": "wrote o; brackets"}),
            "input": (f"{WEIGHTS} --input released", {"evaluate_weights.input_recipe": "released"}),
            "order": (f"{WEIGHTS} --order b a", {"evaluate_weights.order": ["b", "a"]}),
            "device": (f"{WEIGHTS} --device cuda:1", {"evaluate_weights.device": "cuda:1"}),
            "prepared": (
                f"{WEIGHTS} --prepared p",
                opened("synthetic", Path("p")) | {"evaluate_weights.faces": "p/synthetic"},
            ),
        },
    },
}

SPEED, BENCH, ROBUST, COMPARE = f"speed {P}", "bench", f"robustness synthetic-8 {P}", "compare x y"
PARAMS = "seeds: [3]\nruns:\n a: {protocol: synthetic-8, data: synthetic, package: ablations, cell: own, model: residual,\n"
PARAMS += "  options: {units: [1, 1, 1], widths: [4, 8]}, loss: plain}\n"
CLEAN = {
    "cell": "a.b:c",
    "clean": {"accuracy": 0.5},
    "corrupted": {"blur": [{"accuracy": 0.4}, {"accuracy": 0.125}], "fog": [{"accuracy": None}]},
}
PAIR = {"data": {"name": "synthetic"}, "disagree": [f"f{number}" for number in range(11)] + ["ß"]}
GIVEN = {"weights": None, "options": {}, "preprocessing": None, "trust": False}  # as `benchmark.cli.models` gives them
COUNTED = named("complexity_of_all", {"models": ["a.b:c"], "protocol": "synthetic-8", "latency": False, "entries": OUTSIDE})
COUNTED |= named("complexity_of_all", GIVEN) | {"complexity_table.contents": {"models": "ß"}, "printed": "a table\n"}
COUNTED |= named("measure_all", dict.fromkeys(("runs", "networks", "out", "latency", "seconds"), GONE)) | {
    "listed.path": GONE
}
COUNT = "complexity a.b:c"


def of_a_model(call: str, function: str) -> dict:
    """The options with which a model is given; `call` ends with its name, a.b:c."""
    return {
        "weights": (f"{call} --weights w.pt", {f"{function}.weights": Path("w.pt")}),
        "option": (f"{call} --option a=1 --option b=x", {f"{function}.options": {"a": 1, "b": "x"}}),
        "preprocessing": (f"{call} --preprocessing n.yaml", {f"{function}.preprocessing": "n.yaml"}),
    }


OTHER = "robustness synthetic-8 a.b:c"
ELSEWHERE = named("measure", dict.fromkeys(("protocol", "cell", "seed", "prepared", "runs", "out", "device"), GONE))
ELSEWHERE |= opened("synthetic") | named("robustness", {"model": "a.b:c", "protocol": "synthetic-8", "name": None})
ELSEWHERE |= named("robustness", GIVEN | {"entries": None, "out": None, "prepared": PREPARED, "device": "cpu"})
ELSEWHERE |= {"robustness.faces": "data/prepared/synthetic", "printed": "nothing was written: --name ENTRY"}
ELSEWHERE |= named("entry_name", {"model": "a.b:c", "protocol": "synthetic-8", "entries": OUTSIDE, "name": None})


def but(wanted: dict, table: dict) -> dict:
    """`table`, where with each option `wanted` arrives too."""
    return {option: (call, wanted | own) for option, (call, own) in table.items()}


class Compared(Comparison):
    """A comparison that only says what it is."""

    def __repr__(self):
        return "x is like y"

    def __eq__(self, other):
        return self.found == other.found

    __hash__ = None


TABLE |= {
    "complexity": {
        "spies": {
            "benchmark.outside.measuring.complexity_of_all": {"models": "ß"},
            "benchmark.outside.measuring.complexity_table": ["a table"],
            "benchmark.measures.complexity.plan.listed": ["one"],
            "benchmark.measures.complexity.plan.measure_all": ({"networks": [1, 2], "cells": [3]}, {}),
        },
        "files": {"params.yaml": PARAMS},
        "base": "complexity",
        "arrives": named("measure_all", {"runs": ["synthetic-8/own/seed3"], "networks": ["one"]})
        | named("measure_all", {"out": Path("reports/complexity.json"), "latency": Path("reports/latency.json")})
        | {"measure_all.seconds": 0.4, "listed.path": Path(plan.__file__).with_name("complexity.yaml")}
        | {"printed": "reports/complexity.json and reports/latency.json: 2 networks, 1 cells of the plan\n"},
        "options": but(
            COUNTED,
            of_a_model(COUNT, "complexity_of_all")
            | {
                "models": (f"{COUNT} {P}", {"complexity_of_all.models": ["a.b:c", P]}),
                "protocol": (f"{COUNT} --protocol fer2013-7", {"complexity_of_all.protocol": "fer2013-7"}),
                "trust": (
                    "complexity net.pt2 --trust",
                    {"complexity_of_all.models": ["net.pt2"], "complexity_of_all.trust": True},
                ),
                "latency": (f"{COUNT} --latency", {"complexity_of_all.latency": True}),
                "json": (f"{COUNT} --json", {"complexity_table.contents": GONE, "printed": '{\n "models": "ß"\n}\n'}),
                "out": (f"{COUNT} --out c.json", {"written": ["c.json"], "printed": "a table\nwrote c.json\n"}),
            },
        ),
    },
    "gradients": {
        "spies": {
            "benchmark.measures.gradients.plan.measure_plan": {
                "measurements": [{"status": s} for s in ("diverged", "x", "x")]
            }
        },
        "base": "gradients",
        "arrives": named("measure_plan", {"name": "default", "prepared": PREPARED, "work": Path("runs/gradients/default")})
        | named("measure_plan", {"out": Path("reports/gradients/default.json"), "device": "cpu", "jobs": 5})
        | {"printed": "wrote reports/gradients/default.json: 3 networks, 1 of them diverged\n"},
        "options": {
            "plan": (
                "gradients fer2013",
                named("measure_plan", {"name": "fer2013", "work": Path("runs/gradients/fer2013")})
                | {"measure_plan.out": Path("reports/gradients/fer2013.json"), "printed": "gradients/fer2013.json"},
            ),
            "device": ("gradients --device cuda:1", {"measure_plan.device": "cuda:1", "measure_plan.jobs": 6}),
            "jobs": ("gradients --jobs 3", {"measure_plan.jobs": 3}),
        },
    },
    "speed": {
        "spies": {
            "benchmark.outside.measuring.speed": {"cells": "ß"},
            "benchmark.measures.speed.inference.table": ["a table"],
        },
        "base": SPEED,
        "arrives": named("speed", {"protocol": "synthetic-8", "models": [P], "out": Path("reports/speed.json")})
        | named("speed", GIVEN | {"device": "cpu", "batches": [1, 64], "runs": 20, "entries": OUTSIDE})
        | {"table.contents": {"cells": "ß"}, "printed": "a table\nwrote reports/speed.json\n"},
        "options": {
            "models": (f"{SPEED} {W}", {"speed.models": [P, W]}),
            "protocol": (f"{SPEED} --protocol fer2013-7", {"speed.protocol": "fer2013-7"}),
            **of_a_model(SPEED, "speed"),
            "trust": (f"{SPEED} net.pt2 --trust", {"speed.models": [P, "net.pt2"], "speed.trust": True}),
            "device": (f"{SPEED} --device cuda:1", {"speed.device": "cuda:1"}),
            "batches": (f"{SPEED} --batches 3 2", {"speed.batches": [3, 2]}),
            "runs": (f"{SPEED} --runs 9", {"speed.runs": 9}),
            "json": (f"{SPEED} --json", {"table.contents": GONE, "printed": '{\n "cells": "ß"\n}\n'}),
        },
    },
    "bench": {
        "spies": {
            "benchmark.measures.speed.training.bench": {"rounds": 1},
            "benchmark.measures.speed.training.table": ["a table"],
        },
        "base": BENCH,
        "arrives": named("bench", {"out": Path("reports/bench/cpu.json"), "device": "cpu", "sizes": [64, 48]})
        | named("bench", {"shortcuts": ["identity", "fixed", "adaptive"], "batch": 32, "steps": 1, "rounds": 5})
        | named("bench", {"growth": False, "paths": [], "others": ["timm:resnet18", "timm:resnet50"]})
        | named("bench", {"networks": ["bregnext-50"], "ways": None, "instructions": "native"})
        | {"table.contents": {"rounds": 1}, "printed": "a table\nwrote reports/bench/cpu.json\n"},
        "options": {
            "networks": (f"{BENCH} --networks a b@48", {"bench.networks": ["a", "b@48"]}),
            "ways": (f"{BENCH} --ways plain lightning", {"bench.ways": ["plain", "lightning"]}),
            "instructions": (
                f"{BENCH} --instructions avx2",
                {
                    "bench.instructions": "avx2",
                    "bench.out": Path("reports/bench/cpu-avx2.json"),
                    "printed": "reports/bench/cpu-avx2.json",
                },
            ),
            "shortcuts": (f"{BENCH} --shortcuts fixed", {"bench.shortcuts": ["fixed"]}),
            "sizes": (f"{BENCH} --sizes 32 16", {"bench.sizes": [32, 16]}),
            "device": (
                f"{BENCH} --device cuda:1",
                {
                    "bench.device": "cuda:1",
                    "bench.out": Path("reports/bench/cuda.json"),
                    "printed": "reports/bench/cuda.json",
                },
            ),
            "batch": (f"{BENCH} --batch 8", {"bench.batch": 8}),
            "steps": (f"{BENCH} --steps 3", {"bench.steps": 3}),
            "rounds": (f"{BENCH} --rounds 4", {"bench.rounds": 4}),
            "paths: compile": (f"{BENCH} --compile", {"bench.paths": ["compiled"]}),
            "paths": (f"{BENCH} --paths compiled step", {"bench.paths": ["compiled", "step"]}),
            "growth": (f"{BENCH} --growth", {"bench.growth": True}),
        },
    },
    "robustness": {
        "spies": OPEN
        | {"benchmark.measures.robustness.measure.measure": CLEAN, "benchmark.outside.robust.robustness": CLEAN}
        | {"benchmark.outside.entry_models.entry_name": lambda name, **_: name},
        "base": ROBUST,
        "arrives": named(
            "measure", {"protocol": "synthetic-8", "cell": P, "seed": 0, "prepared": PREPARED, "runs": Path("runs")}
        )
        | named("measure", {"out": Path("reports/robustness"), "device": "cpu"})
        | {
            "printed": "seed 0: accuracy 0.5000; at severity 5: blur 0.1250, fog -\n"
            f"wrote reports/robustness/synthetic-8/{P}\n"
        },
        "options": {
            "protocol": (
                ROBUST.replace("synthetic-8", "fer2013-7"),
                {"measure.protocol": "fer2013-7", "printed": f"fer2013-7/{P}"},
            ),
            "model": (ROBUST.replace(P, W), {"measure.cell": W, "printed": f"synthetic-8/{W}"}),
            **but(
                ELSEWHERE,
                of_a_model(OTHER, "robustness")
                | {
                    "option": (
                        f"{OTHER} --weights w.pt --option a=1",
                        {"robustness.weights": Path("w.pt"), "robustness.options": {"a": 1}},
                    ),
                    "name": (
                        f"{OTHER} --name n",
                        named("robustness", {"name": "n", "entries": OUTSIDE, "out": Path("reports/robustness")})
                        | {"entry_name.name": "n", "printed": "wrote reports/robustness/synthetic-8/n\n"},
                    ),
                    "trust": (
                        "robustness synthetic-8 net.pt2 --trust",
                        dict.fromkeys(("entry_name.model", "robustness.model"), "net.pt2") | {"robustness.trust": True},
                    ),
                },
            ),
            "json": (f"{ROBUST} --json", {"printed": json.dumps(CLEAN, indent=1) + "\n"}),
            "seeds": (
                f"{ROBUST} --seeds 7 2",
                {"measure.seed": 7, "printed": "seed 2: accuracy"}
                | named(
                    "measure 2",
                    {"protocol": "synthetic-8", "cell": P, "seed": 2, "prepared": PREPARED, "runs": Path("runs")},
                )
                | named("measure 2", {"out": Path("reports/robustness"), "device": "cpu"}),
            ),
            "device": (f"{ROBUST} --device cuda:1", {"measure.device": "cuda:1"}),
            "prepared": (f"{ROBUST} --prepared p", {"measure.prepared": Path("p")}),
            "runs": (f"{ROBUST} --runs r", {"measure.runs": Path("r")}),
        },
    },
    "compare": {
        "spies": {
            "benchmark.interface.comparing.compare": Compared(PAIR),
            "benchmark.interface.comparison.Comparison.picture": None,
        },
        "base": COMPARE,
        "arrives": named("compare", {"records": Path("reports/records"), "a": "x", "b": "y", "protocol": None})
        | named("compare", {"prepared": PREPARED, "project": Path()})
        | {"printed": "x is like y\n"},
        "options": {
            "a": ("compare z y", {"compare.a": "z"}),
            "b": ("compare x z", {"compare.b": "z"}),
            "protocol": (f"{COMPARE} --protocol fer2013-7", {"compare.protocol": "fer2013-7"}),
            "json": (f"{COMPARE} --json", {"printed": json.dumps(PAIR, indent=1, ensure_ascii=False) + "\n"}),
            "picture": (
                f"{COMPARE} --picture f.jpg",
                {"picture.out": Path("f.jpg"), "picture.prepared": PREPARED}
                | {"picture.project": None, "picture.self": Compared(PAIR)},
            ),
            "prepared": (f"{COMPARE} --prepared p", {"compare.prepared": Path("p")}),
            "weights": (f"{COMPARE} --weights w.pt", {"compare.weights": Path("w.pt")}),
            "option": (f"{COMPARE} --option a=1", {"compare.options": {"a": 1}}),
            "preprocessing": (f"{COMPARE} --preprocessing n.yaml", {"compare.preprocessing": "n.yaml"}),
            "trust": ("compare x.pt2 y --trust", {"compare.a": "x.pt2", "compare.trust": True}),
        },
    },
}
