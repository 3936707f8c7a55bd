"""The reader of Aff-Wild2, for each form in which its labels and pictures were released."""
