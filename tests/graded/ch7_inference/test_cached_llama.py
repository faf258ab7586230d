"""The cache over rotary positions and grouped queries, and the cache that rolls."""

import pytest
import torch
from cache_checks import (
    check_decoding,
    check_nothing_is_kept,
    check_prefill,
    check_prefill_memory,
    check_refusal,
    check_reset,
    check_sharing,
    check_step_cost,
    check_step_memory,
    check_turns,
    recomputed,
    step_work,
)
from model_checks import both_sides

SIZES = {
    "vocab_size": 11,
    "max_len": 14,
    "d_model": 24,
    "n_layers": 2,
    "n_heads": 6,
    "n_kv_heads": 2,
    "d_ff": 10,
    "rope_base": 50.0,
}
SCALE = 0.45


def make(student, reference, draw, **changes):
    """The learner's Llama and the reference's with the same weights: attention is neither flat nor saturated."""
    sides = [side.imported("ch5_models.llama") for side in (student, reference)]
    return both_sides("Llama", *sides, draw, SCALE, **(SIZES | changes))


def plain_model(side, **changes):
    """A Llama of one side with weights as they come, in eval mode."""
    llama = side.imported("ch5_models.llama")
    return llama.Llama(llama.LlamaConfig(**(SIZES | changes))).eval()


def read_in(cached, ids, sizes):
    """The logits of a text that is read in pieces; a piece of 1 is decoded."""
    pieces, start = [], 0
    for size in sizes:
        part = ids[:, start : start + size].clone()
        pieces.append(cached.decode(part[:, 0].clone())[:, None] if size == 1 else cached.prefill(part))
        start += size
    return torch.cat(pieces, dim=1)


# -- one layer's cache -----------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_rolling_cache_keeps_the_last_ones(student, draw, expect):
    """`append` returns what was kept and what is new, and keeps the last `window` of that."""
    k, v = draw.normal(2, 3, 9, 4), draw.normal(2, 3, 9, 4)
    cache = student.RollingCache(4)
    for start, stop in ((0, 3), (3, 4), (4, 5), (5, 8), (8, 9)):
        keys, values = cache.append(k[:, :, start:stop].clone(), v[:, :, start:stop].clone())
        expect.close(keys, k[:, :, max(0, start - 4) : stop])
        expect.close(values, v[:, :, max(0, start - 4) : stop])
        expect.close(cache.keys, k[:, :, max(0, stop - 4) : stop])
        expect.close(cache.values, v[:, :, max(0, stop - 4) : stop])
        expect.equal(cache.length, min(stop, 4))


@pytest.mark.points(0.5)
def test_without_a_window_the_cache_keeps_all(student, draw, expect):
    """With `window=None` nothing is dropped."""
    k, v = draw.normal(1, 2, 6, 4), draw.normal(1, 2, 6, 4)
    cache = student.RollingCache()
    cache.append(k[:, :, :4].clone(), v[:, :, :4].clone())
    keys, values = cache.append(k[:, :, 4:].clone(), v[:, :, 4:].clone())
    expect.close(keys, k)
    expect.close(values, v)
    expect.close(cache.keys, k)


@pytest.mark.points(0.25)
@pytest.mark.parametrize("heads", [3, 1])
def test_what_is_kept_takes_the_memory_of_the_window(student, draw, expect, heads):
    """After ten positions a cache with a window of 2 holds the memory of two, and not a part of something longer."""
    cache, storage = student.RollingCache(2), student.imported("operator").attrgetter
    cache.append(draw.normal(1, heads, 10, 4), draw.normal(1, heads, 10, 4))
    elements = heads * 2 * 4
    for name in ("keys", "values"):
        held = storage(f"{name}.untyped_storage")(cache)().nbytes()
        message = f"With a window of 2, `{name}` is to take {elements} × 8 bytes of memory. This many are held:"
        expect.less(held, elements * 8 + 1, message)


