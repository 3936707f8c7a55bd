"""Models trained elsewhere: their predictions under a protocol, the ways in, and the authors' own release."""
