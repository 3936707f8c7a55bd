"""Drawn faces: people, expressions and pictures from a seed; needs no file."""
