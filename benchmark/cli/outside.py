"""Verbs for models trained elsewhere."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cli.models import MODEL_HELP, given_options, model_options
from benchmark.cli.parsing import MODEL
from benchmark.cli.shared import OUTSIDE, PREPARED, RECORDS, REPORTS, only_with, write_verified
from benchmark.errors import BadInput, visible

if TYPE_CHECKING:
    from benchmark.interface.result import Result


STATED = {"accuracy": "--stated-accuracy", "words": "--stated-words", "source": "--stated-source"}
HERE = Path()  # the project's top folder: every path of the command line begins in the current one


def evaluate(arguments) -> None:
    from benchmark.interface.evaluating import evaluate as evaluated
    from benchmark.interface.evaluating import is_predictions
    from benchmark.records.sameness import IDENTICAL
    from benchmark.records.trust import FILE, read_verification
    from benchmark.runs.environment import pick_device

    if is_predictions(arguments.model):
        raise BadInput(f"ferbench evaluate, {arguments.model}", "predictions", "a model; `ferbench score` takes predictions")
    only_with(arguments, "--name", arguments.name, "write")
    if arguments.write and arguments.out != OUTSIDE:
        raise BadInput("ferbench evaluate", f"--write for {arguments.out}", f"it for {OUTSIDE}")
    if arguments.write:
        read_verification(REPORTS / FILE)  # a damaged file ends the command before it has begun
    how = given_options(arguments, [arguments.model])
    _check_entry(arguments)
    result = evaluated(
        arguments.model,
        arguments.protocol,
        views=arguments.views,
        device=arguments.device,
        prepared=arguments.prepared,
        project=HERE,
        **how,
    )
    entered = _finish(result, arguments)
    if arguments.write:  # its predictions are those that its weights gave a moment ago
        record = entered.record
        place = record.directory.relative_to(RECORDS).as_posix()
        write_verified(
            {place: record}, "weights", {place: {"outcome": IDENTICAL, "largest": 0.0}}, pick_device(arguments.device)
        )


def score(arguments) -> None:
    from benchmark.interface.evaluating import evaluate as evaluated
    from benchmark.interface.evaluating import is_predictions

    if not is_predictions(arguments.predictions):
        expected = f"a .csv or .npz of predictions; for a model: ferbench evaluate {arguments.predictions}"
        raise BadInput(f"ferbench score, {arguments.predictions}", "no file of predictions", expected)
    _check_entry(arguments)
    result = evaluated(
        arguments.predictions,
        arguments.protocol,
        scores=arguments.scores,
        parameters=arguments.parameters,
        prepared=arguments.prepared,
        project=HERE,
    )
    _finish(result, arguments)


def _check_entry(arguments) -> None:
    """Check before the work that its entry can be written."""
    from benchmark.outside.entry import check_entry
    from benchmark.protocol.protocol import load_protocol
    from benchmark.room import check_room

    stating = ("stated_accuracy", "stated_words", "stated_source")
    only_with(arguments, "--name", arguments.name, *stating, "extra_training_data", "seen", "replace", "out")
    stated = _stated(arguments)
    if arguments.name:
        check_room(arguments.out, 0, "an entry")
        protocol = load_protocol(arguments.protocol)
        check_entry(protocol, arguments.name, arguments.out, stated=stated, replace=arguments.replace)


def _finish(result: "Result", arguments) -> "Result":
    """Enter a result if it has a name, and print it."""
    if arguments.name:
        result = result.enter(
            arguments.name,
            stated=_stated(arguments),
            extra_training_data=arguments.extra_training_data,
            seen=arguments.seen,
            replace=arguments.replace,
            out=arguments.out,
        )
    _say(result, arguments.json)
    return result


def _stated(arguments) -> dict | None:
    """What a model's authors publish, in the form of the field `stated` (`benchmark.records.outside_record.check_stated`);
    None if it was not given."""
    given = {"accuracy": arguments.stated_accuracy, "words": arguments.stated_words, "source": arguments.stated_source}
    stated = {key: value for key, value in given.items() if value is not None}
    if not stated:
        return None
    if "source" not in stated or len(stated) == 1:
        only = f"{STATED[next(iter(stated))]} alone"
        raise BadInput("ferbench", only, "--stated-accuracy or --stated-words, and --stated-source")
    return stated


def _say(result: "Result", as_json: bool) -> None:
    """Print a result. Warnings go to stderr."""
    found = result.as_dict()
    for sentence in found["warnings"]:
        print(f"ferbench: warning: {visible(sentence)}", file=sys.stderr)
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False))
        return
    for sentence in found["understood"]:
        print(visible(sentence))
    for split, values in found["metrics"].items():
        for name, value in values.items():
            if value is not None and isinstance(value, float):
                print(f"{split}: {name} {value:.4f}")
    for name, reason in found["not_tested"].items():
        print(f"{name} {reason}")
    ends = found["interval"]
    if ends["low"] is not None:
        print(f"test: {ends['metric']} 95 % over test images [{ends['low']:.4f}, {ends['high']:.4f}]")
    if stated := found["stated"]:
        accuracy = f"accuracy {stated['accuracy']:.4f}" if "accuracy" in stated else ""
        said = ", ".join(filter(None, (accuracy, stated.get("words"))))
        print(visible(f"stated: {said} ({stated['source']})"))
    wrote = f"wrote {found['record']}" if found["record"] else "nothing was written: --name NAME makes it an entry"
    print(f"taken as {found['outputs']}; {wrote}")


def export_test(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.outside.blind_faces import export_faces
    from benchmark.protocol.protocol import load_protocol

    protocol = load_protocol(arguments.protocol)
    faces = open_faceset(arguments.prepared / protocol.data)
    number = export_faces(protocol, faces, arguments.split, arguments.out)
    print(f"{number} faces of the {arguments.split} split in {arguments.out}, their ids in {arguments.out / 'ids.csv'}")


def convert_release(arguments) -> None:
    from benchmark.outside.release.conversion import MODEL, OPTIONS, convert

    made = convert(arguments.checkpoint, arguments.out)
    options = ", ".join(f"{name} {value}" for name, value in OPTIONS.items())
    print(f"{arguments.out}: {made.parameters:,} trained parameters, {made.outputs} outputs; model {MODEL}, {options}")
    print(f"BatchNorm: {made.untouched} of {made.normalisations} layers with moving mean 0 and variance 1, never updated")
    print("pictures: RGB, as recipe 'released' prepares them; class order: that of the labels it was trained on, not stored")


def evaluate_weights(arguments) -> None:
    from benchmark.faces.faceset import open_faceset
    from benchmark.outside import score_weights as weights
    from benchmark.protocol.cells import find_cell
    from benchmark.protocol.protocol import load_protocol
    from benchmark.runs.environment import pick_device

    protocol = load_protocol(arguments.protocol)
    found = weights.evaluate_weights(
        protocol,
        find_cell(arguments.cell),
        arguments.weights,
        open_faceset(arguments.prepared / protocol.data),
        arguments.out,
        device=pick_device(arguments.device),
        input_recipe=arguments.input,
        order=arguments.order,
    )
    for tta, intervals in found["intervals"].items():
        for name, ends in intervals.items():
            value, (low, high) = found["metrics"]["test"][tta][name], ends.values()
            interval = "no interval" if low is None else f"[{low:.4f}, {high:.4f}]"
            print(f"test, TTA {tta}: {name} " + ("not defined" if value is None else f"{value:.4f} {interval}"))
    print(f"wrote {arguments.out}; brackets: 95 % over test images, one network")


def _entry_options(one: argparse.ArgumentParser) -> None:
    """Add the arguments that are common to all verbs that write an outside entry."""
    one.add_argument("--protocol", required=True, help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument(
        "--name", help="write an entry of this name: letters, digits, '-', '_' and '+' (default: write nothing)"
    )
    one.add_argument("--stated-accuracy", type=float, metavar="FRACTION",
                     help="accuracy that the model's authors publish, 0 to 1")  # fmt: skip
    one.add_argument("--stated-words", metavar="TEXT", help="what they say of its quality, where that is no number")
    one.add_argument("--stated-source", metavar="TEXT", help="where they publish it")
    one.add_argument("--extra-training-data", metavar="TEXT",
                     help="training data other than the protocol's training split, in words")  # fmt: skip
    one.add_argument("--seen", choices=("no", "unknown", "yes"),
                     help="whether the model was trained or chosen with the help of the test faces (default: unknown);\n"
                     "only with `no` it gets a rank")  # fmt: skip
    one.add_argument("--replace", action="store_true", help="replace an entry of that name")
    one.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
    one.add_argument("--out", type=Path, default=OUTSIDE, help="folder of entries (default: %(default)s)")


def add(verb: Callable) -> None:
    """Add the verbs of this module."""
    one = verb("evaluate", evaluate, "evaluate a model trained elsewhere under a protocol -> metrics, an outside entry",
               "ferbench evaluate net.onnx --protocol fer2013-7 --name my-net --preprocessing net.yaml",
               group=MODEL)  # fmt: skip
    one.add_argument("model", help=MODEL_HELP)
    model_options(one)
    one.add_argument("--views", nargs="+", metavar="VIEW",
                     help="also with these test-time augmentations: flip, ten-crop, or all (default: none)")  # fmt: skip
    one.add_argument("--device", default="auto")
    one.add_argument("--write", action="store_true",
                     help="for maintainers: store in reports/verification.json that its weights were run here\n"
                     "(docs/trust.md); use it for models of other people")  # fmt: skip
    _entry_options(one)

    one = verb("score", score, "score predictions made by any framework -> metrics and an outside entry",
               "ferbench score predictions.csv --protocol fer2013-7 --name my-model --json", group=MODEL)  # fmt: skip
    one.add_argument("predictions", type=Path, help=".csv or .npz; docs/new-model.md describes the contents")
    one.add_argument("--scores", choices=("auto", "probabilities", "logits"), default="auto",
                     help="meaning of the scores (auto: probabilities if their values allow it)")  # fmt: skip
    one.add_argument("--parameters", type=int, metavar="N", help="the model's parameters, if known")
    _entry_options(one)

    one = verb("export-test", export_test, "export test pictures with blind ids and no labels, to be predicted elsewhere",
               "ferbench export-test --protocol fer2013-7 faces", group=MODEL)  # fmt: skip
    one.add_argument("out", type=Path, help="new folder for the PNG files and ids.csv")
    one.add_argument("--protocol", required=True, help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("--split", choices=("test", "validation"), default="test", help="default: %(default)s")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")

    one = verb("convert-release", convert_release,
               "convert the authors' TensorFlow checkpoint into weights for bregnext-50",
               "ferbench convert-release ~/BReG-NeXt released.pt", group=MODEL)  # fmt: skip
    one.add_argument("checkpoint", type=Path,
                     help="its .index file (with the data file beside it), or a folder with one below it")  # fmt: skip
    one.add_argument("out", type=Path, help="file to write, *.pt")

    one = verb("evaluate-weights", evaluate_weights, "score weights on a protocol's faces; writes predictions, no record",
               "ferbench evaluate-weights fer2013-7 bregnext-50-adaptive-frozen-plain weights.pt --out scored",
               group=MODEL)  # fmt: skip
    one.add_argument("protocol", help="name, or a file of your own such as ./my-protocol.yaml")
    one.add_argument("cell", help="the cell whose network the weights are for")
    one.add_argument("weights", type=Path, help="state dict (converted, or weights.pt of a run) or safetensors")
    one.add_argument("--out", type=Path, required=True, help="new folder for predictions.npz and evaluation.json")
    one.add_argument("--input", metavar="RECIPE", help="prepare pictures as this recipe does (default: the protocol's)")
    one.add_argument("--order", nargs="+", metavar="CLASS", help="classes in the order of the network's outputs")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED)
