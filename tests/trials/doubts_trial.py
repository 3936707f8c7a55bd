"""How often `benchmark.records.doubts` is wrong about right declarations, and how many mistakes it finds.

    python tests/trials/doubts_trial.py OUT     # OUT: of networks_for_doubts.py, in the project's folder

judges those networks and the committed runs on synthetic-8, synthetic-va and DiffusionFER: on all their faces, on samples of
1,000, 300 and 100, on unequal parts of the classes (without replacement, so that no face counts twice), and on 3 to 5 of the
classes. Some minutes. The thresholds were fixed with it; no model from elsewhere was looked at before."""

import itertools
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmark.records import doubts_of_affect
from benchmark.records.doubts_of_order import better_order
from benchmark.records.selection_metric import ccc_mean

RECORDS = ("synthetic-8", "synthetic-va", "imported/diffusionfer-7-quick", "imported/diffusionfer-va-quick")
FER2013 = {"anger": 467, "disgust": 56, "fear": 496, "happy": 895, "sad": 653, "surprise": 415, "neutral": 607}  # PublicTest
DIFFUSIONFER = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "anger")


def predictions(out: Path) -> Iterator[tuple[str, bool, np.ndarray, np.ndarray]]:
    """(name, whether the faces are of the kind it learned from, targets, outputs)."""
    for path in sorted(out.glob("*.npz")):
        stored = np.load(path)
        yield path.stem, path.stem.endswith("same-as_they_are"), stored["targets"], stored["outputs"]
    for folder in RECORDS:
        for path in sorted(Path("reports/records", folder).glob("*/*/predictions.npz")):
            stored = np.load(path)
            for split in ("validation", "test"):
                name = "/".join([*path.parts[2:-1], split])
                yield name, True, stored[f"{split}_targets"], stored[f"{split}_outputs_none"]


def samples(targets: np.ndarray, named: np.ndarray, k: int, rng) -> Iterator[tuple[str, np.ndarray, np.ndarray, int]]:
    yield "all", targets, named, k
    for n in (1000, 300, 100):
        for _ in range(3 if n < len(targets) else 0):
            rows = rng.permutation(len(targets))[:n]
            yield str(n), targets[rows], named[rows], k
    for _ in range(2):
        share = rng.dirichlet(np.full(k, 0.5))[targets]
        rows = np.flatnonzero(rng.random(len(targets)) < share / share.max())
        if len(rows) > 20:
            yield "unequal", targets[rows], named[rows], k
    for few in (3, 4, 5):
        kept = np.sort(rng.permutation(k)[:few])
        rows = np.isin(targets, kept) & np.isin(named, kept)
        if rows.sum() > 30:
            yield f"{few} classes", np.searchsorted(kept, targets[rows]), np.searchsorted(kept, named[rows]), few


def of_order(out: Path, rng) -> None:
    alarms, tested, found = Counter(), Counter(), defaultdict(list)
    orders, fer = defaultdict(list), defaultdict(list)
    for name, learned, targets, outputs in predictions(out):
        if targets.ndim == 2:
            continue
        for kind, labels, named, k in samples(targets, outputs.argmax(1), outputs.shape[1], rng):
            tested[kind] += 1
            if (order := better_order(labels, named, k)) is not None:
                alarms[kind] += 1
                print(f"  false: {name}, {kind}: {order}")
            if not learned or np.mean(labels == named) < 0.25:
                continue
            faces = np.bincount(labels, minlength=k)
            recall = np.bincount(labels[labels == named], minlength=k) / np.maximum(faces, 1)
            for pair in itertools.combinations(range(k), 2):
                worst, few = min(recall[list(pair)]), min(faces[list(pair)])
                found[_bin(worst, (0.2, 0.4), "recall"), _bin(few, (10, 30, 100), "faces")].append(
                    _finds(labels, named, pair, k)
                )
            cycle = rng.permutation(k)[: rng.integers(3, k + 1)]
            level = _bin(recall[faces > 0].mean(), (0.3, 0.45), "balanced accuracy")
            orders[level, _bin(len(labels), (150, 500), "faces")].append(_finds(labels, named, cycle, k))
        if learned and outputs.shape[1] == 7:
            labels, named = _as_fer2013(targets, outputs.argmax(1), rng)
            for pair in itertools.combinations(range(7), 2):
                names = " and ".join(DIFFUSIONFER[c] for c in pair)
                if 0.5 < np.mean(labels == named) < 0.7:
                    fer[names].append(_finds(labels, named, pair, 7))
    print("right orders:", dict(tested), "false alarms:", dict(alarms), "sum", sum(tested.values()), sum(alarms.values()))
    for title, table in (("swaps", found), ("longer orders", orders), ("swaps at FER2013's counts", fer)):
        print(f"found, {title}:")
        for key, values in sorted(table.items(), key=str):
            print(f"  {key}: {np.mean(values):.2f} of {len(values)}")


def _finds(labels: np.ndarray, named: np.ndarray, cycle, k: int) -> bool:
    """Whether the planted order is doubted; for a swap also: and named."""
    order = np.arange(k)
    order[list(cycle)] = np.roll(cycle, 1)
    found = better_order(labels, order[named], k)
    return found is not None and (len(cycle) > 2 or set(np.flatnonzero(found.names != np.arange(k))) == set(cycle))


def _as_fer2013(targets: np.ndarray, named: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """As many faces of each class as FER2013 has, drawn with replacement (for power only)."""
    rows = [rng.choice(np.flatnonzero(targets == c), FER2013[name]) for c, name in enumerate(DIFFUSIONFER)]
    return targets[np.concatenate(rows)], named[np.concatenate(rows)]


def _bin(value: float, edges: tuple, what: str) -> str:
    below = [edge for edge in edges if value < edge]
    return f"{what} < {below[0]}" if below else f"{what} >= {edges[-1]}"


def of_affect(out: Path, rng) -> None:
    alarms, tested, found = [], 0, defaultdict(list)
    for name, learned, targets, outputs in predictions(out):
        if targets.ndim == 1 or "-0255" in name:  # 0..255 in place of 0..1: what is far outside is rightly said
            continue
        kept = ~np.isnan(targets).any(1)
        targets, outputs = targets[kept].astype(np.float64), outputs[kept].astype(np.float64)
        for n in (len(targets), 300, 100):
            rows = rng.permutation(len(targets))[:n]
            own, given, tested = targets[rows], outputs[rows], tested + 1
            if doubt := doubts_of_affect.told(own, given, f"{n}"):
                alarms.append((name, n, doubt[0]))
            quality = ccc_mean(own, given)
            if not learned or quality < 0.2:
                continue
            level = _bin(quality, (0.4, 0.6), "CCC")
            for change in doubts_of_affect.changes():
                low, high = change.scale
                spoilt = (given * np.array(change.signs) * (high - low) + high + low) / 2
                spoilt = spoilt[:, ::-1] if change.swapped else spoilt
                if ccc_mean(own, spoilt) <= quality - doubts_of_affect.GAIN:
                    what = ("swapped " * change.swapped + f"{change.scale} " + "turned" * (min(change.signs) < 0)).strip()
                    found[level, what].append(doubts_of_affect.better_change(own, spoilt) == change)
    print("valence and arousal, right:", tested, "false alarms:", len(alarms), *alarms, sep="\n  ")
    for key, values in sorted(found.items(), key=str):
        print(f"  {key}: {np.mean(values):.2f} of {len(values)}")


if __name__ == "__main__":
    of_order(Path(sys.argv[1]), np.random.default_rng(0))
    of_affect(Path(sys.argv[1]), np.random.default_rng(1))
