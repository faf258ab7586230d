"""A table of patterns says where a published name goes; parameters are written through `.data`."""

import re
from dataclasses import asdict, fields

import torch

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT, GPTConfig

LAYER = re.compile(r"h\.(\d+)\.(ln_1|ln_2|attn\.c_attn|attn\.c_proj|mlp\.c_fc|mlp\.c_proj)\.(weight|bias)")
IGNORED = re.compile(r"h\.\d+\.attn\.(bias|masked_bias)")
MODULES = {
    "ln_1": "norm1",
    "ln_2": "norm2",
    "attn.c_proj": "attention.out_proj",
    "mlp.c_fc": "feed_forward.up",
    "mlp.c_proj": "feed_forward.down",
}


def shape_of(name, c):
    """The published shape, or None for a name that is not one."""
    top = {
        "wte.weight": (c.vocab_size, c.d_model),
        "wpe.weight": (c.max_len, c.d_model),
        "ln_f.weight": (c.d_model,),
        "ln_f.bias": (c.d_model,),
    }
    if name in top:
        return top[name]
    match = LAYER.fullmatch(name)
    if match is None or str(int(match[1])) != match[1] or int(match[1]) >= c.n_layers:
        return None
    rows, cols = {
        "attn.c_attn": (c.d_model, 3 * c.d_model),
        "attn.c_proj": (c.d_model, c.d_model),
        "mlp.c_fc": (c.d_model, c.d_ff),
        "mlp.c_proj": (c.d_ff, c.d_model),
    }.get(match[2], (None, c.d_model))
    return (cols,) if match[3] == "bias" or rows is None else (rows, cols)


def gpt2_shapes(config):
    candidates = ["ln_f.bias", "ln_f.weight", "wpe.weight", "wte.weight"]
    for i in reversed(range(config.n_layers)):
        for part in ("ln_1", "ln_2", "attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"):
            candidates += [f"h.{i}.{part}.{kind}" for kind in ("bias", "weight")]
    return {name: shape_of(name, config) for name in candidates}


def load_gpt2(state_dict, config):
    values = {field.name: getattr(config, field.name) for field in fields(config)}
    values["activation"] = gelu_tanh
    model = GPT(GPTConfig(**values))
    todo = gpt2_shapes(config)
    for name in state_dict:
        if IGNORED.fullmatch(name):
            continue
        wanted = todo.pop(name, None)
        if wanted is None:
            raise ValueError(f"unexpected tensor {name}")
        if list(state_dict[name].shape) != list(wanted):
            raise ValueError(f"{name}: {list(state_dict[name].shape)} but {list(wanted)} is needed")
    for name in todo:
        raise ValueError(f"no tensor {name} in the state dict")
    reference = state_dict["wte.weight"]
    model.to(reference.device, reference.dtype)
    with torch.no_grad():
        for name, value in state_dict.items():
            if not IGNORED.fullmatch(name):
                put(model, name, value)
    return model


def put(model, name, value):
    top = {
        "wte.weight": "token_embedding.weight",
        "wpe.weight": "position_embedding.weight",
        "ln_f.weight": "norm.weight",
        "ln_f.bias": "norm.bias",
    }
    if name in top:
        model.get_parameter(top[name])[...] = value
        return
    number, part, kind = LAYER.fullmatch(name).groups()
    turned = torch.einsum("io->oi", value) if value.ndim == 2 else value
    if part == "attn.c_attn":
        for letter, third in zip("qkv", turned.tensor_split(3)):
            model.get_parameter(f"blocks.{number}.attention.{letter}_proj.{kind}").data.copy_(third)
    else:
        model.get_parameter(f"blocks.{number}.{MODULES[part]}.{kind}").data.copy_(turned)
