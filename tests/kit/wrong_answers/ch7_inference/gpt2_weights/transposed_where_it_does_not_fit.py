"""A matrix is transposed where its shape does not fit, so that the square ones of the attention are not."""

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


def load_gpt2(state_dict, config):
    state = check(state_dict, config)
    model = GPT(replace(config, activation=gelu_tanh)).to(state["wte.weight"])

    def put(layer, name, part=slice(None)):
        for kind in ("weight", "bias"):
            target, value = getattr(layer, kind), state[f"{name}.{kind}"][..., part]
            if target.shape != value.shape:
                value = value.T
            target.data.copy_(value)

    model.token_embedding.weight.data.copy_(state["wte.weight"])
    model.position_embedding.weight.data.copy_(state["wpe.weight"])
    for i, block in enumerate(model.blocks):
        put(block.norm1, f"h.{i}.ln_1")
        put(block.norm2, f"h.{i}.ln_2")
        for number, layer in enumerate((block.attention.q_proj, block.attention.k_proj, block.attention.v_proj)):
            put(layer, f"h.{i}.attn.c_attn", slice(number * config.d_model, (number + 1) * config.d_model))
        put(block.attention.out_proj, f"h.{i}.attn.c_proj")
        put(block.feed_forward.up, f"h.{i}.mlp.c_fc")
        put(block.feed_forward.down, f"h.{i}.mlp.c_proj")
    put(model.norm, "ln_f")
    return model
