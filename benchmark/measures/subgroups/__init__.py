"""Results split by an attribute of the faces, such as the age that an annotator or a model gave them."""
