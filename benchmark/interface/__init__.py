"""What `import benchmark` offers to Python (docs/python.md). The command line calls the same functions."""
