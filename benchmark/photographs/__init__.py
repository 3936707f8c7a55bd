"""Answers for a picture of one's own: reading it, finding the faces in it, and what a trained network says of them."""
