"""FER+: fer2013new.csv, and label.csv in FER2013Train, FER2013Valid and FER2013Test. Votes only; the pictures are FER2013's.

Both are joined with FER2013 by row, so they are written from columns of any length: those of the real files, or `columns`,
which draws votes for as many rows as asked for.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tests.facsimiles.drawing import put
from tests.facsimiles.truth import Row, Truth, chosen

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
USAGE = (("Training", 28_709), ("PublicTest", 3589), ("PrivateTest", 3589))
NAMELESS = 173  # of 35,887 rows; all have NF = 10
TRAPS = (
    "crlf",  # lines end with CR LF in all files
    "cell_missing",  # the second line of FER2013Train/label.csv has nine votes' cells
    "line_missing",  # the last line of FER2013Test/label.csv is not there
    "row_missing",  # the last row of fer2013new.csv is not there
    "unknown_name",  # a name of FER2013Valid/label.csv is not in fer2013new.csv
    "no_test_part",  # FER2013Test is not there
)


def columns(
    usage: Sequence[str] | None = None,
    *,
    seed: int = 0,
    copies: Sequence[tuple[int, int]] = (),
    doubled: Sequence[tuple[int, int]] = (),
) -> dict:
    """Columns for `write`: "usage", "names", "votes" (N, 10) of label.csv, "new_votes" (N, 10) of fer2013new.csv.

    Ten votes a row. The number in a name lags behind the row by the nameless rows before it. `copies` are pairs (row,
    earlier row): fer2013new.csv gives the row the earlier one's votes, where label.csv has its own. `doubled` are pairs
    (row, other row): the row bears the other one's name.
    """
    held = [part for part, number in USAGE for _ in range(number)] if usage is None else list(usage)
    rng, total = np.random.default_rng(seed), len(held)
    leaning = rng.dirichlet(np.full(8, 0.3), total)
    chances = np.concatenate([0.96 * leaning, np.full((total, 1), 0.03), np.full((total, 1), 0.01)], axis=1)
    votes = rng.multinomial(10, chances / chances.sum(axis=1, keepdims=True))
    copied = {row for pair in (*copies, *doubled) for row in pair}
    free = [row for row in range(60, total) if row not in copied] or list(range(1, total))
    nameless = set(rng.choice(free, min(len(free), max(1, round(total * NAMELESS / 35_887))), replace=False).tolist())
    votes[sorted(nameless)] = [0] * 9 + [10]
    names, lag = [], 0
    for row in range(total):
        lag += row in nameless
        names.append("" if row in nameless else f"fer{row - lag:07d}.png")
    for row, other in doubled:
        names[row] = names[other]
    new_votes = votes.copy()
    for row, earlier in copies:
        new_votes[row] = votes[earlier]
    return {"usage": held, "names": names, "votes": votes, "new_votes": new_votes}


def write(
    folder: Path | str,
    usage: Sequence[str],
    names: Sequence[str],
    votes: np.ndarray,
    new_votes: np.ndarray | None = None,
    *,
    trap: str | Iterable[str] | None = None,
) -> Truth:
    """Writes the four files from columns of N rows, in FER2013's order.

    Args:
        usage: Training, PublicTest or PrivateTest.
        names: "fer0000000.png", or "" for a row without a name, which no label.csv has. Of two rows of one name in a part
            label.csv has the later one alone. Its lines are in the order of the names.
        votes: int (N, 10) for label.csv.
        new_votes: int (N, 10) for fer2013new.csv; None: the same.
        trap: names of `TRAPS`.

    Returns:
        Truth with `id` the row's number, `attributes` {"name", "votes", "new_votes"}; `file` and `line` are those of
        label.csv ("" and 0: no line there). `traps` has under "rows" the rows concerned.
    """
    folder, traps, rows = Path(folder), chosen(trap, TRAPS), []
    other = votes if new_votes is None else new_votes
    told: dict[str, dict] = {name: {"rows": []} for name in traps}
    table = [HEADER]
    for index, (part, name, own, new) in enumerate(zip(usage, names, votes.tolist(), other.tolist(), strict=True)):
        table.append(",".join(map(str, (part, name, *new))))
        rows.append(Row(str(index), "", part, index, attributes={"name": name, "votes": own, "new_votes": new}))
    labels: dict[str, list[str]] = {}
    named: dict[str, list[Row]] = {}
    for part, place in FOLDERS.items():
        last = {names[row.index]: row.index for row in rows if row.part == part and names[row.index]}
        labels[part] = [
            f'{name},"(0, 0, 48, 48)",' + ",".join(map(str, votes[last[name]].tolist())) for name in sorted(last)
        ]
        for line, name in enumerate(sorted(last), start=1):
            rows[last[name]] = rows[last[name]]._replace(file=f"{place}/label.csv", line=line)
        named[part] = [rows[last[name]] for name in sorted(last)]
    if "cell_missing" in traps:
        labels["Training"][1] = labels["Training"][1].rpartition(",")[0]
        told["cell_missing"]["rows"] = [named["Training"][1]]
    if "unknown_name" in traps:
        labels["PublicTest"][0] = "fer9999999.png" + labels["PublicTest"][0][len("fer0000000.png") :]
        told["unknown_name"]["rows"] = [named["PublicTest"][0]]
    if "line_missing" in traps:
        labels["PrivateTest"].pop()
        told["line_missing"]["rows"] = [named["PrivateTest"][-1]]
    if "row_missing" in traps:
        table.pop()
        told["row_missing"]["rows"] = [rows[-1]]
    end = "\r\n" if "crlf" in traps else "\n"
    put(folder / "fer2013new.csv", end.join(table) + end)
    for part, place in FOLDERS.items():
        if not (part == "PrivateTest" and "no_test_part" in traps):
            put(folder / place / "label.csv", end.join(labels[part]) + end)
    return Truth(folder, rows, told)
