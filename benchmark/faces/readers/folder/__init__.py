"""The reader of folders of pictures: a user's own ones, and data sets that are a few lines of YAML (`preset`)."""
