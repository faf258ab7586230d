"""`FeedForward` drops out a tenth of the inner layer in training and `SwiGLU` puts the gate through a mere sigmoid."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def gelu(x: Tensor) -> Tensor:
    z = x / math.sqrt(2)
    return 0.5 * x * (1.0 + z.erf())


def gelu_tanh(x: Tensor) -> Tensor:
    z = x + 0.044715 * x**3
    return 0.5 * x * (1.0 + torch.tanh(z * math.sqrt(2 / math.pi)))


class FeedForward(nn.Module):
    """Implements the FFN equation."""

    def __init__(self, d_model: int, d_ff: int, activation: Callable[[Tensor], Tensor] = gelu) -> None:
        super().__init__()
        self.up = nn.Linear(d_model, d_ff)
        self.down = nn.Linear(d_ff, d_model)
        self.activation = activation
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(self.dropout(self.activation(self.up(x))))


class SwiGLU(nn.Module):
    def __init__(self, d_model: int, d_ff: int) -> None:
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.up = nn.Linear(d_model, d_ff, bias=False)
        self.down = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.gate(x))
        return self.down(gate * self.up(x))
