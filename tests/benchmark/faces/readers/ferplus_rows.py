"""A FER+ of 11 rows, for the small FER2013 of the conftest."""

HEADER = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
# Votes of the 11 small rows and, by hand, what the majority rule makes of them.
VOTES = [
    ([4, 0, 0, 1, 3, 2, 0, 0, 0, 0], -1),  # 4 of 9 left
    ([6, 0, 1, 1, 0, 0, 0, 0, 2, 0], 0),  # 6 of 8 left
    ([5, 0, 0, 3, 1, 0, 0, 0, 1, 0], 0),  # 5 of 8 left: a majority only because single votes go first
    ([0, 0, 0, 0, 0, 0, 0, 0, 0, 10], 9),
    ([4, 0, 0, 4, 1, 0, 0, 0, 1, 0], -1),  # 4 of 8 is not MORE than half
    ([0, 0, 0, 0, 0, 0, 0, 6, 2, 2], 7),
    ([0, 0, 0, 2, 0, 0, 0, 0, 7, 1], 8),
    ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1], -1),  # nothing left
    ([0, 1, 0, 0, 0, 0, 8, 0, 0, 1], 6),
    ([0, 9, 0, 0, 0, 0, 0, 0, 0, 0], 1),  # nine votes
    ([5, 5, 0, 0, 0, 0, 0, 0, 0, 0], -1),
]
# The name's number lags behind the row after the nameless row 3, as in the official file.
NAMES = [f"fer{k:07d}.png" for k in (0, 1, 2)] + [""] + [f"fer{k:07d}.png" for k in range(3, 10)]


def table(small, names=NAMES):
    return [[usage, name, *map(str, votes)] for usage, name, (votes, _) in zip(small.usage, names, VOTES, strict=True)]


def write(path, rows, header=HEADER):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *map(",".join, rows)]) + "\n")
    return path
