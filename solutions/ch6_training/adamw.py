"""# AdamW

**How large a step should each number of a model take?** With one step size for all, a weight whose gradients are a
thousand times smaller moves a thousand times more slowly.

*Adam* keeps two running means for each number that it trains, of the gradient (`m`) and of its square (`v`), and
steps by `m / sqrt(v)`. So a number whose gradients agree moves by about the learning rate, whatever their scale, and
one whose gradients cancel hardly moves.

Both means start at zero and so are too small at first. After `t` steps the weights of a mean add up to
`1 - beta^t`, so dividing by that corrects it:

    m = beta1 * m + (1 - beta1) * g              m_hat = m / (1 - beta1^t)
    v = beta2 * v + (1 - beta2) * g^2            v_hat = v / (1 - beta2^t)
    theta = theta - lr * weight_decay * theta - lr * m_hat / (sqrt(v_hat) + eps)

*Weight decay* pulls every weight towards zero. Adding `weight_decay * theta` to the gradient (L2) would pass
it through `m / sqrt(v)`, and weights with large gradients would decay less. AdamW decays the weight itself,
by the learning rate times the decay: the decay is *decoupled* from the gradient.

Decay is for matrices: what a weight is multiplied with grows or shrinks the signal. Biases and the gains of
norms are left alone.

By hand: `theta = 1`, `g = 0.5`, `lr = 0.1`, `weight_decay = 0.1`, first step. `m_hat = 0.5`, `v_hat = 0.25`,
so the step is `0.1 · 0.5 / 0.5 = 0.1`, the decay is `0.1 · 0.1 · 1 = 0.01`, and `theta` becomes `0.89`.

Not to be used here: the optimizers of `torch.optim`, which are this exercise. `torch.optim.Optimizer`, the
base class, is what makes it one: it keeps `param_groups`, `state`, `zero_grad`, `state_dict` and
`load_state_dict`.

Source: Kingma and Ba, *Adam: A Method for Stochastic Optimization* (2015), algorithm 1; Loshchilov and Hutter,
*Decoupled Weight Decay Regularization* (2019), algorithm 2. What is decayed: Radford et al., *Improving
Language Understanding by Generative Pre-Training* (2018), section 4.1.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class AdamW(torch.optim.Optimizer):
    """Adam with bias correction and decoupled weight decay, with the update of the brief for every parameter.

    `params` is an iterable of parameters, perhaps one that can be gone through only once, or of dicts with `params` and
    settings of their own (`lr`, `betas`, `eps`, `weight_decay`), as everywhere in PyTorch; the base class sorts that
    out. The defaults are PyTorch's. Settings are read from the group at each step, because a schedule changes them.
    `eps` is added to the root of the corrected `v`. A gradient of zeros is a gradient like any other: the means move
    and the parameter decays. A parameter without a gradient is left alone: no step, no decay, and its `t` does not
    advance. What is remembered of a parameter (`m`, `v`, `t`) stands in `self.state[parameter]`, so that `state_dict`
    holds all of it and a new optimizer that loads it goes on as the old one would have. Two optimizers share nothing,
    unless one has loaded what `state_dict` of the other gave: PyTorch copies no tensors then, and you need not.
    Gradients are read and never changed. Parameters, float32 or float64, keep their dtype. A negative `lr`, `eps` or
    `weight_decay`, and a beta outside [0, 1), raise a `ValueError` that gives the value.

    >>> theta = nn.Parameter(torch.tensor([1.0]))
    >>> theta.grad = torch.tensor([0.5])
    >>> AdamW([theta], lr=0.1, weight_decay=0.1).step()
    >>> theta.data
    tensor([0.8900])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        # TODO: reject settings out of range.
        # TODO: give the base class the parameters and a dict of the default settings.
        for name, value in (("lr", lr), ("eps", eps), ("weight_decay", weight_decay)):
            if value < 0:
                raise ValueError(f"{name} is {value}, below 0")
        for beta in betas:
            if not 0 <= beta < 1:
                raise ValueError(f"a beta of {beta} is not in [0, 1)")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """One update of every parameter that has a gradient.

        `closure`, if given, computes the loss and its gradients anew: it is called once, first of all, with gradients
        switched on. `step` returns what it returned, or else None.
        """
        # TODO: call the closure if there is one, with gradients switched on again.
        # TODO: for each group and each of its parameters with a gradient: start its state if it has none
        #   (t = 0, m and v zero).
        # TODO: count the step, and update both running means.
        # TODO: decay the parameter, then move it by the corrected means; both in place.
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                state["t"] += 1
                m, v, t = state["m"], state["v"], state["t"]
                m.mul_(beta1).add_(p.grad, alpha=1 - beta1)
                v.mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)
                m_hat = m / (1 - beta1**t)
                v_hat = v / (1 - beta2**t)
                p.mul_(1 - lr * group["weight_decay"])
                p.sub_(lr * m_hat / (v_hat.sqrt() + group["eps"]))
        return loss


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Two groups for an optimizer, each `{"params": [...], "weight_decay": ...}`: with `weight_decay`, then with 0.0.

    The first holds the parameters of two or more axes, embedding tables among them; the second the others: biases
    and the gains of all norms. Each parameter that is trained stands in one group and once, also one that two modules
    share. Inside a group they keep the order of `model.parameters()`, so that a saved optimizer finds its parameters
    again.

    >>> [len(group["params"]) for group in parameter_groups(nn.Linear(3, 2), weight_decay=0.1)]
    [1, 1]
    """
    # TODO: sort the model's parameters by their number of axes.
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
