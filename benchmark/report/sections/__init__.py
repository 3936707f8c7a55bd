"""What is said of one comparison: results, pairs, figures."""
