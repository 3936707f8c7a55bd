"""One reader a data set: raw files -> FaceSet."""
