"""# GPT-2's weights in your own model

**Is what you have built really GPT?** A careless loader raises no error and proves nothing: a matrix of `d_model` by
`d_model` fits into its place transposed, queries fit where keys belong, and the model writes nonsense.

So give your model the weights that OpenAI published in 2019, and see whether it gives GPT-2's logits. Your blocks
compute what GPT-2's do. Only the names and the storage differ.

The published file maps these names to tensors. `N` is the number of a layer, from 0; all but the tables come as a
`weight` and a `bias`:

| published name | shape of its weight | your part |
|---|---|---|
| `wte.weight` | `(vocab_size, d_model)` | `token_embedding`, and the head that is tied to it |
| `wpe.weight` | `(max_len, d_model)` | `position_embedding` |
| `h.N.ln_1` | `(d_model,)` | `blocks[N].norm1` |
| `h.N.attn.c_attn` | `(d_model, 3 * d_model)` | `blocks[N].attention`: `q_proj`, `k_proj` and `v_proj` in one |
| `h.N.attn.c_proj` | `(d_model, d_model)` | `blocks[N].attention.out_proj` |
| `h.N.ln_2` | `(d_model,)` | `blocks[N].norm2` |
| `h.N.mlp.c_fc` | `(d_model, d_ff)` | `blocks[N].feed_forward.up` |
| `h.N.mlp.c_proj` | `(d_ff, d_model)` | `blocks[N].feed_forward.down` |
| `ln_f` | `(d_model,)` | `norm` |

A bias is as long as the last axis of its weight. So the complete names of the first norm are `h.0.ln_1.weight` and
`h.0.ln_1.bias`.

*Matrices are stored transposed.* GPT-2 computes `x @ weight + bias`, and `nn.Linear` computes `x @ weight.T + bias`.
So the four matrices of a layer are to be transposed, and the two tables are not.

*Queries, keys and values are fused*: one product makes all three. Of the `3 * d_model` columns the first `d_model`
make the queries, the next the keys, the last the values. Inside each third the heads stand in their order, as yours do.

*The activation* is `gelu_tanh`. With the exact `gelu`, which is the default of your `GPTConfig`, the logits come out
nearly right, and nearly right is hard to find.

By hand, with `d_model = 2`:

    h.0.attn.c_attn.weight = [[1, 2, 3,  4,  5,  6],
                              [7, 8, 9, 10, 11, 12]]
    h.0.attn.c_attn.bias   = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]

    q_proj.weight = [[1, 7], [2, 8]]      q_proj.bias = [0.1, 0.2]
    k_proj.weight = [[3, 9], [4, 10]]     k_proj.bias = [0.3, 0.4]
    v_proj.weight = [[5, 11], [6, 12]]    v_proj.bias = [0.5, 0.6]

The smallest published GPT-2 has `vocab_size=50257, max_len=1024, d_model=768, n_layers=12, n_heads=12, d_ff=3072`.

Sources: Radford et al., *Language Models are Unsupervised Multitask Learners* (2019), section 2.3, and the code that
was published with it, `src/model.py` (`conv1d`, `attn`, `mlp`, `gelu`). The names are those of the published file
`model.safetensors`, which the class `GPT2Model` of the `transformers` package reads.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor, nn

from ch4_blocks.feed_forward import gelu_tanh
from ch5_models.gpt import GPT, GPTConfig


def gpt2_shapes(config: GPTConfig) -> dict[str, tuple[int, ...]]:
    """The published name and the shape of every tensor that a GPT-2 of this configuration has, in any order.

    They are those of the table in the brief, for layers 0 to `n_layers - 1`, and no others.

    >>> shapes = gpt2_shapes(GPTConfig(vocab_size=10, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=7))
    >>> shapes["h.0.mlp.c_fc.weight"], shapes["h.0.mlp.c_fc.bias"], len(shapes)
    ((4, 7), (7,), 16)
    """
    # TODO: the two tables.
    # TODO: the weight of every part of every layer, and of `ln_f`, by the names in the brief's table.
    # TODO: beside each of these weights a bias, as long as the weight's last axis.
    raise NotImplementedError


def load_gpt2(state_dict: Mapping[str, Tensor], config: GPTConfig) -> GPT:
    """Your own GPT with GPT-2's published tensors: it gives GPT-2's logits.

    `state_dict` maps the published names to tensors, in any order. Every tensor goes where the brief's table says,
    matrices transposed, `c_attn` cut into queries, keys and values. The head is tied to the token table.

    The model has the activation `gelu_tanh`, whatever `config.activation` says, for GPT-2 was trained with it.
    `model.config` says so, and is otherwise `config`.

    The model's parameters have the dtype and the device of `wte.weight`, and can be trained. They are copies: a later
    change of the model does not reach the caller's tensors. These may be views of other tensors, or parameters.

    Published files also hold the causal mask of each layer, `h.N.attn.bias`, and some of them `h.N.attn.masked_bias`.
    Both are no weights: skip them, whatever their shape.

    A tensor that is missing, one of any other name, and one whose shape is not that of `gpt2_shapes` raise a
    ValueError that gives its name. So nothing is cut, stretched or reshaped to fit, more layers than `n_layers` are
    refused, and so is a second table for the head, `lm_head.weight`.

    >>> config = GPTConfig(vocab_size=10, max_len=6, d_model=4, n_layers=1, n_heads=2, d_ff=7)
    >>> model = load_gpt2({name: torch.ones(shape) for name, shape in gpt2_shapes(config).items()}, config)
    >>> model(torch.tensor([[3, 1, 4]])).shape
    torch.Size([1, 3, 10])
    >>> load_gpt2({"wte.weight": torch.ones(10, 4)}, config)
    Traceback (most recent call last):
        ...
    ValueError: wpe.weight is missing
    """
    # TODO: compare names and shapes with `gpt2_shapes(config)`, but skip the two that are no weights. Refuse what
    #       is missing, what is too much, and what has another shape.
    # TODO: make a GPT with gelu_tanh (`dataclasses.replace` gives a changed copy of a configuration), in the dtype and
    #       on the device of `wte.weight`.
    # TODO: without gradients, copy the tables, then each layer's parts, then `ln_f` into the model's own parameters.
    # TODO: cut `c_attn` into three along its last axis, its bias too.
    raise NotImplementedError
