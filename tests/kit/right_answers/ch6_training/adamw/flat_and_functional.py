"""One pure function for the update, state as tuples in float32, groups by a generator of names."""

import math

import torch
from torch.optim import Optimizer


def _moved(theta, grad, m, v, t, lr, b1, b2, eps, wd):
    m = b1 * m + (1.0 - b1) * grad
    v = b2 * v + (1.0 - b2) * grad**2
    step = lr * math.sqrt(1.0 - b2**t) / (1.0 - b1**t)
    theta = theta * (1.0 - lr * wd) - step * m / (v.sqrt() + eps * math.sqrt(1.0 - b2**t))
    return theta, m, v


class AdamW(Optimizer):
    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=0.00000001, weight_decay=0.01):
        checks = {"lr": lr >= 0, "eps": eps >= 0, "weight_decay": weight_decay >= 0}
        for name, fine in checks.items():
            if not fine:
                raise ValueError(f"{name}={locals()[name]} must not be negative")
        for beta in betas:
            if beta < 0.0 or beta >= 1.0:
                raise ValueError("Invalid beta parameter: {}".format(beta))
        Optimizer.__init__(self, params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self, closure=None):
        value = None
        if closure is not None:
            with torch.set_grad_enabled(True):
                value = closure()
        trained = [(g, p) for g in self.param_groups for p in g["params"] if p.grad is not None]
        for g, p in trained:
            s = self.state[p]
            s["t"] = s.get("t", 0) + 1
            m = s.get("m", p.new_zeros(p.shape)).detach()
            v = s.get("v", p.new_zeros(p.shape)).detach()
            args = (g["lr"], *g["betas"], g["eps"], g["weight_decay"])
            theta, s["m"], s["v"] = _moved(p.detach(), p.grad, m, v, s["t"], *args)
            with torch.no_grad():
                p.copy_(theta)
        return value


def parameter_groups(model, weight_decay):
    named = dict(model.named_parameters())
    decayed = [p for n, p in named.items() if p.ndim > 1]
    spared = [p for n, p in named.items() if p.ndim <= 1]
    return [dict(params=decayed, weight_decay=weight_decay), dict(params=spared, weight_decay=0.0)]
