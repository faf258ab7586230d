"""Every parameter of the model is replaced by a new one, and the head is tied again by hand."""

from dataclasses import replace

from torch import nn

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT

KINDS = ("weight", "bias")


def gpt2_shapes(config):
    d = config.d_model
    matrices = {"attn.c_attn": (d, d + d + d), "attn.c_proj": (d, d), "mlp.c_fc": (d, config.d_ff)}
    matrices["mlp.c_proj"] = (config.d_ff, d)

    def norm(name):
        return [(f"{name}.{kind}", (d,)) for kind in KINDS]

    def conv(name, shape):
        return [(f"{name}.weight", shape), (f"{name}.bias", (shape[1],))]

    pairs = [("wte.weight", (config.vocab_size, d)), ("wpe.weight", (config.max_len, d)), *norm("ln_f")]
    for i in range(config.n_layers):
        pairs += norm(f"h.{i}.ln_1") + norm(f"h.{i}.ln_2")
        for name, shape in matrices.items():
            pairs += conv(f"h.{i}.{name}", shape)
    return dict(pairs)


class Source:
    """Hands out the tensors of the file, each once, as new parameters."""

    def __init__(self, tensors, shapes):
        self.tensors = {k: v for k, v in tensors.items() if not k.endswith((".attn.bias", ".attn.masked_bias"))}
        self.shapes = shapes

    def take(self, name):
        if name not in self.tensors:
            raise ValueError(f"the file has no tensor {name}")
        value = self.tensors.pop(name)
        if tuple(value.shape) != self.shapes[name]:
            raise ValueError(f"{name}: wrong shape {tuple(value.shape)}")
        return value.detach().clone()

    def fill(self, module, name):
        weight, bias = (self.take(f"{name}.{kind}") for kind in KINDS)
        module.weight = nn.Parameter(weight.mT.contiguous() if weight.ndim == 2 else weight)
        module.bias = nn.Parameter(bias)


def load_gpt2(state_dict, config):
    config = replace(config, activation=gelu_tanh)
    model = GPT(config)
    source = Source(state_dict, gpt2_shapes(config))
    model.token_embedding.weight = nn.Parameter(source.take("wte.weight"))
    model.head.weight = model.token_embedding.weight
    model.position_embedding.weight = nn.Parameter(source.take("wpe.weight"))
    for i, block in enumerate(model.blocks):
        source.fill(block.norm1, f"h.{i}.ln_1")
        weight, bias = (source.take(f"h.{i}.attn.c_attn.{kind}") for kind in KINDS)
        a, d = block.attention, config.d_model
        for projection, start in ((a.q_proj, 0), (a.k_proj, d), (a.v_proj, 2 * d)):
            projection.weight = nn.Parameter(weight[:, start : start + d].t().clone())
            projection.bias = nn.Parameter(bias[start : start + d].clone())
        source.fill(a.out_proj, f"h.{i}.attn.c_proj")
        source.fill(block.norm2, f"h.{i}.ln_2")
        source.fill(block.feed_forward.up, f"h.{i}.mlp.c_fc")
        source.fill(block.feed_forward.down, f"h.{i}.mlp.c_proj")
    source.fill(model.norm, "ln_f")
    if source.tensors:
        raise ValueError("the file holds tensors that are not GPT-2's: " + ", ".join(source.tensors))
    return model
