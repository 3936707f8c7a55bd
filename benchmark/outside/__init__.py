"""Models trained elsewhere: their evaluation under a protocol, the adapters that open them, and the authors' release."""
