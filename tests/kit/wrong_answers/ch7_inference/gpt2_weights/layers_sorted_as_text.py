"""The numbers of the layers are sorted as text, so that layer 10 lands in block 2."""

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
    flat = {}
    for name in sorted(state):
        value = state[name]
        if "c_attn.weight" in name:
            flat[name] = list(value.t().chunk(3))
        elif "c_attn.bias" in name:
            flat[name] = list(value.chunk(3))
        else:
            flat[name] = value.t() if name.startswith("h.") else value
    layers = sorted({name.split(".")[1] for name in state if name.startswith("h.")})
    with torch.no_grad():
        model.token_embedding.weight.copy_(flat["wte.weight"])
        model.position_embedding.weight.copy_(flat["wpe.weight"])
        for block, i in zip(model.blocks, layers):
            a, f = block.attention, block.feed_forward
            for kind in ("weight", "bias"):
                for layer, part in zip((a.q_proj, a.k_proj, a.v_proj), flat[f"h.{i}.attn.c_attn.{kind}"]):
                    getattr(layer, kind).copy_(part)
                getattr(a.out_proj, kind).copy_(flat[f"h.{i}.attn.c_proj.{kind}"])
                getattr(f.up, kind).copy_(flat[f"h.{i}.mlp.c_fc.{kind}"])
                getattr(f.down, kind).copy_(flat[f"h.{i}.mlp.c_proj.{kind}"])
                getattr(block.norm1, kind).copy_(flat[f"h.{i}.ln_1.{kind}"])
                getattr(block.norm2, kind).copy_(flat[f"h.{i}.ln_2.{kind}"])
                getattr(model.norm, kind).copy_(flat[f"ln_f.{kind}"])
    return model
