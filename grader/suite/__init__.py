"""The trusted side of a suite: its pytest plugin, its fixtures, and the proxies for the learner's code."""
