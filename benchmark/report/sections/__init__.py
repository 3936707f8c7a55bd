"""The parts of a section, which is about one comparison: results, pairs, figures."""
