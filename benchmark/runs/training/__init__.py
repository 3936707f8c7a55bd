"""The code that decides the numbers of a run, and nothing else. `benchmark.runs.sources` takes its digest."""
