"""The model walks over its own parameters and asks for each which tensor of the file it is made of."""

from dataclasses import replace

import torch

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT

LETTERS = {"q_proj": 0, "k_proj": 1, "v_proj": 2}
THEIRS = {
    "norm1": "ln_1",
    "norm2": "ln_2",
    "out_proj": "attn.c_proj",
    "up": "mlp.c_fc",
    "down": "mlp.c_proj",
    **{name: "attn.c_attn" for name in LETTERS},
}
TOPS = {"token_embedding": "wte", "position_embedding": "wpe", "norm": "ln_f", "head": "wte"}


def theirs(name):
    """The published name of a parameter of ours."""
    first, *middle, kind = name.split(".")
    if first == "blocks":
        return f"h.{middle[0]}.{THEIRS[middle[-1]]}.{kind}"
    return f"{TOPS[first]}.{kind}"


def meta_model(config):
    with torch.device("meta"):
        return GPT(replace(config, activation=gelu_tanh))


def gpt2_shapes(config):
    shapes = {}
    for name, parameter in meta_model(config).named_parameters():
        shape = tuple(parameter.shape)
        if name.startswith("blocks."):
            shape = shape[::-1]
        if name.split(".")[-2] in LETTERS:
            shape = (*shape[:-1], 3 * shape[-1])
        shapes[theirs(name)] = shape
    return shapes


def load_gpt2(state_dict, config):
    shapes = gpt2_shapes(config)
    weights = {}
    for name, tensor in dict(state_dict).items():
        last = name.split(".")[2:]
        if last == ["attn", "bias"] or last == ["attn", "masked_bias"]:
            continue
        if name not in shapes:
            raise ValueError("surplus tensor: " + name)
        if tensor.dim() != len(shapes[name]) or any(a != b for a, b in zip(tensor.shape, shapes[name])):
            raise ValueError("misshapen tensor: " + name + " " + str(tensor.shape))
        weights[name] = tensor.detach()
    if len(weights) < len(shapes):
        raise ValueError("missing tensors: " + " ".join(n for n in shapes if n not in weights))
    table = weights["wte.weight"]
    model = meta_model(config).to(table.dtype).to_empty(device=table.device)
    model.head.weight = model.token_embedding.weight
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            value = weights[theirs(name)]
            part = name.split(".")[-2]
            if part in LETTERS:
                value = torch.split(value, config.d_model, dim=value.dim() - 1)[LETTERS[part]]
            if name.startswith("blocks.") and value.dim() == 2:
                value = value.permute(1, 0)
            parameter.copy_(value)
    return model
