"""The audit of a FaceSet: what it contains and what is wrong with it, to be seen before anything is trained on it."""
