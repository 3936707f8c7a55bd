"""All that decides a run's numbers, and nothing else (`benchmark.runs.sources`)."""
