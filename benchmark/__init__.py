"""ferbench: a reproducibility benchmark for facial expression recognition.

From Python (docs/python.md)::

    import benchmark

    result = benchmark.evaluate(model, "fer2013-7", preprocessing={"range": [-1, 1]})
    result.compare("resnet18-plain")
    result.enter("my-model")

`dir(benchmark)` lists the functions; `help(benchmark.evaluate)` explains one. They are imported when they are first used:
`import benchmark` alone loads neither torch nor pandas. The packages beside them are described in docs/design.md.
"""

import importlib
import inspect
import sys
import types
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # for a type checker, and for whoever looks a function up in an editor
    from benchmark.errors import BadInput, Interrupted, SystemSaysNo
    from benchmark.interface.comparing import compare
    from benchmark.interface.comparison import Comparison
    from benchmark.interface.evaluating import evaluate
    from benchmark.interface.faces import Faces, faces
    from benchmark.interface.measuring import complexity, robustness, speed
    from benchmark.interface.predicting import predict
    from benchmark.interface.prediction import Prediction
    from benchmark.interface.result import Result
    from benchmark.interface.tables import claims, leaderboard, records
    from benchmark.interface.training import train
    from benchmark.protocol.protocol import load_protocol

    __version__: str

# Function or class -> the module that it is in.
INTERFACE = {
    "evaluate": "benchmark.interface.evaluating",
    "load_protocol": "benchmark.protocol.protocol",
    "faces": "benchmark.interface.faces",
    "leaderboard": "benchmark.interface.tables",
    "claims": "benchmark.interface.tables",
    "records": "benchmark.interface.tables",
    "train": "benchmark.interface.training",
    "compare": "benchmark.interface.comparing",
    "complexity": "benchmark.interface.measuring",
    "speed": "benchmark.interface.measuring",
    "robustness": "benchmark.interface.measuring",
    "predict": "benchmark.interface.predicting",
    "Result": "benchmark.interface.result",
    "Comparison": "benchmark.interface.comparison",
    "Faces": "benchmark.interface.faces",
    "Prediction": "benchmark.interface.prediction",
    "BadInput": "benchmark.errors",
    "Interrupted": "benchmark.errors",
    "SystemSaysNo": "benchmark.errors",
}
# Names that a package has, too: `benchmark.faces("fer2013-7")` calls the function, `benchmark.faces.faceset` is a module.
ROOMS = ("faces", "claims", "records")

__all__ = [
    "BadInput", "Comparison", "Faces", "Interrupted", "Prediction", "Result", "SystemSaysNo", "claims", "compare",
    "complexity", "evaluate", "faces", "leaderboard", "load_protocol", "predict", "records", "robustness", "speed", "train",
]  # fmt: skip  # written out for type checkers


class _Room(types.ModuleType):
    # A package that can also be called: it has the name of a function of the interface, and shows that function's help.

    def __call__(self, *arguments: object, **named: object) -> object:
        return _function_of(self)(*arguments, **named)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(_function_of(self))


class _Interface(types.ModuleType):
    def __setattr__(self, name: str, value: object) -> None:
        if name in ROOMS and type(value) is types.ModuleType:  # the import system puts a package here when it is imported
            value.__class__ = _Room
        super().__setattr__(name, value)


def _function(name: str) -> Callable[..., object]:
    found: Callable[..., object] = getattr(importlib.import_module(INTERFACE[name]), name)
    return found


def _function_of(room: types.ModuleType) -> Callable[..., object]:
    return _function(vars(room)["__name__"].rpartition(".")[2])


def _help(room: types.ModuleType) -> str:
    return f"{inspect.getdoc(_function_of(room))}\n\nThe package of the same name: {vars(room)['__doc__']}"


if not TYPE_CHECKING:  # to a type checker every name would be there

    def __getattr__(name: str) -> object:
        if name == "__version__":
            return importlib.import_module("benchmark.cli.version").number()
        if name not in INTERFACE:
            raise AttributeError(f"module 'benchmark' has no attribute '{name}'")
        return importlib.import_module(f"benchmark.{name}") if name in ROOMS else _function(name)


def __dir__() -> list[str]:
    return sorted({*INTERFACE, *(each for each in globals() if each.startswith("__"))})


type.__setattr__(_Room, "__doc__", property(_help))  # made when it is asked for, so that nothing is loaded before
sys.modules[__name__].__class__ = _Interface