# -- one layer -------------------------------------------------------------------------------------------


@pytest.mark.points(0.5)
@pytest.mark.parametrize(
    ("window", "kept"), [(None, None), (3, 3), (3, None)], ids=["no window", "a window", "a cache that keeps all"]
)
def test_one_layer_serves_two_caches_in_turns(student, reference, draw, expect, window, kept):
    """Two texts, each with its own cache, are read by one layer in turns; the window is the config's."""
    model, judge = make(student, reference, draw, window=window)
    layer = student.CachedRotaryAttention(model.blocks[0].attention, model.config)
    distance = torch.arange(9)[:, None] - torch.arange(9)
    mask = (distance >= 0) & (distance < (window or 9))
    texts = draw.normal(2, 9, 24, scale=0.5), draw.normal(3, 9, 24, scale=0.5)
    wanted = [recomputed(judge.blocks[0].attention, text, mask) for text in texts]
    caches, places = [student.RollingCache(kept) for _ in texts], [0, 0]
    for number, size in ((0, 4), (1, 2), (1, 1), (0, 1), (1, 5), (0, 4)):
        start = places[number]
        places[number] = stop = start + size
        with torch.no_grad():
            came = layer(texts[number][:, start:stop].clone(), start, caches[number])
        message = f"Positions {start} to {stop - 1} of text {number + 1}, read with its own cache, are wrong."
        expect.close(came, wanted[number][:, start:stop], message)


# -- the model without a window --------------------------------------------------------------------------


@pytest.mark.points(2)
def test_prefill_equals_the_model(student, reference, draw, expect):
    """A prompt that is read at once gives the model's own logits at every position."""
    model, judge = make(student, reference, draw)
    check_prefill(expect, student.CachedLlama(model), judge, draw.ids(11, 3, 7))


@pytest.mark.points(2)
def test_decoding_equals_recomputation_at_every_position(student, reference, draw, expect):
    """After a prefill of 4, each single token gives the logits of reading the whole text again, up to `max_len`."""
    model, judge = make(student, reference, draw)
    check_decoding(expect, student.CachedLlama(model), judge, draw.ids(11, 2, 14), prompt=4)


def test_a_prompt_in_chunks(student, reference, draw, expect):
    """Chunks of 3, 1, 4 and 2 tokens give the same logits as one prompt."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(11, 2, 10)
    expect.close(read_in(student.CachedLlama(model), ids, (3, 1, 4, 2)), recomputed(judge, ids))


@pytest.mark.points(0.5)
@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 1), (4, 4), pytest.param(6, 3, marks=pytest.mark.hidden)])
def test_any_grouping_of_heads(student, reference, draw, expect, heads, kv_heads):
    """One key head for all, one for each, and groups of two agree with the model."""
    model, judge = make(student, reference, draw, n_heads=heads, n_kv_heads=kv_heads)
    ids = draw.ids(11, 2, 6)
    expect.close(read_in(student.CachedLlama(model), ids, (3, 1, 2)), recomputed(judge, ids))


def test_the_cache_holds_the_few_heads(student, reference, draw, expect):
    """What is kept has `n_kv_heads` heads: they are repeated when they are used and not before."""
    model, _ = make(student, reference, draw)
    cached = student.CachedLlama(model)
    cached.prefill(draw.ids(11, 3, 5))
    expect.equal(len(cached.caches), 2, "`caches` does not hold one cache per block.")
    for layer in range(2):
        expect.shape(cached.caches[layer].keys, (3, 2, 5, 4))
        expect.shape(cached.caches[layer].values, (3, 2, 5, 4))


def test_the_keys_are_cached_turned(student, reference, draw, expect):
    """What is kept of each key is the key as its own position turns it, so that no step turns it again."""
    model, judge = make(student, reference, draw)
    cached, ids = student.CachedLlama(model), draw.ids(11, 2, 7)
    read_in(cached, ids, (4, 1, 2))
    keys = judge.blocks[0].attention.k_proj(judge.blocks[0].norm1(judge.token_embedding(ids)))
    keys = keys.detach().unflatten(-1, (2, 4)).transpose(1, 2).contiguous()
    turned = reference.imported("ch3_attention.rotary").apply_rotary(keys, torch.arange(7), SIZES["rope_base"])
    expect.close(cached.caches[0].keys, turned, "The cache does not hold the turned keys.")


# -- the window ------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_decoding_with_a_window(student, reference, draw, expect):
    """With a window of 3, every single token up to `max_len` gives the model's own logits."""
    model, judge = make(student, reference, draw, window=3)
    check_decoding(expect, student.CachedLlama(model), judge, draw.ids(11, 2, 14), prompt=2)


