"""A world of fabricated records in which single tests of claims are judged."""

import numpy as np
import pytest

from benchmark.claims.judge import judge
from benchmark.claims.load import load_claims
from benchmark.protocol.cells import Cell
from benchmark.records.comparisons import summarise
from benchmark.records.record import read_records

TEXT = {"sentence": "s", "paper": "p", "value": "v", "mark": "V", "source": "abstract", "would_test": "w"}


@pytest.fixture
def world(make, tmp_path):
    """Records and verdicts of one test: `add` writes runs by their numbers of right answers, `find` judges tests."""

    class World:
        summary = None  # of the records since the last `add`

        def add(self, name, rights, protocol="synthetic-8", first=0, **changes):
            self.summary = None
            changes = {"protocol": {"tta": ["none"]}, "epochs": 2} | changes  # fewer metrics to compute, less to write
            images = np.arange(make.__globals__["IMAGES"])
            for seed, n in enumerate(rights, first):
                own = {"diverged": True, "epochs": None} if n is None else {"right": images < n}
                make(tmp_path, protocol, Cell(name, "other", {"called": name}, "plain"), seed, **changes | own)

        def judged(self, claims, complexity=None):
            self.summary = self.summary or summarise(self.records(), tmp_path)
            return judge(claims, self.summary, complexity)

        def find(self, *tests, complexity=None):
            """The first test's finding, the others being there as further tests."""
            entry = TEXT | {"test": tests[0], "further": list(tests[1:])}
            return self.judged(load_claims({"claims": {"x": entry}}), complexity)[0].finding

        def records(self):
            return read_records(tmp_path)

    return World()
