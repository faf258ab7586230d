"""Pictures of chapter 7: which token comes next, and what it costs to ask for it."""

from __future__ import annotations

from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from grader.learner.pictures.data import Bars, Curves, Line, Series, rounded
from grader.learner.pictures.studio import Made, Studio, array, number

WORDS = ("mat", "sofa", "floor", "chair", "bed", "roof", "hill", "law")
LOGITS = (3.2, 2.8, 2.2, 1.7, 1.3, 0.6, -0.2, -1.5)
TEMPERATURES = (0.5, 1.0, 2.0)
K, P = 3, 0.9

MAX_LEN, D_MODEL, LAYERS, HEADS = 64, 64, 2, 4
FIRST, EVERY = 4, 4


def next_token(studio: Studio) -> Made:
    """The probabilities of eight next words under temperature, top-k and top-p."""
    own = studio.part("ch7_inference/sampling")
    logits = torch.tensor([LOGITS], dtype=torch.float64)

    def series(label: str, call: str, changed: Any) -> Series:
        found = array(changed, call, 1, len(WORDS))
        return Series(label, rounded(torch.softmax(torch.from_numpy(found), dim=-1)[0].tolist()))

    plain = series("as predicted", "", logits)
    by_temperature = tuple(
        series(f"temperature {t:g}", f"apply_temperature(logits, {t:g})", own.apply_temperature(logits.clone(), t))
        for t in TEMPERATURES
    )
    top_k = series(f"top-k, k = {K}", f"top_k_filter(logits, {K})", own.top_k_filter(logits.clone(), K))
    top_p = series(f"top-p, p = {P:g}", f"top_p_filter(logits, {P:g})", own.top_p_filter(logits.clone(), P))
    return Made(
        tuple(
            Bars(title, "next word after “the cat sat on the”", "probability (share of 1)", WORDS, found)
            for title, found in (
                ("temperature", by_temperature),
                (f"top-k: the {K} most likely", (plain, top_k)),
                (f"top-p: up to a share of {P:g}", (plain, top_p)),
            )
        )
    )


def cache_growth(studio: Studio) -> Made:
    """The bytes of the cache, and the operations for one new token with it and without it, by the length so far."""
    own, models = studio.part("ch7_inference/kv_cache"), studio.part("ch5_models/gpt")
    model = models.GPT(models.GPTConfig(100, MAX_LEN, D_MODEL, LAYERS, HEADS, 4 * D_MODEL)).eval()
    ids = torch.randint(100, (1, MAX_LEN), generator=torch.Generator().manual_seed(0))
    cached, shown = own.CachedGPT(model), range(FIRST, MAX_LEN + 1, EVERY)
    with_cache, without, sizes = [], [], []
    keys = own.KVCache()
    for length in range(1, MAX_LEN + 1):
        one = torch.zeros(1, HEADS, 1, D_MODEL // HEADS)
        held = keys.append(one, one)
        work = _operations(lambda at=length: cached.decode(ids[:, at - 1]))
        if length in shown:
            studio.say(f"counting the work of token {length} of {MAX_LEN}")
            with_cache.append(work)
            without.append(_operations(lambda at=length: model(ids[:, :at])))
            sizes.append(LAYERS * 4 * sum(number(part.numel(), "KVCache.append") for part in held) / 1024)
    x = tuple(map(float, shown))
    million = 1e6
    return Made(
        (
            Curves(
                title="the cache: keys and values of all layers",
                x_label="tokens so far",
                y_label="memory of the cache (KiB)",
                lines=(Line("keys and values", x, rounded(sizes), is_marked=True),),
            ),
            Curves(
                title="work for the next token",
                x_label="tokens so far",
                y_label="operations (millions)",
                lines=(
                    Line("with the cache", x, rounded(work / million for work in with_cache), is_marked=True),
                    Line("without: all tokens again", x, rounded(work / million for work in without), is_marked=True),
                ),
            ),
        ),
        f"After {MAX_LEN} tokens the next one costs {without[-1] / with_cache[-1]:.0f} times as much without a cache."
        f" The price is memory: the cache grows by the same number of bytes at each token.",
    )


def _operations(run: Any) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        run()
    return int(counter.get_total_flops())
