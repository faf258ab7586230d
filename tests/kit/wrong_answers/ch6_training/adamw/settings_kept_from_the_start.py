"""`AdamW.step` uses the settings given to `__init__` and never reads those of the groups, so schedules do nothing."""

import torch
from torch import nn


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        if lr < 0:
            raise ValueError("lr should be >= 0 but is " + str(lr))
        if eps < 0:
            raise ValueError("eps should be >= 0 but is " + str(eps))
        if weight_decay < 0:
            raise ValueError("weight_decay should be >= 0 but is " + str(weight_decay))
        for b in betas:
            if b < 0 or b >= 1:
                raise ValueError("beta should be in [0, 1) but is " + str(b))

        self.lr = lr
        self.beta1 = betas[0]
        self.beta2 = betas[1]
        self.eps = eps
        self.weight_decay = weight_decay

        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        if closure is None:
            loss = None
        else:
            with torch.enable_grad():
                loss = closure()

        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue

                state = self.state[param]
                if "t" not in state:
                    state["t"] = 0
                    state["m"] = torch.zeros_like(param)
                    state["v"] = torch.zeros_like(param)

                state["t"] = state["t"] + 1
                t = state["t"]

                state["m"] = self.beta1 * state["m"] + (1 - self.beta1) * grad
                state["v"] = self.beta2 * state["v"] + (1 - self.beta2) * grad * grad

                m_hat = state["m"] / (1 - self.beta1**t)
                v_hat = state["v"] / (1 - self.beta2**t)

                update = self.lr * m_hat / (v_hat.sqrt() + self.eps)
                param.sub_(self.lr * self.weight_decay * param)
                param.sub_(update)

        return loss


def parameter_groups(model: nn.Module, weight_decay):
    matrices = []
    vectors = []
    for name, param in model.named_parameters():
        if param.dim() < 2:
            vectors.append(param)
        else:
            matrices.append(param)
    group1 = {"params": matrices, "weight_decay": weight_decay}
    group2 = {"params": vectors, "weight_decay": 0.0}
    return [group1, group2]
