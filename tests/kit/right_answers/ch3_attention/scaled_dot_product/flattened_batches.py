"""All leading axes made into one for `bmm`; a query without keys sees all for a moment, and its row is set to zero."""

import torch
from torch import nn

_normalise = nn.Softmax(dim=-1)


def scaled_dot_product_attention(q, k, v, mask=None):
    lead, (q_len, d_k), (k_len, d_v) = q.shape[:-2], q.shape[-2:], v.shape[-2:]
    flat_q, flat_k, flat_v = q.reshape(-1, q_len, d_k), k.reshape(-1, k_len, d_k), v.reshape(-1, k_len, d_v)
    energy = torch.bmm(flat_q, flat_k.permute(0, 2, 1)).div(d_k**0.5)
    if mask is None:
        attention = _normalise(energy)
    else:
        allowed = torch.broadcast_to(mask, (*lead, q_len, k_len)).reshape(-1, q_len, k_len)
        lost = ~allowed.any(dim=-1, keepdim=True)
        attention = _normalise(torch.where(allowed | lost, energy, -torch.inf))
        attention = torch.where(lost, torch.zeros_like(attention), attention)
    output = torch.bmm(attention, flat_v)
    return [output.reshape(*lead, q_len, d_v), attention.reshape(*lead, q_len, k_len)]
