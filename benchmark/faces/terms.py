"""Whose pictures may be shown: what the terms of a data set allow."""

# Data sets whose terms allow showing their pictures in a report.
SHOWN = ("synthetic", "diffusionfer")
