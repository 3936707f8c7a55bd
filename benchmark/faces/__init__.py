"""Faces: FaceSet, the one prepared form of every data set; how it is read, examined and rated."""
