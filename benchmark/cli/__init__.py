"""The command `ferbench`, with one module per group of verbs."""
