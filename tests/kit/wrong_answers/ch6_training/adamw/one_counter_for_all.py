"""`AdamW` counts t in one attribute of the optimizer, so it is not in `state_dict` and advances for parameters without
a gradient as well."""

import torch


class AdamW(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        if lr < 0:
            raise ValueError(f"lr is negative: {lr}")
        if eps < 0:
            raise ValueError(f"eps is negative: {eps}")
        if weight_decay < 0:
            raise ValueError(f"weight_decay is negative: {weight_decay}")
        beta1, beta2 = betas
        if not (0 <= beta1 < 1):
            raise ValueError(f"beta1 is out of range: {beta1}")
        if not (0 <= beta2 < 1):
            raise ValueError(f"beta2 is out of range: {beta2}")
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))
        self.t = 0

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()

        self.t += 1
        for group in self.param_groups:
            lr = group["lr"]
            beta1, beta2 = group["betas"]
            eps = group["eps"]
            weight_decay = group["weight_decay"]
            for theta in group["params"]:
                if theta.grad is None:
                    continue
                g = theta.grad
                if theta not in self.state:
                    self.state[theta]["m"] = torch.zeros_like(theta)
                    self.state[theta]["v"] = torch.zeros_like(theta)
                m = self.state[theta]["m"]
                v = self.state[theta]["v"]
                m.copy_(beta1 * m + (1 - beta1) * g)
                v.copy_(beta2 * v + (1 - beta2) * g**2)
                m_hat = m / (1 - beta1**self.t)
                v_hat = v / (1 - beta2**self.t)
                theta.copy_(theta - lr * weight_decay * theta - lr * m_hat / (torch.sqrt(v_hat) + eps))
        return loss


def parameter_groups(model, weight_decay):
    with_decay = []
    without_decay = []
    for parameter in model.parameters():
        if len(parameter.shape) >= 2:
            with_decay.append(parameter)
        else:
            without_decay.append(parameter)
    return [
        {"params": with_decay, "weight_decay": weight_decay},
        {"params": without_decay, "weight_decay": 0.0},
    ]
