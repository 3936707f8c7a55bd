"""The test faces of a data set that are easiest and hardest for the networks of its runs."""
