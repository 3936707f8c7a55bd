"""How fast and lean training is: against a plain loop, against timm, against what the machine can do."""

SCHEMA = 1  # of the files that `measure.bench` writes and the report reads
