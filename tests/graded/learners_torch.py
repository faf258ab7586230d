"""What suites use of torch on the learner's side."""


def nn_of(student):
    """torch.nn on the learner's side."""
    return student.imported("torch.nn")
