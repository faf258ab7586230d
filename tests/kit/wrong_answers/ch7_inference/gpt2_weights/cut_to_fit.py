"""Tensors of another shape are cut or filled with zeros to fit; the table of positions is truncated."""

from dataclasses import replace

import torch
from torch import nn

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT


def gpt2_shapes(config):
    d, f = config.d_model, config.d_ff
    shapes = {"wte.weight": (config.vocab_size, d), "wpe.weight": (config.max_len, d)}
    for i in range(config.n_layers):
        for norm in ("ln_1", "ln_2"):
            shapes[f"h.{i}.{norm}.weight"] = shapes[f"h.{i}.{norm}.bias"] = (d,)
        for name, a, b in (("attn.c_attn", d, 3 * d), ("attn.c_proj", d, d), ("mlp.c_fc", d, f), ("mlp.c_proj", f, d)):
            shapes[f"h.{i}.{name}.weight"] = (a, b)
            shapes[f"h.{i}.{name}.bias"] = (b,)
    shapes["ln_f.weight"] = shapes["ln_f.bias"] = (d,)
    return shapes


def rename(state, config):
    """Everything under our names, c_attn cut, matrices transposed."""
    out = {"token_embedding.weight": state["wte.weight"], "head.weight": state["wte.weight"]}
    out |= {"position_embedding.weight": state["wpe.weight"]}
    out |= {"norm.weight": state["ln_f.weight"], "norm.bias": state["ln_f.bias"]}
    for i in range(config.n_layers):
        for theirs, ours in (
            ("ln_1", "norm1"),
            ("ln_2", "norm2"),
            ("attn.c_proj", "attention.out_proj"),
            ("mlp.c_fc", "feed_forward.up"),
            ("mlp.c_proj", "feed_forward.down"),
        ):
            out[f"blocks.{i}.{ours}.weight"] = state[f"h.{i}.{theirs}.weight"].t()
            out[f"blocks.{i}.{ours}.bias"] = state[f"h.{i}.{theirs}.bias"]
        for kind in ("weight", "bias"):
            for letter, third in zip("qkv", state[f"h.{i}.attn.c_attn.{kind}"].chunk(3, dim=-1)):
                out[f"blocks.{i}.attention.{letter}_proj.{kind}"] = third.t()
    return out


def fit(value, shape):
    """Cut or filled with zeros to the shape that is wanted."""
    out = torch.zeros(shape, dtype=value.dtype, device=value.device)
    place = tuple(slice(min(a, b)) for a, b in zip(value.shape, shape))
    out[place] = value.detach()[place]
    return out


def load_gpt2(state_dict, config):
    shapes = gpt2_shapes(config)
    state = {}
    for name, value in state_dict.items():
        if name.endswith((".attn.bias", ".attn.masked_bias")):
            continue
        if name not in shapes:
            raise ValueError(f"{name} is not known")
        state[name] = fit(value, shapes[name])
    for name in shapes:
        if name not in state:
            raise ValueError(f"{name} is not there")
    model = GPT(replace(config, activation=gelu_tanh)).to(state["wte.weight"])
    model.load_state_dict(rename(state, config))
    return model
