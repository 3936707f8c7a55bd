"""Result: what a model scored under a protocol, with intervals and warnings. Everything in it is computed from a record's
outputs, by the functions that the report uses."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import BadInput
from benchmark.files import Json, write_text
from benchmark.interface.comparison import Comparison, compared
from benchmark.interface.html import number_of, result_html
from benchmark.interface.places import Places
from benchmark.outside.entry import write_entry
from benchmark.outside.summary import summary_of
from benchmark.protocol.cells import Run
from benchmark.protocol.protocol import Protocol
from benchmark.records.comparisons import ScoredRun, metrics_of, scores_of
from benchmark.records.face_intervals import interval_of
from benchmark.records.intervals import Interval, accuracy_interval
from benchmark.records.metrics import METRICS, PRIMARY
from benchmark.records.outside_record import SEEN
from benchmark.records.record import Record
from benchmark.report.compare import Row
from benchmark.room import check_file, check_room
from benchmark.suggesting import unknown

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn


# The metrics that `repr` shows; all of them are in `metrics`.
SHOWN = {
    "categorical": ("accuracy", "balanced_accuracy", "macro_f1", "kappa", "roc_auc", "nll", "ece"),
    "dimensional": ("ccc_mean", "ccc_valence", "ccc_arousal", "rmse_mean", "sagr_mean"),
}


class Unwritten(Record):
    """A record in memory: what `write_record` would write. `directory` says where it came from and is no folder."""

    def __init__(self, source: str, contents: Mapping[str, Json], arrays: Mapping[str, np.ndarray]):
        super().__init__(Path(source), contents)
        self.__dict__["predictions"] = arrays  # in the place of the arrays that `Record.predictions` would read


class Result:
    """What a model scored on the test faces of a protocol.

    Attributes:
        record: the outputs for every face and what is known of the model. In memory only until `enter`.
        protocol: the protocol.
        said: what was understood of the model (names of classes, forms of weights), a sentence each.
        places: the folders of the project.
        run: what was trained; None for a model that was not trained here.
    """

    def __init__(
        self,
        record: Record,
        protocol: Protocol,
        places: Places,
        said: tuple[str, ...] = (),
        run: Run | None = None,
    ):
        self.record, self.protocol, self.places, self.said, self.run = record, protocol, places, said, run

    @property
    def name(self) -> str:
        """Name of the entry or cell."""
        return self.record.cell

    @property
    def warnings(self) -> list[str]:
        """Likely mistakes in the declaration of the model; empty if there are none. They are kept in its record."""
        return list(self.record.outside["warnings"]) if self.record.outside else []

    @property
    def classes(self) -> tuple[str, ...]:
        """The protocol's classes in label order; empty for valence and arousal."""
        return self.protocol.classes

    @cached_property
    def views(self) -> dict[str, dict[str, Json]]:
        """View (test-time augmentation, "none" first) -> every metric on the test faces
        (`benchmark.records.metrics.categorical` or `dimensional`)."""
        return scores_of(self.record)

    @property
    def metrics(self) -> dict[str, float | None]:
        """Metric -> value on the test faces, view "none": fractions, not percent. None where it is not defined, or would
        need scores that the model does not give."""
        return {name: self.views["none"][name] for name in METRICS if name in self.views["none"]}

    @cached_property
    def validation(self) -> dict[str, float | None] | None:
        """The same on the validation faces; None if there are no outputs for them."""
        if "validation_outputs_none" not in self.record.predictions:
            return None
        found = metrics_of(self.record, "validation")
        return {name: found[name] for name in METRICS if name in found}

    def interval(self, metric: str | None = None, view: str = "none") -> Interval:
        """The value of a metric on the test faces with its 95 % interval over these faces: Wilson's for accuracy, else by a
        bootstrap (`benchmark.records.face_intervals.interval_of`). It tells how far the number depends on which faces were
        drawn, not on how the model was trained.

        Args:
            metric: a name in `metrics`; None: accuracy, or the mean CCC.
            view: a name in `views`.

        Raises:
            BadInput: an unknown metric or view; a metric that is not defined for this result.
        """
        name = metric or PRIMARY[self.protocol.task]
        if name not in self.metrics:
            raise unknown(f"{self.name}, metric", name, self.metrics)
        if view not in self.views:
            raise unknown(f"{self.name}, view", view, self.views)
        if self.views[view][name] is None:
            why = self.not_tested.get(name, "it is not defined for these faces and answers")
            raise BadInput(f"{self.name}, {name}", f"no value: {why}", "a metric that has one")
        return interval_of(self.record, name, view)

    @property
    def not_tested(self) -> dict[str, str]:
        """Metric -> why it has no value for this model."""
        return dict(self._summary["not_tested"])

    @property
    def per_class(self) -> "pd.DataFrame":
        """One row per class: n (test faces), precision, recall with its 95 % Wilson interval (recall_low, recall_high), f1.

        Raises:
            BadInput: a result for valence and arousal, which have no classes.
        """
        import pandas as pd

        found = self._of_classes()
        counts = np.array(found["confusion"])
        ends = [accuracy_interval(int(counts[k, k]), int(counts[k].sum())) if counts[k].any() else None
                for k in range(len(counts))]  # fmt: skip
        columns = {
            "n": found["support"],
            "precision": found["precision"],
            "recall": found["recall"],
            "recall_low": [each and each.low for each in ends],
            "recall_high": [each and each.high for each in ends],
            "f1": found["f1"],
        }
        return pd.DataFrame(columns, index=pd.Index(self.classes, name="class"))

    @property
    def confusion(self) -> "pd.DataFrame":
        """Numbers of test faces: a row per true class, a column per answer. BadInput as of `per_class`."""
        import pandas as pd

        names = list(self.classes)
        counts = self._of_classes()["confusion"]
        return pd.DataFrame(counts, index=pd.Index(names, name="true"), columns=pd.Index(names, name="answered"))

    def outputs(self, split: str = "test", view: str = "none") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(ids str (N,), targets, outputs float32 (N, K)) of a split, "test" or "validation". Outputs are scores whose
        softmax gives probabilities, or valence and arousal; targets class numbers int64 (N,) or float32 (N, 2). They are
        copies: the result does not change with them. BadInput for a split or view without outputs."""
        known = [name.replace("_outputs_", " ") for name in self.record.predictions if "_outputs_" in name]
        if f"{split} {view}" not in known:
            raise unknown(f"{self.name}, split and view", f"{split} {view}", known)
        targets, outputs = self.record.outputs(split, view)
        return self.record.predictions[f"{split}_ids"].copy(), targets.copy(), outputs.copy()

    def compare(self, other: "Result | str") -> Comparison:
        """This model minus another one, on the same test faces: difference, paired tests, McNemar, classes.

        Args:
            other: a result under the same protocol, or the name of a cell or outside entry in the project's records.

        Raises:
            BadInput: as of `benchmark.report.compare.compare_rows` and `find`.
        """
        if not isinstance(other, str | Result):
            expected = "a result, or the name of a cell or outside entry; benchmark.compare takes models, too"
            raise BadInput("compare", f"a {type(other).__name__}", expected)
        row = other if isinstance(other, str) else other.row
        return compared(self.row, row, self.places, self.protocol)

    def enter(
        self,
        name: str,
        *,
        stated: Mapping[str, object] | None = None,
        extra_training_data: str | None = None,
        seen: str | None = None,
        replace: bool = False,
        out: Path | str | None = None,
    ) -> "Result":
        """Write this result as an outside entry, which the report shows.

        Args:
            name: of the entry: letters, digits, '-', '_' and '+'.
            stated: what the model's authors publish: {"accuracy": fraction, "source": where}, or {"words": what they say,
                "source": where}.
            extra_training_data: training data other than the protocol's training split, in words; "none" if there are none.
            seen: whether the model was trained or chosen with the help of the test faces: "no", "yes" or "unknown" (None).
                Only with "no" it gets a rank.
            replace: replace an entry of that name.
            out: folder of entries; None: the project's, reports/records/outside.

        Returns:
            the result, of the record as it was written.

        Raises:
            SystemSaysNo: a folder that can not be written to.
            BadInput: a run of this suite; else as of `benchmark.outside.entry.check_entry`.
        """
        if self.record.outside is None:
            raise BadInput(
                f"{self.name}", "a run of this suite", f"`ferbench import {self.record.directory}`: it is a row already"
            )
        if extra_training_data is not None and not (isinstance(extra_training_data, str) and extra_training_data.strip()):
            raise BadInput("extra_training_data", repr(extra_training_data), "words, such as 'none' or 'AffectNet'")
        if stated is not None and not isinstance(stated, Mapping):
            raise BadInput("stated", repr(stated), "a mapping of accuracy and source")
        if seen is not None and seen not in SEEN:
            raise BadInput("seen", repr(seen), f"one of {', '.join(SEEN)}")
        folder = self.places.outside if out is None else Path(out)
        check_room(folder, 0, "an entry")
        record = write_entry(
            self.protocol,
            name,
            self.record.contents,
            self.record.predictions,
            out=folder,
            stated=stated,
            extra_training_data=extra_training_data,
            seen=seen,
            replace=replace,
        )
        return Result(record, self.protocol, self.places, self.said)

    def network(self) -> "nn.Module":
        """The trained network of a run, in evaluation mode, from the weights beside its record; see
        `benchmark.interface.network.network_of`."""
        from benchmark.interface.network import network_of

        if self.record.outside is not None:
            raise BadInput(self.name, "a model that was not trained here", "a result of `train`")
        return network_of(self.record, self.run)

    def to_json(self, path: Path | str | None = None) -> str:
        """The summary that `ferbench score --json` prints (docs/reference/models.md, "For scripts"), as text. Written to
        `path` if one is given."""
        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        if path is not None:
            check_file(Path(path), "the result")
            write_text(Path(path), text + "\n")
        return text

    def as_dict(self) -> dict:
        """The contents of `to_json`."""
        place = {"record": None} if isinstance(self.record, Unwritten) else {}
        return self._summary | place | {"understood": list(self.said)}

    @property
    def row(self) -> Row:
        """This result as a row of a comparison."""
        run = ScoredRun(self.record, self.views)
        return Row(self.name, {self.record.seed: run}, self.record.outside is not None)

    @property
    def n(self) -> int:
        """Number of test faces."""
        return len(self.record.predictions["test_ids"])

    @property
    def lines(self) -> list[str]:
        """What `repr` shows, a line each."""
        views = ", ".join(self.views)
        found = [f"{self.name} on {self.protocol.name} {self.protocol.version}: {self.n:,} test faces, view {views}"]
        names = SHOWN[self.protocol.task]
        width = max(len(METRICS[name].title) for name in names)
        for name in names:
            metric, value = METRICS[name], self.metrics[name]
            ends = ""
            if name == PRIMARY[self.protocol.task] and value is not None:
                own = self._summary["interval"]
                if own["low"] is not None:
                    ends = f"  [{number_of(own['low'], metric.unit)}, {number_of(own['high'], metric.unit)}] over test faces"
            shown = "not tested" if name in self.not_tested else number_of(value, metric.unit)
            found.append(f"  {metric.title:{width}}  {shown}{ends}")
        found += self.said
        found += [f"warning: {each}" for each in self.warnings]
        return found

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        return result_html(self)

    @cached_property
    def _summary(self) -> dict:
        return summary_of(self.record)

    def _of_classes(self) -> Mapping:
        if not self.classes:
            raise BadInput(f"{self.name} under {self.protocol.name}", "valence and arousal", "a protocol with classes")
        return self.views["none"]
