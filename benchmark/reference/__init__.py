"""The pages of docs/reference: what the code and its YAML files say, written out. A fact is typed in once."""
