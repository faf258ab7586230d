"""# Generating text

A language model predicts one token. To write, it is asked again and again: the tokens so far go in, the logits of the
*last* position say what may come next, one token is chosen and joined to the end.

The model reads at most `max_len` tokens. When the text has grown past that, it is shown the last `max_len`: the
context slides, and what lies further back is forgotten.

| name | shape |
|---|---|
| `ids`, the prompts | `(batch, seq)`, int64 |
| the result | `(batch, seq + new)`, prompts included |

By hand: a model that always prefers the id one above the last one continues `[[4, 5]]` by three greedy tokens to
`[[4, 5, 6, 7, 8]]`; with `stop_id=7` it ends at `[[4, 5, 6, 7]]`.

Source: Radford et al., *Improving Language Understanding by Generative Pre-Training* (2018), section 3.1, for the
model; the loop is that of every decoder since.
"""

import torch
from ch5_models.gpt import GPT, GPTConfig  # noqa: F401 # to try the loop on
from ch7_inference.sampling import sample
from jaxtyping import Int
from torch import Tensor, nn


def generate(
    model: nn.Module,
    ids: Int[Tensor, "batch seq"],
    max_new_tokens: int,
    generator: torch.Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop_id: int | None = None,
) -> Int[Tensor, "batch total"]:
    """The prompts continued by up to `max_new_tokens` tokens each, chosen as `sample` does.

    `model(ids)` gives logits `(batch, seq, vocab)` and `model.config.max_len` is the longest input that it takes.
    It runs in eval mode and without gradients, and is in the mode in which it came when this returns or raises.

    A row is finished once it has *generated* `stop_id` (one in the prompt does not count): the stop token stays in
    the result and the row is filled up with `stop_id`. When all rows are finished, generation ends early.

    A `ValueError` is raised for sampling without a generator (any temperature but 0), for an empty prompt,
    and for a negative `max_new_tokens`, which it names. With `max_new_tokens=0` the prompts come back.

    >>> config = GPTConfig(vocab_size=9, max_len=8, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> generate(GPT(config), torch.tensor([[1, 2]]), max_new_tokens=3, temperature=0).shape
    torch.Size([1, 5])
    """
    # TODO: check the arguments.
    # TODO: remember the model's mode, switch to eval, and make sure that the mode comes back at the end.
    # TODO: without gradients, up to `max_new_tokens` times: the logits of the last position of the last `max_len` ids,
    #       sample, stop_id for rows that are finished, join, and leave the loop when all rows are finished.
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens must be 0 or more, not {max_new_tokens}")
    if ids.shape[1] == 0:
        raise ValueError("the prompt is empty: there is no position to predict from")
    if generator is None and temperature != 0:
        raise ValueError("sampling needs a generator; use temperature=0 for greedy decoding")
    modes = [(module, module.training) for module in model.modules()]
    finished = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    model.eval()
    try:
        with torch.no_grad():
            for _ in range(max_new_tokens):
                logits = model(ids[:, -model.config.max_len :])[:, -1]
                next_ids = sample(logits, generator, temperature, top_k, top_p)
                if stop_id is not None:
                    next_ids = torch.where(finished, stop_id, next_ids)
                    finished |= next_ids == stop_id
                ids = torch.cat([ids, next_ids[:, None]], dim=1)
                if finished.all():
                    break
    finally:
        for module, mode in modes:
            module.training = mode
    return ids
