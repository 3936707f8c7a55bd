"""The readers, one per data set. A reader makes a FaceSet from raw files."""