@pytest.mark.points(2)
def test_chunks_longer_than_the_window(student, reference, draw, expect):
    """A chunk of 6 with a window of 4: its own early tokens are needed by its middle, and old ones by its beginning."""
    model, judge = make(student, reference, draw, window=4)
    ids = draw.ids(11, 2, 14)
    expect.close(read_in(student.CachedLlama(model), ids, (6, 1, 5, 2)), recomputed(judge, ids))


@pytest.mark.points(2)
def test_the_cache_never_holds_more_than_the_window(student, reference, draw, expect):
    """After every call, each layer keeps at most `window` positions, also after a long prefill."""
    model, _ = make(student, reference, draw, window=4)
    cached = student.CachedLlama(model)
    for size in (6, 1, 1, 5, 1):
        cached.prefill(draw.ids(11, 2, size))
        for layer in range(2):
            keys, values = cached.caches[layer].keys, cached.caches[layer].values
            expect.shape(keys, (2, 2, keys.shape[2], 4))
            expect.less(keys.shape[2], 5, f"After {cached.length} tokens a layer holds more keys than the window of 4:")
            message = f"After {cached.length} tokens a layer holds more values than the window of 4:"
            expect.less(values.shape[2], 5, message)
    expect.equal(cached.length, 14)


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [1, 14, pytest.param(30, marks=pytest.mark.hidden)])
def test_windows_of_one_and_of_the_whole_text(student, reference, draw, expect, window):
    """A window of 1 leaves a token alone with itself; one as long as the text or longer changes nothing."""
    model, judge = make(student, reference, draw, window=window)
    ids = draw.ids(11, 2, 14)
    expect.close(read_in(student.CachedLlama(model), ids, (5, 1, 1, 3, 1, 3)), recomputed(judge, ids))


def test_a_step_pays_for_the_window_alone(student, draw, expect):
    """With a window of 8, a step after 300 tokens costs what it costs after 30."""
    work = []
    model = plain_model(student, max_len=400, window=8)
    for length in (30, 300):
        work.append(step_work(student, student.CachedLlama(model), draw, 11, length))
    message = f"With a window of 8, a step after 30 tokens takes {work[0]:,} operations. After 300 tokens it takes:"
    expect.less(work[1], 1.02 * work[0], message)


def test_a_step_costs_one_token_and_the_keys_so_far(student, draw, expect):
    """Without a window, a step multiplies one token by the weights, and one query by the keys and values so far."""
    model = plain_model(student, max_len=400)
    d, layers, d_ff, vocab = SIZES["d_model"], SIZES["n_layers"], SIZES["d_ff"], SIZES["vocab_size"]
    kv_width = d // SIZES["n_heads"] * SIZES["n_kv_heads"]
    weights = 2 * (layers * (2 * d * d + 2 * d * kv_width + 3 * d * d_ff) + d * vocab)
    check_step_cost(student, expect, lambda: student.CachedLlama(model), draw, vocab, weights, layers * 2 * 2 * d)


