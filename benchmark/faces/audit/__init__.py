"""What a FaceSet holds and what is wrong with it, before anything is trained on it."""
