"""`retain_grad` on every input and one `backward`, a table of functions for the kinds, start values in one flat draw."""

import torch
from torch import nn

from ch3_attention.multi_head import MultiHeadAttention
from ch4_blocks.blocks import PostNormBlock, PreNormBlock
from ch4_blocks.feed_forward import FeedForward

KINDS = ["plain", "residual", "post_norm", "pre_norm"]


class Wired(nn.Module):
    def __init__(self, wiring, d_model, n_heads, d_ff):
        super().__init__()
        self.wiring = wiring
        self.feed_forward = FeedForward(d_model, d_ff)
        self.attention = MultiHeadAttention(d_model, n_heads, bias=True)

    def forward(self, x):
        return self.wiring(self.wiring(x, self.attention), self.feed_forward)


def gradient_norms(layers, x, probe):
    layers = list(layers)
    frozen = [(p, p.requires_grad) for layer in layers for p in layer.parameters()]
    for p, _ in frozen:
        p.requires_grad_(False)
    chain = [x.detach().clone().requires_grad_()]
    for layer in layers:
        chain.append(layer(chain[-1]))
        chain[-1].retain_grad()
    chain[-1].mul(probe).sum().backward()
    for p, asked in frozen:
        p.requires_grad_(asked)
    return [torch.linalg.norm(item.grad.reshape(-1)).tolist() for item in chain[:-1]]


def make_stack(kind, depth, d_model, n_heads, d_ff, generator):
    makers = {
        "plain": lambda: Wired(lambda x, f: f(x), d_model, n_heads, d_ff),
        "residual": lambda: Wired(lambda x, f: x + f(x), d_model, n_heads, d_ff),
        "post_norm": lambda: PostNormBlock(d_model, n_heads, d_ff),
        "pre_norm": lambda: PreNormBlock(d_model, n_heads, d_ff, dropout=0.0),
    }
    if kind not in makers:
        raise ValueError(f"{kind!r} is none of {KINDS}")
    stack = nn.ModuleList([makers[kind]() for _ in range(depth)])
    matrices = [p for p in stack.parameters() if p.dim() > 1]
    numbers = torch.rand(sum(p.numel() for p in matrices), generator=generator) * 2 - 1
    with torch.no_grad():
        for name, p in stack.named_parameters():
            if name.endswith("bias"):
                p.fill_(0.0)
        for p, part in zip(matrices, numbers.split([p.numel() for p in matrices]), strict=True):
            p.copy_(part.view_as(p) * (6 / sum(p.shape)) ** 0.5)
    return stack


def gradient_flow_experiment(depth, d_model, n_heads, d_ff, generator):
    stacks = {kind: make_stack(kind, depth, d_model, n_heads, d_ff, generator) for kind in KINDS}
    x, probe = (torch.randn(2, 16, d_model, generator=generator) for _ in range(2))
    return {kind: gradient_norms(stack, x, probe) for kind, stack in stacks.items()}
