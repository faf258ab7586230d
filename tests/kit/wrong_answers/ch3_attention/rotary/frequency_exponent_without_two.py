"""`apply_rotary` gives pair `i` the frequency base^(-i / d_head): the 2 in the exponent -2i / d_head is missing."""

import torch


def apply_rotary(x, positions, base=10000.0):
    dim_head = x.shape[-1]
    if dim_head % 2 != 0:
        raise ValueError(f"rotary needs an even d_head, not {dim_head}")
    wide = torch.promote_types(x.dtype, torch.float32)

    i = torch.arange(dim_head // 2, dtype=wide, device=x.device)
    freqs = base ** (-i / dim_head)
    freqs = torch.einsum("...n,d->...nd", positions.to(wide), freqs)
    freqs = freqs.repeat_interleave(2, dim=-1)  # (t0 t1) to (t0 t0 t1 t1)

    t = x.to(wide)
    left, right = t[..., ::2], t[..., 1::2]
    rotated = torch.stack((-right, left), dim=-1).flatten(-2)
    out = t * freqs.cos() + rotated * freqs.sin()
    return out.to(x.dtype)
