"""# The learning-rate schedule and gradient clipping

**Why not train with one learning rate from the first step to the last?** At Adam's first step `m_hat / sqrt(v_hat)`
is +1 or −1, so every number moves by the full rate in a direction that one batch has chosen.

So the learning rate *warms up*: it grows in a straight line from 0 to `max_lr`. Then it falls along half a cosine to
`min_lr`: slowly at first, while there is much to learn, fast in the middle, and slowly at the end, where small steps
settle into the minimum.

    step <= warmup_steps:   lr = max_lr * step / warmup_steps
    after it:               lr = min_lr + (max_lr - min_lr) * (1 + cos(pi * progress)) / 2,
                            progress = (step - warmup_steps) / (total_steps - warmup_steps)
    step >= total_steps:    lr = min_lr

Now and then a batch has a huge gradient, and one such step can undo many others. *Clipping* looks at the
length of all gradients taken together as one long vector. Where it is more than `max_norm`, all are scaled by
the same factor, so that the length is `max_norm` and the direction is kept.

By hand: `max_lr = 1`, `min_lr = 0`, 2 steps of warm-up of 6: the rates of steps 0 to 7 are 0, 0.5, 1, 0.854,
0.5, 0.146, 0, 0. Two gradients `[3]` and `[4]` have the norm 5; clipped to 1 they are `[0.6]` and `[0.8]`.

Not to be used here: `torch.nn.utils.clip_grad_norm_` and its relatives, which are this exercise.

Source: Loshchilov and Hutter, *SGDR: Stochastic Gradient Descent with Warm Restarts* (2017), equation 5,
without restarts; the warm-up: Radford et al., *Improving Language Understanding by Generative Pre-Training*
(2018), section 4.1; clipping: Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural
networks* (2013), algorithm 1.
"""

import math
from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor, nn


def cosine_with_warmup(step: int, max_lr: float, min_lr: float, warmup_steps: int, total_steps: int) -> float:
    """The learning rate of `step`, counted from 0.

    It grows in a straight line from 0 at step 0 to `max_lr` at step `warmup_steps`, falls along half a cosine, and is
    `min_lr` at `total_steps`, which is 1 or more, and ever after. Without warm-up (`warmup_steps` 0) step 0 has
    `max_lr`. A warm-up as long as the whole ends in `min_lr`; a longer one raises a `ValueError` that gives its length
    or that of the whole, at every step.

    >>> cosine_with_warmup(4, max_lr=1.0, min_lr=0.0, warmup_steps=2, total_steps=6)
    0.5
    """
    # TODO: reject a warm-up that is longer than the whole.
    # TODO: three cases: after the end, in the warm-up, on the cosine between them. Mind divisions by zero.
    if warmup_steps > total_steps:
        raise ValueError(f"a warm-up of {warmup_steps} steps is longer than all {total_steps}")
    if step >= total_steps:
        return min_lr
    if step < warmup_steps:
        return max_lr * step / warmup_steps
    progress = (step - warmup_steps) / (total_steps - warmup_steps)
    return min_lr + (max_lr - min_lr) * 0.5 * (1 + math.cos(math.pi * progress))


def clip_gradients(parameters: Iterable[nn.Parameter], max_norm: float) -> float | Float[Tensor, ""]:
    """Scale all gradients in place so that together they are no longer than `max_norm`; return the norm before that.

    The norm is the L2 norm of all gradients as one vector, and all are scaled by the same factor. Gradients that are
    short enough stay as they are, and so do gradients of zero. Only parameters without a gradient are passed over, not
    frozen ones that have one; where none has one, the norm is 0. `parameters` may be an iterator, such as
    `model.parameters()`: it can be gone through only once. A `max_norm` that is not above 0 raises a `ValueError` that
    gives it, whatever the gradients are. The gradients are float32 or float64, and their squares do not overflow.

    >>> a, b = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    >>> a.grad, b.grad = torch.tensor([3.0]), torch.tensor([4.0])
    >>> clip_gradients([a, b], max_norm=1.0)
    tensor(5.)
    >>> a.grad, b.grad
    (tensor([0.6000]), tensor([0.8000]))
    """
    # TODO: reject a max_norm that is not above 0.
    # TODO: collect the gradients that there are, and take the norm of them all.
    # TODO: if it is above max_norm, multiply every gradient by max_norm / norm, in place.
    # TODO: return the norm as it was before.
    if not max_norm > 0:
        raise ValueError(f"max_norm is {max_norm}, not above 0")
    gradients = [p.grad for p in parameters if p.grad is not None]
    if not gradients:
        return torch.tensor(0.0)
    norm = torch.stack([g.norm() for g in gradients]).norm()
    if norm > max_norm:
        for g in gradients:
            g.mul_(max_norm / norm)
    return norm
