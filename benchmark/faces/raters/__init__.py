"""How well people agree about the same faces."""
