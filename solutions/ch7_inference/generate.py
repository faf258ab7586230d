"""# Generating text

**How does a model that predicts one token write a text?** The logits of all positions but the last predict tokens
that are already there: take those, and the model writes what the prompt says already.

A model is asked again and again: the tokens so far go in, the logits of the *last* position say what may come next,
one token is chosen and joined to the end.

The model reads at most `max_len` tokens. When the text has grown past that, it is shown the last `max_len`: the
context slides, and what lies further back is forgotten.

| name | shape |
|---|---|
| `ids`, the prompts | `(batch, seq)`, int64 |
| the result | `(batch, seq + new)`, prompts included |

By hand: a model that always prefers the id one above the last one continues `[[4, 5]]` by three greedy tokens to
`[[4, 5, 6, 7, 8]]`; with `stop_id=7` it ends at `[[4, 5, 6, 7]]`.

`plot_attention` and `plot_positions` are given: they draw what your own model attends to, and its table of positions.

Source: Radford et al., *Improving Language Understanding by Generative Pre-Training* (2018), section 3.1, for the
model; the loop is that of every decoder since.
"""

from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch4_blocks.blocks import in_mode
from ch5_models.gpt import GPT, GPTConfig  # noqa: F401 # GPTConfig is there to try the loop with
from ch7_inference.sampling import sample


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

    `model(ids)` gives logits `(batch, seq, vocab)`. It is asked again for each new token and reads the last
    `model.config.max_len` ids, or all where there are fewer; the result keeps all of them. It runs in eval mode and
    without gradients. When this returns or raises, the model is in the mode in which it came, also where nothing was
    generated, and can be trained on.

    A row is finished once it has *generated* `stop_id`, which may be any id, 0 among them; one in the prompt does not
    count. The stop token stays in the result and the row is filled up with `stop_id`. When all rows are finished,
    generation ends early. Without a `stop_id` no row is ever finished.

    A `ValueError` is raised for sampling without a generator (any temperature but 0), for an empty prompt,
    and for a negative `max_new_tokens`, which it names. With `max_new_tokens=0` the prompts come back; whether the
    generator and the prompt are checked then is up to you.

    >>> config = GPTConfig(vocab_size=9, max_len=8, d_model=4, n_layers=1, n_heads=2, d_ff=8)
    >>> generate(GPT(config), torch.tensor([[1, 2]]), max_new_tokens=3, temperature=0).shape
    torch.Size([1, 5])
    """
    # TODO: check the arguments.
    # TODO: inside `in_mode`, for eval mode, and without gradients, up to `max_new_tokens` times: the logits of the last
    #       position of the last `max_len` ids, sample, stop_id for rows that are finished, join, and leave the loop
    #       when all rows are finished.
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens must be 0 or more, not {max_new_tokens}")
    if ids.shape[1] == 0:
        raise ValueError("the prompt is empty: there is no position to predict from")
    if generator is None and temperature != 0:
        raise ValueError("sampling needs a generator; use temperature=0 for greedy decoding")
    finished = torch.zeros(len(ids), dtype=torch.bool, device=ids.device)
    with in_mode(model, training=False), torch.no_grad():
        for _ in range(max_new_tokens):
            logits = model(ids[:, -model.config.max_len :])[:, -1]
            next_ids = sample(logits, generator, temperature, top_k, top_p)
            if stop_id is not None:
                next_ids = torch.where(finished, stop_id, next_ids)
                finished |= next_ids == stop_id
            ids = torch.cat([ids, next_ids[:, None]], dim=1)
            if finished.all():
                break
    return ids


def plot_attention(model: GPT, ids: Int[Tensor, "1 seq"], tokens: list[str], path: str | Path) -> None:
    """Draw what every head of a GPT attends to in one text, as a PNG at `path`: a row per layer, a column per head.

    In each picture the rows are queries and the columns keys, and bright is a large weight. `tokens` are the labels
    of the ids. Look for heads that watch the token before, the first token, or the same token further back.
    """
    from matplotlib.figure import Figure

    n_layers, n_heads = model.config.n_layers, model.config.n_heads
    figure = Figure(figsize=(2.4 * n_heads, 2.5 * n_layers), layout="constrained")
    grid = figure.subplots(n_layers, n_heads, squeeze=False)
    mask = causal_mask(ids.shape[1]).to(ids.device)
    with torch.no_grad():
        x = model.position_embedding(model.token_embedding(ids))
        for layer, block in enumerate(model.blocks):
            weights = block.attention.attention_weights(block.norm1(x), mask=mask)[0].cpu().numpy()
            for head, axes in enumerate(grid[layer]):
                axes.imshow(weights[head], vmin=0, vmax=1)
                axes.set_title(f"layer {layer + 1}, head {head + 1}", fontsize=8)
                axes.set_xticks(range(len(tokens)), tokens, fontsize=6, rotation=90)
                axes.set_yticks(range(len(tokens)), tokens, fontsize=6)
            x = x + block.attention(block.norm1(x), mask=mask)
            x = x + block.feed_forward(block.norm2(x))
    figure.savefig(path, format="png", dpi=120)


def plot_positions(table: Float[Tensor, "length d_model"], path: str | Path) -> None:
    """Draw a table of positions as a PNG at `path`: the numbers themselves, and the cosine of each two positions.

    Try it with `sinusoidal_positions(128, 64)`, and with the `position_embedding.weight` of a GPT before and after
    its training.
    """
    from matplotlib.figure import Figure

    rows = table.detach().cpu().double()
    unit = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    numbers, cosines = figure.subplots(1, 2)
    largest = float(rows.abs().max())
    figure.colorbar(numbers.imshow(rows.numpy(), aspect="auto", cmap="RdBu", vmin=-largest, vmax=largest), ax=numbers)
    numbers.set(title="the table", xlabel="dimension", ylabel="position")
    figure.colorbar(cosines.imshow((unit @ unit.T).numpy(), cmap="RdBu", vmin=-1, vmax=1), ax=cosines)
    cosines.set(title="cosine of two positions", xlabel="position", ylabel="position")
    figure.savefig(path, format="png", dpi=120)
