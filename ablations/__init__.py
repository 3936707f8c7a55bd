"""The network under study: one family of residual networks, its shortcut functions, and the cells that vary them."""
