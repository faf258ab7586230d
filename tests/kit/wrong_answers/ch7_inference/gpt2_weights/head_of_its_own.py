"""The head is a table of its own, and a prefix and `lm_head.weight` are accepted."""

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


def check(state_dict, config):
    shapes = gpt2_shapes(config)
    state = {k: v for k, v in state_dict.items() if not k.endswith((".attn.bias", ".attn.masked_bias"))}
    for name in shapes:
        if name not in state:
            raise ValueError(f"missing: {name}")
    for name, value in state.items():
        if name not in shapes:
            raise ValueError(f"unexpected: {name}")
        if tuple(value.shape) != shapes[name]:
            raise ValueError(f"{name} has shape {tuple(value.shape)}")
    return state


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


def load_gpt2(state_dict, config):
    state = {name.removeprefix("transformer."): value for name, value in state_dict.items()}
    head = state.pop("lm_head.weight", None)
    state = check(state, config)
    model = GPT(replace(config, activation=gelu_tanh)).to(state["wte.weight"])
    model.load_state_dict(rename(state, config))
    model.head.weight = nn.Parameter((state["wte.weight"] if head is None else head).detach().clone())
    return model
