"""What `import benchmark` offers to Python (docs/python.md). `evaluate`, `score` and `compare` of the
command line call these functions; the other verbs call what these call."""
