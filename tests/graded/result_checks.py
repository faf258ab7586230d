"""What a function returns belongs to its caller, who may write into it."""

import torch


def write_over(student, function, *arguments):
    """Call the function, and fill the tensor that it returns with zeros, where it is: on the learner's side."""
    _changed(student, student.imported("torch").Tensor.zero_, function, arguments)


def without_last_column(student, function, *arguments):
    """What the function returns once False stands in the last place of its last axis: written on the learner's side."""
    fill, last = student.imported("torch").Tensor.index_fill_, torch.tensor([arguments[-1] - 1])
    write = student.imported("functools").partial(fill, dim=-1, index=last, value=False)
    return _changed(student, write, function, arguments)


def _changed(student, change, function, arguments):
    """What the change gives for what the function returns, without a way over the tester."""
    side = student.imported("builtins")
    return side.list(side.map(change, side.map(function, *([argument] for argument in arguments))))[0]
