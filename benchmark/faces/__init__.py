"""Faces: FaceSet, the one prepared form of every data set; its readers, its audit, and the agreement of human raters."""
