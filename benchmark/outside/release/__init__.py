"""The authors' release: what its small files prove, and its weights for our network."""
