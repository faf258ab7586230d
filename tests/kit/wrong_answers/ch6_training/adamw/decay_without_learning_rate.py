"""`AdamW.step` decays the parameter by weight_decay alone, not by the learning rate times weight_decay."""

from typing import Any

import torch
from torch import nn


class AdamW(torch.optim.Optimizer):
    """CS336-style AdamW."""

    def __init__(
        self,
        params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ):
        for bad in (x for x in (lr, eps, weight_decay) if x < 0):
            raise ValueError(f"{bad} is below zero")
        for bad in (b for b in betas if not 0 <= b < 1):
            raise ValueError(f"{bad} is not a beta")
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            alpha = group["lr"]
            beta_1, beta_2 = group["betas"]
            lam = group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                t = state.get("t", 1)
                if "m" not in state:
                    state["m"] = torch.zeros_like(p)
                    state["v"] = torch.zeros_like(p)

                state["m"].lerp_(p.grad, 1 - beta_1)
                state["v"].lerp_(p.grad.square(), 1 - beta_2)
                m_hat = state["m"] / (1 - beta_1**t)
                v_hat = state["v"] / (1 - beta_2**t)

                # decoupled weight decay, then the Adam update
                p.mul_(1 - lam)
                p.add_(m_hat / (v_hat.sqrt() + group["eps"]), alpha=-alpha)
                state["t"] = t + 1
        return loss


def parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for p in model.parameters():
        groups[p.dim() >= 2].append(p)
    return [{"params": groups[True], "weight_decay": weight_decay}, {"params": groups[False], "weight_decay": 0.0}]
