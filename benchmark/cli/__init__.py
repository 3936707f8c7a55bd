"""The command `ferbench`, one module a group of verbs."""