@pytest.mark.alone
@pytest.mark.hidden
def test_a_step_after_three_thousand_tokens_takes_little_memory(student, draw):
    """A step after 3,000 tokens fits into 128 MiB, into which the scores of these among each other do not."""
    model = plain_model(student, max_len=3010, n_layers=1)
    check_step_memory(student, student.CachedLlama(model), draw, SIZES["vocab_size"])


# -- requests --------------------------------------------------------------------------------------------


def test_two_requests_do_not_disturb_each_other(student, reference, draw, expect):
    """Two texts of different length and batch, written in turns over one model, are as if each were alone."""
    model, judge = make(student, reference, draw, window=5)
    texts = draw.ids(11, 2, 9), draw.ids(11, 3, 7)
    check_turns(expect, [student.CachedLlama(model) for _ in texts], judge, texts, prompts=(6, 3))


def test_after_a_reset_a_new_request_begins(student, reference, draw, expect):
    """`reset` forgets the text: the next one begins at position 0, with a batch of its own."""
    model, judge = make(student, reference, draw, window=4)
    cached = student.CachedLlama(model)
    check_reset(expect, cached, judge, draw.ids(11, 2, 8), draw.ids(11, 3, 6))
    expect.less(cached.caches[0].keys.shape[2], 5, "After a reset a layer holds more keys than the window of 4:")


def test_the_weights_are_shared(student, reference, draw, expect):
    """When the model's weights change, so do the cached answers: nothing was copied."""
    model, judge = make(student, reference, draw)
    cached = student.CachedLlama(model)
    check_sharing(expect, cached, (model, judge), draw, SCALE, draw.ids(11, 2, 6))


@pytest.mark.points(0.5)
@pytest.mark.parametrize("window", [None, 3])
def test_past_max_len_is_refused(student, reference, draw, expect, window):
    """A token beyond `max_len` raises a ValueError that names the length, with a window too; the cache stays."""
    model, judge = make(student, reference, draw, window=window)
    ids = draw.ids(11, 2, 14)
    cached = student.CachedLlama(model)
    check_refusal(expect, cached, judge, ids)
    expect.raises(ValueError, cached.decode, ids[:, 0].clone(), mentions=15)


@pytest.mark.points(0.5)
def test_nothing_is_kept_for_gradients_and_the_mode_stays(student, reference, draw, expect):
    """In a prefill the logits need no gradient, nothing is kept for a backward pass, and the mode stays."""
    model, _ = make(student, reference, draw)
    model.train()
    check_nothing_is_kept(student, expect, student.CachedLlama(model), draw.ids(11, 2, 5))
    expect.equal(model.training, True, "The model was left in eval mode.")


@pytest.mark.alone
@pytest.mark.hidden
def test_a_prompt_of_a_deep_model_takes_little_memory(student, draw):
    """With 192 MiB of memory, 384 tokens go through 32 layers: each layer's attention weights take 9 MiB."""
    model = plain_model(student, max_len=384, d_model=32, n_layers=32, n_heads=16)
    check_prefill_memory(student, lambda: student.CachedLlama(model), draw.ids(11, 1, 384))


@pytest.mark.points(0.5)
def test_a_model_in_eval_mode_stays_there(student, reference, draw, expect):
    """A model in eval mode is in eval mode afterwards, and so are its blocks."""
    model, _ = make(student, reference, draw)
    read_in(student.CachedLlama(model), draw.ids(11, 2, 4), (3, 1))
    expect.equal(model.training, False, "The model was put into train mode.")
    expect.equal(model.blocks[1].training, False, "A block of the model was put into train mode.")


@pytest.mark.points(0.5)
def test_a_tied_head_and_float32(student, reference, draw, expect):
    """A model whose head is tied, in float32, with a batch of one."""
    model, judge = make(student, reference, draw, tied=True, n_layers=1)
    model.float()
    ids = draw.ids(11, 1, 6)
    expect.close(read_in(student.CachedLlama(model), ids, (3, 1, 2)), recomputed(judge, ids).float())
