"""`scaled_dot_product_attention` scales by the square root of the width of the values, not of the queries, and fills
`-inf` where the mask is True."""

import math

from ch3_attention.softmax import softmax


def scaled_dot_product_attention(q, k, v, mask=None):
    d = v.shape[-1]
    att = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(d))
    if mask is not None:
        att = att.masked_fill(mask, float("-inf"))
    att = softmax(att, dim=-1)
    y = att @ v
    return y, att
