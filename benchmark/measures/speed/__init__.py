"""How fast: training, inference, reading of pictures, streaming."""
