"""The authors' release: what its small files prove, and the conversion of its weights for this project's network."""
