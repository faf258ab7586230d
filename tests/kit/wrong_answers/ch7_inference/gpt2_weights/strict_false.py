"""What is missing stays random and what is too much is ignored: `load_state_dict(strict=False)`."""

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


def load_gpt2(state_dict, config):
    model = GPT(replace(config, activation=gelu_tanh)).to(state_dict["wte.weight"])
    out = {}
    for name, value in state_dict.items():
        name = name.replace("wte.", "token_embedding.").replace("wpe.", "position_embedding.").replace("ln_f.", "norm.")
        name = name.replace("ln_1", "norm1").replace("ln_2", "norm2").replace("attn.c_proj", "attention.out_proj")
        name = name.replace("mlp.c_fc", "feed_forward.up").replace("mlp.c_proj", "feed_forward.down")
        if name.startswith("h."):
            name = "blocks." + name[2:]
            value = value.t() if value.dim() == 2 else value
        if "c_attn" in name:
            for letter, third in zip("qkv", value.chunk(3)):
                out[name.replace("attn.c_attn", f"attention.{letter}_proj")] = third
        else:
            out[name] = value
    model.load_state_dict(out, strict=False)
    return model
