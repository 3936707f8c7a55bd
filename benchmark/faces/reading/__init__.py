"""What readers share: archives opened safely, pictures and videos decoded, tracks, folds, linked folders."""
