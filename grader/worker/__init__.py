"""Everything in the process that runs a learner's code: it answers requests, and nothing it says is believed."""
