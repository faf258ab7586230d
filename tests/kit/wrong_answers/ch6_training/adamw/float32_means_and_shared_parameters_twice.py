"""`AdamW.step` keeps m and v in float32 for float64 parameters too and `parameter_groups` lists a parameter that two
modules share twice."""

import torch
from torch import nn


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        beta1, beta2 = betas
        checks = [
            ("lr", lr, lr >= 0),
            ("eps", eps, eps >= 0),
            ("weight_decay", weight_decay, weight_decay >= 0),
            ("beta1", beta1, 0 <= beta1 < 1),
            ("beta2", beta2, 0 <= beta2 < 1),
        ]
        for name, value, ok in checks:
            if not ok:
                raise ValueError(f"{name}={value}")
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, wd, eps = group["lr"], group["weight_decay"], group["eps"]
            beta1, beta2 = group["betas"]
            for w in group["params"]:
                if w.grad is None:
                    continue
                s = self.state[w]
                if not s:
                    s["t"] = 0
                    s["m"] = torch.zeros(w.shape, dtype=torch.float32, device=w.device)
                    s["v"] = torch.zeros(w.shape, dtype=torch.float32, device=w.device)
                s["t"] += 1
                s["m"].mul_(beta1).add_((1 - beta1) * w.grad)
                s["v"].mul_(beta2).add_((1 - beta2) * w.grad * w.grad)
                first = s["m"] / (1 - beta1 ** s["t"])
                second = s["v"] / (1 - beta2 ** s["t"])
                w.mul_(1 - lr * wd)
                w.sub_(lr * first / (second.sqrt() + eps))
        return loss


def parameter_groups(model: nn.Module, weight_decay: float):
    decayed, others = [], []
    for module in model.modules():
        for p in module.parameters(recurse=False):
            (decayed if p.dim() >= 2 else others).append(p)
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]
