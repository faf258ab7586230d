"""`generate` looks for `stop_id` in the whole text, so a row whose prompt holds it is finished from the start."""

from pathlib import Path

import torch
from torch import Tensor, nn

from ch3_attention.masks import causal_mask
from ch4_blocks.blocks import in_mode
from ch5_models.gpt import GPT
from ch7_inference.sampling import sample


@torch.no_grad()
def generate(
    model: nn.Module,
    ids: Tensor,
    max_new_tokens: int,
    generator: torch.Generator | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    stop_id: int | None = None,
) -> Tensor:
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens={max_new_tokens} is negative")
    if ids.size(1) == 0:
        raise ValueError("empty prompt")
    if temperature != 0 and generator is None:
        raise ValueError("pass a generator, or temperature=0 for greedy decoding")

    with in_mode(model, training=False):
        for _ in range(max_new_tokens):
            if stop_id is None:
                eos = torch.zeros(ids.size(0), dtype=torch.bool, device=ids.device)
            else:
                eos = ids.eq(stop_id).any(dim=1)
                if eos.all():
                    break
            logits = model(ids[:, -model.config.max_len :])[:, -1]
            nxt = sample(logits, generator, temperature, top_k, top_p)
            if stop_id is not None:
                nxt = nxt.masked_fill(eos, stop_id)
            ids = torch.cat([ids, nxt[:, None]], dim=1)
    return ids


def plot_attention(model: GPT, ids: Tensor, tokens: list[str], path: str | Path) -> None:
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


def plot_positions(table: Tensor, path: str | Path) -> None:
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
