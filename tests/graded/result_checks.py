"""What a function returns belongs to its caller, who may write into it."""

import torch


def write_over(student, function, *arguments):
    """Call the function, and fill the tensor that it returns with zeros, where it is: on the learner's side."""
    side, fill = student.imported("builtins"), student.imported("torch").Tensor.zero_
    side.list(side.map(fill, side.map(function, *([argument] for argument in arguments))))


def without_last_column(student, function, *arguments):
    """What the function returns once False stands in the last place of its last axis: written on the learner's side."""
    side, tensor = student.imported("builtins"), student.imported("torch").Tensor
    write = student.imported("functools").partial(
        tensor.index_fill_, dim=-1, index=torch.tensor([arguments[-1] - 1]), value=False
    )
    return side.list(side.map(write, side.map(function, *([argument] for argument in arguments))))[0]
