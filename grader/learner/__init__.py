"""What a learner's commands do: check, remember, lay out, watch, reset, train, and look at the machine."""
