"""Code that the readers share: opening archives safely, decoding pictures and videos, tracks, folds, linked folders."""
