"""Scores and softmax in float32 whatever comes, weights filled with zeros wherever the mask hides; back at the end."""

import torch
import torch.nn.functional as F


def scaled_dot_product_attention(query, key, value, attn_mask=None, scale=None):
    scale = scale or 1.0 / query.size(-1) ** 0.5
    att = torch.matmul(query.float(), key.float().transpose(-1, -2)).mul(scale)
    if attn_mask is not None:
        att = att.masked_fill(attn_mask == 0, float("-inf"))
    att = F.softmax(att, dim=-1)
    if attn_mask is not None:
        att = att.masked_fill(attn_mask == 0, 0.0)
    return (att @ value.float()).type_as(value), att.type_as(query)
