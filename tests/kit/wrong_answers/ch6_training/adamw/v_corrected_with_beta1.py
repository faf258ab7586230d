"""`AdamW.step` corrects v with beta1 to the power t, where it has to be beta2."""

import torch
from torch import nn


def _check(name, value, low=0.0, high=float("inf")):
    if not low <= value < high:
        raise ValueError(f"{name} = {value} is out of range")


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        _check("lr", lr)
        _check("eps", eps)
        _check("weight_decay", weight_decay)
        _check("beta1", betas[0], high=1.0)
        _check("beta2", betas[1], high=1.0)
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def _start(self, p):
        state = self.state[p]
        if not state:
            state["t"] = 0
            state["m"] = torch.zeros_like(p)
            state["v"] = torch.zeros_like(p)
        return state

    def _update(self, p, lr, betas, eps, weight_decay):
        beta1, beta2 = betas
        state = self._start(p)
        state["t"] += 1
        state["m"] = state["m"] * beta1 + p.grad * (1 - beta1)
        state["v"] = state["v"] * beta2 + p.grad**2 * (1 - beta2)

        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta1 ** state["t"])

        p -= lr * weight_decay * p
        p -= lr * m_hat / (torch.sqrt(v_hat) + eps)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group["lr"], group["betas"], group["eps"], group["weight_decay"])
        return loss


def parameter_groups(model: nn.Module, weight_decay: float):
    def is_matrix(p):
        return p.dim() >= 2

    params = list(model.parameters())
    matrices = list(filter(is_matrix, params))
    rest = [p for p in params if not is_matrix(p)]
    return [dict(params=matrices, weight_decay=weight_decay), dict(params=rest, weight_decay=0.0)]
