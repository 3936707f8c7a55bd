"""Whether two records of one run are the same result, and if not bit for bit, what differs between them.

Two records are **bit-identical** if they have the same result (everything in record.json, the predictions with it) and, if
both seals list weights, the same weights. They are **the same** if both selected the same epoch, and at most 1 % of the
faces are answered differently (valence and arousal: have an output that differs by more than 0.01). Else **different**.
These limits were fixed before records were compared with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.files import Json, digest
from benchmark.records import seal
from benchmark.records.contents import MACHINE
from benchmark.records.record import Record

IDENTICAL, SAME, DIFFERENT = "bit-identical", "the same", "different"
SHARE, CLOSE = 0.01, 0.01  # largest share of faces answered differently; largest difference of an output that is equal
MACHINERY = {"device": "processor", "threads": "threads", "precision": "precision", "implementation": "implementation",
             "system": "system"}  # fmt: skip  # what of an environment can change numbers, besides versions -> its title


@dataclass(frozen=True)
class Agreement:
    """How far two arrays of outputs agree: the share of faces answered differently, and the largest absolute difference."""

    share: float
    largest: float


@dataclass(frozen=True)
class Sameness:
    """The comparison of two records of one run.

    Attributes:
        outcome: IDENTICAL, SAME or DIFFERENT.
        how: in words, how the results differ; "" if they do not.
        differs: what was not the same when they were made: (kind, in words). Kinds are data, code, versions, and those of
            `MACHINERY`.
    """

    outcome: str
    how: str = ""
    differs: tuple[tuple[str, str], ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of what differs, each once."""
        return tuple(dict.fromkeys(kind for kind, _ in self.differs))

    @property
    def told(self) -> str:
        """One line."""
        return IDENTICAL if self.outcome == IDENTICAL else "{}: {}; {}".format(*self.columns)

    @property
    def columns(self) -> tuple[str, str, str]:
        """Outcome, how the results differ, and what else differs, for a table."""
        if self.outcome == IDENTICAL:
            return IDENTICAL, "", ""
        differs = ", ".join(words for _, words in self.differs)
        return self.outcome, self.how, differs or "nothing of data, code, versions and processor differs"

    @property
    def as_json(self) -> dict[str, Json]:
        """As in verification.json."""
        return {"outcome": self.outcome, "how": self.how, "differs": [words for _, words in self.differs]}


def compare(made: Record, published: Record) -> Sameness:
    """Compare a record that was made again with the published one. BadInput for damaged predictions."""
    weights = _weights_differ(made, published)
    if result_of(made) == result_of(published) and not weights:
        return Sameness(IDENTICAL)
    differs = tuple(_differs(made, published))
    if _definition(made) != _definition(published):
        return Sameness(DIFFERENT, "another protocol, cell or seed", differs)
    if made.diverged or published.diverged:
        return _diverged(made, published, differs)
    if _epochs(made) != _epochs(published):
        how = f"epoch {_told(_epochs(made))} selected, published {_told(_epochs(published))}"
        return Sameness(DIFFERENT, how, differs)
    rows = ("test_ids", "test_targets")
    if not all(np.array_equal(made.predictions[name], published.predictions[name]) for name in rows):
        return Sameness(DIFFERENT, "other test faces or targets", differs)
    if made["predictions_sha256"] == published["predictions_sha256"]:
        return Sameness(SAME, "equal predictions, but other " + ("weights" if weights else "contents"), differs)
    task = made["protocol"]["task"]
    whole = worst([agreement(made.outputs("test", tta)[1], published.outputs("test", tta)[1], task) for tta in made.tta])
    return Sameness(SAME if whole.share <= SHARE else DIFFERENT, said(whole, task), differs)


def counted(results: Sequence[Sameness]) -> str:
    """ "39 of 39 runs bit-identical to the published ones"; otherwise also how many are the same, with what was other, and
    how many are different."""
    count = {outcome: sum(each.outcome == outcome for each in results) for outcome in (IDENTICAL, SAME, DIFFERENT)}
    line = f"{count[IDENTICAL]} of {len(results)} runs bit-identical to the published ones"
    if count[IDENTICAL] == len(results):
        return line
    kinds = list(dict.fromkeys(kind for each in results if each.outcome == SAME for kind in each.kinds))
    why = f" (other {', '.join(kinds)})" if kinds else ""
    return f"{line}, {count[SAME]} the same{why}, {count[DIFFERENT]} different"


