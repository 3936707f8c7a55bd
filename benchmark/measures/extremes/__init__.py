"""The easiest and hardest test faces of a data set's runs."""
