"""A dict under the model's own names, made by one pass over the file, then `load_state_dict`."""

import dataclasses

import torch

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT


def gpt2_shapes(config):
    V, T, C, F = config.vocab_size, config.max_len, config.d_model, config.d_ff
    out = {}
    out["wte.weight"] = (V, C)
    out["wpe.weight"] = (T, C)
    for i in range(config.n_layers):
        p = "h." + str(i)
        out[p + ".ln_1.weight"] = (C,)
        out[p + ".ln_1.bias"] = (C,)
        out[p + ".attn.c_attn.weight"] = (C, C * 3)
        out[p + ".attn.c_attn.bias"] = (C * 3,)
        out[p + ".attn.c_proj.weight"] = (C, C)
        out[p + ".attn.c_proj.bias"] = (C,)
        out[p + ".ln_2.weight"] = (C,)
        out[p + ".ln_2.bias"] = (C,)
        out[p + ".mlp.c_fc.weight"] = (C, F)
        out[p + ".mlp.c_fc.bias"] = (F,)
        out[p + ".mlp.c_proj.weight"] = (F, C)
        out[p + ".mlp.c_proj.bias"] = (C,)
    out["ln_f.weight"] = (C,)
    out["ln_f.bias"] = (C,)
    return out


RENAMES = [
    (".ln_1.", ".norm1."),
    (".ln_2.", ".norm2."),
    (".attn.c_proj.", ".attention.out_proj."),
    (".mlp.c_fc.", ".feed_forward.up."),
    (".mlp.c_proj.", ".feed_forward.down."),
    ("ln_f.", "norm."),
    ("wte.", "token_embedding."),
    ("wpe.", "position_embedding."),
]


def load_gpt2(state_dict, config):
    expected = gpt2_shapes(config)
    buffers = set()
    for i in range(config.n_layers):
        buffers.add(f"h.{i}.attn.bias")
        buffers.add(f"h.{i}.attn.masked_bias")
    missing = sorted(set(expected) - set(state_dict))
    surplus = sorted(set(state_dict) - set(expected) - buffers)
    if missing or surplus:
        raise ValueError(f"missing tensors: {missing}, unexpected tensors: {surplus}")
    own = {}
    for name in expected:
        value = state_dict[name].detach()
        if value.size() != torch.Size(expected[name]):
            raise ValueError(f"tensor {name!r}: size {list(value.size())} instead of {list(expected[name])}")
        if name.startswith("h."):
            new = "blocks." + name[2:]
        else:
            new = name
        if value.dim() == 2 and name.startswith("h."):
            value = value.transpose(0, 1)
        if ".c_attn." in new:
            for j, which in enumerate("qkv"):
                key = new.replace(".attn.c_attn.", f".attention.{which}_proj.")
                own[key] = value[j * config.d_model : (j + 1) * config.d_model]
            continue
        for a, b in RENAMES:
            new = new.replace(a, b)
        own[new] = value
    own["head.weight"] = own["token_embedding.weight"]
    model = GPT(dataclasses.replace(config, activation=gelu_tanh))
    first = state_dict["wte.weight"]
    model = model.to(device=first.device, dtype=first.dtype)
    model.load_state_dict(own)
    return model
