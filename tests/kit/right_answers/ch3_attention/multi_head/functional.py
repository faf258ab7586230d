"""One function does the work for both methods; the heads join the batch, as in code that uses bmm."""

import torch
import torch.nn.functional as F


def _check(width, heads):
    if heads < 1 or width % heads != 0:
        raise ValueError(str(heads) + " heads cannot share " + str(width) + " columns")


def split_heads(x, n_heads):
    _check(x.shape[-1], n_heads)
    return torch.stack(torch.tensor_split(x, n_heads, dim=-1)).transpose(0, 1)


def merge_heads(x):
    return torch.movedim(x, 1, 2).flatten(start_dim=2)


def attention(x, source, mask, heads, wq, wk, wv, bq, bk, bv):
    batch, q_len, width = x.shape
    k_len = source.shape[1]
    q = split_heads(F.linear(x, wq, bq), heads).reshape(batch * heads, q_len, -1)
    k = split_heads(F.linear(source, wk, bk), heads).reshape(batch * heads, k_len, -1)
    v = split_heads(F.linear(source, wv, bv), heads).reshape(batch * heads, k_len, -1)
    scores = torch.baddbmm(q.new_zeros(1, 1, 1), q, k.mT, beta=0, alpha=(width // heads) ** -0.5)
    scores = scores.view(batch, heads, q_len, k_len)
    if mask is not None:
        if mask.dim() == 2:
            mask = mask[None, None]
        elif mask.dim() == 3:
            mask = mask[:, None, :, :]
        scores = torch.where(mask, scores, float("-inf"))
        blind = ~mask.any(-1, keepdim=True)
        weights = torch.where(blind, 0.0, torch.softmax(torch.where(blind, 0.0, scores), -1))
    else:
        weights = torch.softmax(scores, -1)
    return torch.bmm(weights.reshape(batch * heads, q_len, k_len), v).view(batch, heads, q_len, -1), weights


class MultiHeadAttention(torch.nn.Module):
    def __init__(self, d_model, n_heads, bias=False):
        super().__init__()
        _check(d_model, n_heads)
        self.n_heads = n_heads
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            setattr(self, name, torch.nn.Linear(d_model, d_model, bias=bias))

    def run(self, x, context, mask):
        layers = (self.q_proj, self.k_proj, self.v_proj)
        source = context if context is not None else x
        return attention(
            x, source, mask, self.n_heads, *(layer.weight for layer in layers), *(layer.bias for layer in layers)
        )

    def forward(self, x, context=None, mask=None):
        return self.out_proj(merge_heads(self.run(x, context, mask)[0]))

    def attention_weights(self, x, context=None, mask=None):
        return self.run(x, context, mask)[1]
