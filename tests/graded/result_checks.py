"""What a function returns belongs to its caller, who may write into it."""


def write_over(student, function, *arguments):
    """Call the function, and fill the tensor that it returns with zeros, where it is: on the learner's side."""
    side, fill = student.imported("builtins"), student.imported("torch").Tensor.zero_
    side.list(side.map(fill, side.map(function, *([argument] for argument in arguments))))
