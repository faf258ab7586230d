"""`gelu_tanh` multiplies only `x` by √(2/π): the term 0.044715 · x³ stands outside the bracket."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

SQRT_2_OVER_PI = math.sqrt(2 / math.pi)


def gelu(x: Tensor) -> Tensor:
    phi = (1 + torch.erf(x * math.sqrt(0.5))) / 2
    return phi * x


def gelu_tanh(x: Tensor) -> Tensor:
    t = torch.tanh(SQRT_2_OVER_PI * x + 0.044715 * x * x * x)
    return (1 + t) / 2 * x


def silu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(x)


class FeedForward(nn.Module):
    def __init__(self, d_model: int, d_ff: int, activation: Callable[[Tensor], Tensor] = gelu) -> None:
        super().__init__()
        self.activation = activation
        self.up = nn.Linear(d_model, d_ff, bias=True)
        self.down = nn.Linear(d_ff, d_model, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.activation(self.up(x)))


class SwiGLU(nn.Module):
    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(silu(self.gate(x)) * self.up(x))
