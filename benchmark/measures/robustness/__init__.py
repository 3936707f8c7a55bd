"""The networks of a run on corrupted and mirrored faces, and on faces of other data sets."""
