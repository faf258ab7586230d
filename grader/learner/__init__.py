"""What a learner's commands do: check, remember, lay out, reset, train, and look at the machine."""