def said(agreement: Agreement, task: str, faces: str = "test faces") -> str:
    """An agreement in words."""
    how = "answered differently" if task == "categorical" else f"more than {CLOSE} off"
    return f"{100 * agreement.share:.2f} % of {faces} {how}, outputs differ by at most {agreement.largest:.2g}"


def worst(agreements: Sequence[Agreement]) -> Agreement:
    """The largest share and the largest difference of some agreements."""
    return Agreement(max(each.share for each in agreements), max(each.largest for each in agreements))


def agreement(one: np.ndarray, other: np.ndarray, task: str) -> Agreement:
    """The agreement of two arrays of outputs, float (N, K): by the class with the highest score; for valence and arousal by
    whether an output differs by more than `CLOSE`. An output that is no finite number agrees with none."""
    apart = np.abs(one.astype(np.float64) - other)
    odd = ~np.isfinite(apart)
    if task == "categorical":
        unlike = (one.argmax(axis=1) != other.argmax(axis=1)) | odd.any(axis=1)
    else:
        unlike = ((apart > CLOSE) | odd).any(axis=1)
    return Agreement(float(unlike.mean()), float("inf") if odd.any() else float(apart.max()))


def result_of(record: Record) -> dict[str, Json]:
    """The result in a record: its contents without the machine and its costs, whatever the schema of its file."""
    own = {name: value for name, value in record.contents.items() if name not in MACHINE and name != "schema"}
    if record.folds is not None:
        own["folds"] = [{name: value for name, value in fold.items() if name != "cost"} for fold in record.folds]
    return own


def _weights_differ(made: Record, published: Record) -> bool:
    """Whether both seals list weights, and other ones."""
    listed = [_weights(record) for record in (made, published)]
    return all(listed) and listed[0] != listed[1]


def _weights(record: Record) -> dict[str, str]:
    sealed = seal.read_seal(record.directory) or {}
    return {name: own for name, own in sealed.items() if name != seal.RECORD}


def _definition(record: Record) -> tuple[str, str, int]:
    return record["protocol_hash"], record["cell_hash"], record.seed


def _epochs(record: Record) -> list[int | None]:
    parts = [record.contents] if record.folds is None else record.folds
    return [part["selected_epoch"] for part in parts]


def _told(epochs: list[int | None]) -> str:
    return ", ".join(map(str, epochs))


def _diverged(made: Record, published: Record, differs: tuple[tuple[str, str], ...]) -> Sameness:
    if made.diverged != published.diverged:
        how = "diverged, published: finished" if made.diverged else "finished, published: diverged"
        return Sameness(DIFFERENT, how, differs)
    epochs = [len(record["history"]) for record in (made, published)]
    if epochs[0] != epochs[1]:
        return Sameness(DIFFERENT, f"diverged in epoch {epochs[0]}, published: in epoch {epochs[1]}", differs)
    return Sameness(SAME, f"both diverged in epoch {epochs[0]}", differs)


def _differs(made: Record, published: Record) -> list[tuple[str, str]]:
    found = []
    if made["data"] != published["data"]:
        found.append(("data", f"data {_short(made['data'])} instead of {_short(published['data'])}"))
    if made["code"] != published["code"]:
        found.append(("code", f"code {made['code']} instead of {published['code']}"))
    own, other = made["environment"], published["environment"]
    versions = own.get("versions", {}), other.get("versions", {})
    if not all(isinstance(each, Mapping) for each in versions):
        versions = {}, {}
    for name in sorted(versions[0].keys() | versions[1].keys()):
        if versions[0].get(name) != versions[1].get(name):
            words = f"{name} {_stated(versions[0].get(name))} instead of {_stated(versions[1].get(name))}"
            found.append(("versions", words))
    for key, title in MACHINERY.items():
        if own.get(key) != other.get(key):
            found.append((title, f"{title} {_stated(own.get(key))} instead of {_stated(other.get(key))}"))
    return found


def _short(data: Mapping[str, Json]) -> str:
    return f"{data['name']} {data['version']} ({data['fingerprint'][:16]})"


def _stated(value: Json) -> str:
    if value is None:
        return "not stated"
    return str(value) if isinstance(value, str | int | float) else digest(value)
