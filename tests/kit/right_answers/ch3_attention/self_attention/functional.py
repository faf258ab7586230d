"""F.linear with weights held by modules of its own, softmax in float32, and Xavier by way of .data."""

import torch
import torch.nn.functional as F


class Projection(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.empty(n_out, n_in))
        torch.nn.init.uniform_(self.weight, -(n_in**-0.5), n_in**-0.5)


def xavier_uniform_(tensor, generator=None):
    n_out, n_in = tensor.size()
    a = (3.0 * 2.0 / (n_in + n_out)) ** 0.5
    tensor.data.uniform_(-a, a, generator=generator)
    return tensor


class SelfAttention(torch.nn.Module):
    def __init__(self, d_model, d_head):
        super().__init__()
        self.q_proj = Projection(d_model, d_head)
        self.k_proj = Projection(d_model, d_head)
        self.v_proj = Projection(d_model, d_head)

    def forward(self, hidden, attention_mask=None):
        query = F.linear(hidden, self.q_proj.weight)
        key = F.linear(hidden, self.k_proj.weight)
        value = F.linear(hidden, self.v_proj.weight)
        att = query @ key.transpose(1, 2) / key.shape[2] ** 0.5
        if attention_mask is not None:
            att = att.masked_fill(attention_mask.logical_not(), float("-inf"))
        probs = F.softmax(att, dim=-1, dtype=torch.float32).to(att.dtype)
        if attention_mask is not None:
            nobody = attention_mask.any(dim=-1, keepdim=True).logical_not()
            probs = probs.masked_fill(nobody, 0.0)
        return probs @ value, probs
