"""The verb for pictures of one's own."""

from collections.abc import Callable
from pathlib import Path

from benchmark.cli.models import given_options, model_options
from benchmark.cli.parsing import MODEL
from benchmark.cli.shared import PREPARED, only_with
from benchmark.errors import Interrupted

HERE = Path()
WHOSE = (
    "whose answers are wanted: the folder of a run, runs/PROTOCOL/CELL/seedK; a model as for `evaluate`; or the name of\n"
    "an outside entry (default: the networks that the package carries, docs/reference/carried.md)"
)


def predict(arguments) -> None:
    from benchmark.interface.predicting import predict as predicted

    only_with(arguments, "--model", arguments.model, "protocol", "weights", "preprocessing", "option", "trust")
    how = given_options(arguments, [arguments.model] if arguments.model else [])
    try:
        found = predicted(
            arguments.pictures,
            arguments.model,
            protocol=arguments.protocol,
            crop=arguments.crop,
            device=arguments.device,
            prepared=arguments.prepared,
            project=HERE,
            **how,
        )
    except KeyboardInterrupt:  # other verbs keep what is finished
        raise Interrupted("stopped; nothing was answered, and the same command begins anew") from None
    print(found.to_json() if arguments.json else found)


def add(verb: Callable) -> None:
    """Add the verb of this module."""
    one = verb("predict", predict, "show what a network answers for pictures of your own: the faces in them, one by one",
               "ferbench predict photograph.jpg", group=MODEL)  # fmt: skip
    one.add_argument("pictures", nargs="+", metavar="PICTURE", type=Path, help="JPEG, PNG, WebP, GIF, BMP, TIFF")
    one.add_argument("--model", help=WHOSE)
    one.add_argument("--protocol", help="name or file: the classes and the input of a model that is no run")
    model_options(one)
    one.add_argument("--crop", choices=("auto", "none"), default="auto",
                     help="auto: find the faces, or take a face crop as given; none: take every picture as given\n"
                     "(default: %(default)s)")  # fmt: skip
    one.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    one.add_argument("--device", default="auto")
    one.add_argument("--prepared", type=Path, default=PREPARED, help="folder of FaceSets (default: %(default)s)")
