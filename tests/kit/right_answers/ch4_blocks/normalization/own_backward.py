"""Forward and backward written out, as in teaching code in C; the gradients by formula."""

import torch
from torch import nn


def _sums_in(x):
    return x.dtype if x.dtype in (torch.float32, torch.float64) else torch.float32


class _LayerNormFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, eps):
        wide = x.to(_sums_in(x))
        xshift = wide - wide.mean(-1, keepdim=True)
        rstd = ((xshift * xshift).mean(-1, keepdim=True) + eps) ** -0.5
        norm = xshift * rstd
        ctx.save_for_backward(norm, rstd, w)
        return (norm * w + b).to(x.dtype)

    @staticmethod
    def backward(ctx, dout):
        norm, rstd, w = ctx.saved_tensors
        dout = dout.to(norm.dtype)
        axes = list(range(dout.dim() - 1))
        dnorm = dout * w
        dx = dnorm - dnorm.mean(-1, keepdim=True) - norm * (dnorm * norm).mean(-1, keepdim=True)
        db, dw = (dout.sum(axes), (dout * norm).sum(axes)) if axes else (dout, dout * norm)
        return (dx * rstd).to(w.dtype), dw.to(w.dtype), db.to(w.dtype), None


class _RMSNormFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, eps):
        wide = x.to(_sums_in(x))
        rrms = torch.rsqrt((wide * wide).mean(-1, keepdim=True) + eps)
        norm = wide * rrms
        ctx.save_for_backward(norm, rrms, w)
        return (norm * w).to(x.dtype)

    @staticmethod
    def backward(ctx, dout):
        norm, rrms, w = ctx.saved_tensors
        dout = dout.to(norm.dtype)
        axes = list(range(dout.dim() - 1))
        dnorm = dout * w
        dx = dnorm - norm * (dnorm * norm).mean(-1, keepdim=True)
        dw = (dout * norm).sum(axes) if axes else dout * norm
        return (dx * rrms).to(w.dtype), dw.to(w.dtype), None


class LayerNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.epsilon = eps
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model))

    def forward(self, x):
        return _LayerNormFunction.apply(x, self.weight, self.bias, self.epsilon)


class RMSNorm(nn.Module):
    def __init__(self, d_model, eps=1e-5):
        super().__init__()
        self.epsilon = eps
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x):
        return _RMSNormFunction.apply(x, self.weight, self.epsilon)
