"""The reader of the synthetic data set: faces drawn by a program from a seed. It needs no files."""
