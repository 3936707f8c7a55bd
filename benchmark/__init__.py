"""ferbench: a reproducibility benchmark for facial expression recognition. docs/design.md describes its packages."""
