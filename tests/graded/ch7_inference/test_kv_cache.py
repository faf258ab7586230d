"""The cache of keys and values: the same logits as reading everything again, at a fraction of the work."""

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
from model_checks import both_sides, load

SIZES = {"vocab_size": 11, "max_len": 12, "d_model": 12, "n_layers": 2, "n_heads": 3, "d_ff": 10}
SCALE = 0.5


def make(student, reference, draw, **changes):
    """The learner's GPT and the reference's with the same weights: attention is neither flat nor saturated."""
    sides = [side.imported("ch5_models.gpt") for side in (student, reference)]
    return both_sides("GPT", *sides, draw, SCALE, **(SIZES | changes))


def plain_model(side, sizes):
    """A GPT of one side with weights as they come, in eval mode."""
    gpt = side.imported("ch5_models.gpt")
    return gpt.GPT(gpt.GPTConfig(**sizes)).eval()


def attention_layer(side, weights):
    """A MultiHeadAttention of one side with these weights."""
    return load(side.imported("ch3_attention.multi_head").MultiHeadAttention(12, 3, bias=True).double(), weights)


def attention_weights(draw, d_model):
    """Fresh weights for the projections of one attention layer, with biases."""
    weights = {}
    for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
        weights[f"{name}.weight"] = draw.normal(d_model, d_model, scale=0.6)
        weights[f"{name}.bias"] = draw.normal(d_model, scale=0.3)
    return weights


# -- one layer's cache -----------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_the_cache_grows_at_its_end(student, draw, expect):
    """New keys and values are joined behind the old ones, along the length, and returned with them."""
    k, v = draw.normal(2, 3, 6, 4), draw.normal(2, 3, 6, 4)
    cache = student.KVCache()
    expect.equal(cache.length, 0)
    for start, stop in ((0, 3), (3, 4), (4, 6)):
        keys, values = cache.append(k[:, :, start:stop].clone(), v[:, :, start:stop].clone())
        expect.close(keys, k[:, :, :stop])
        expect.close(values, v[:, :, :stop])
        expect.equal(cache.length, stop)
    expect.close(cache.keys, k)
    expect.close(cache.values, v)


def test_a_cache_that_was_reset_is_empty(student, draw, expect):
    """After `reset` the next keys are the first ones."""
    cache, k, v = student.KVCache(), draw.normal(2, 3, 4, 5), draw.normal(2, 3, 4, 5)
    cache.append(draw.normal(2, 3, 2, 5), draw.normal(2, 3, 2, 5))
    cache.reset()
    expect.equal(cache.length, 0)
    for name, left in (("keys", cache.keys), ("values", cache.values)):
        expect.true(left is None or left.numel() == 0, f"After `reset` the cache's `{name}` is neither None nor empty.")
    after = cache.append(k, v)
    expect.close(after[0], k)
    expect.close(after[1], v)


# -- one layer of attention ------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_cached_attention_equals_attention_at_once(student, reference, draw, expect):
    """One layer that reads 4, then 1, then 3 positions gives what it gives for all 8 under a causal mask."""
    weights = attention_weights(draw, 12)
    attention, judge = attention_layer(student, weights), attention_layer(reference, weights)
    x = draw.normal(2, 8, 12)
    with torch.no_grad():
        wanted = judge(x, mask=torch.ones(8, 8, dtype=torch.bool).tril())
        layer, cache = student.CachedAttention(attention, 3), student.KVCache()
        for start, stop in ((0, 4), (4, 5), (5, 8)):
            expect.close(layer(x[:, start:stop].clone(), cache), wanted[:, start:stop])


@pytest.mark.points(0.5)
@pytest.mark.parametrize("lengths", [(3, 3), (4, 2)], ids=str)
def test_one_layer_serves_two_caches(student, draw, expect, lengths):
    """The memory is the cache and not the layer: two caches, as long as each other or not, are read in turns."""
    attention = attention_layer(student, attention_weights(draw, 12))
    layer, first, second = student.CachedAttention(attention, 3), student.KVCache(), student.KVCache()
    texts = [draw.normal(1, length + 2, 12) for length in lengths]
    with torch.no_grad():
        alone = [layer(text, student.KVCache()) for text in texts]
        for step in ("first", "second"):
            for text, length, cache, wanted in zip(texts, lengths, (first, second), alone, strict=True):
                part = slice(0, length) if step == "first" else slice(length, length + 2)
                message = f"The {step} part of a text, each text with its own cache, is not as it is in the whole text."
                expect.close(layer(text[:, part].clone(), cache), wanted[:, part], message)
    expect.equal((first.length, second.length), (lengths[0] + 2, lengths[1] + 2))


# -- the model -------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_prefill_equals_the_model(student, reference, draw, expect):
    """A prompt that is read at once gives the model's own logits at every position."""
    model, judge = make(student, reference, draw)
    check_prefill(expect, student.CachedGPT(model), judge, draw.ids(11, 3, 7))


@pytest.mark.points(3)
def test_decoding_equals_recomputation_at_every_position(student, reference, draw, expect):
    """After a prefill of 4, each single token gives the logits of reading the whole text again, up to `max_len`."""
    model, judge = make(student, reference, draw)
    check_decoding(expect, student.CachedGPT(model), judge, draw.ids(11, 3, 12), prompt=4)


def test_decoding_from_the_first_token(student, reference, draw, expect):
    """Without any prefill, single tokens give the same logits too: the first one is cached like all others."""
    model, judge = make(student, reference, draw)
    check_decoding(expect, student.CachedGPT(model), judge, draw.ids(11, 2, 4), prompt=0)


@pytest.mark.points(2)
def test_a_prompt_in_chunks(student, reference, draw, expect):
    """A prompt that comes in chunks of 3, 1, 4 and 2 tokens gives the same logits as one that comes at once."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(11, 2, 10)
    wanted = recomputed(judge, ids)
    cached = student.CachedGPT(model)
    start = 0
    for size in (3, 1, 4, 2):
        came = cached.prefill(ids[:, start : start + size].clone())
        expect.close(came, wanted[:, start : start + size])
        start += size


def test_two_requests_do_not_disturb_each_other(student, reference, draw, expect):
    """Two texts of different length and batch, written in turns over one model, are as if each were alone."""
    model, judge = make(student, reference, draw)
    texts = draw.ids(11, 2, 8), draw.ids(11, 3, 7)
    check_turns(expect, [student.CachedGPT(model) for _ in texts], judge, texts, prompts=(5, 3))


def test_after_a_reset_a_new_request_begins(student, reference, draw, expect):
    """`reset` forgets the text: the next one begins at position 0, with a batch of its own."""
    model, judge = make(student, reference, draw)
    check_reset(expect, student.CachedGPT(model), judge, draw.ids(11, 2, 5), draw.ids(11, 3, 6))


def test_the_weights_are_shared(student, reference, draw, expect):
    """When the model's weights change, so do the cached answers: nothing was copied."""
    model, judge = make(student, reference, draw)
    cached = student.CachedGPT(model)
    check_sharing(expect, cached, (model, judge), draw, SCALE, draw.ids(11, 2, 6))


@pytest.mark.points(0.5)
def test_past_max_len_is_refused(student, reference, draw, expect):
    """A token beyond `max_len` raises a ValueError that names the length, and the cache stays as it was."""
    model, judge = make(student, reference, draw)
    check_refusal(expect, student.CachedGPT(model), judge, draw.ids(11, 2, 12))


@pytest.mark.points(0.5)
def test_a_full_cache_refuses_one_more(student, reference, draw, expect):
    """After exactly `max_len` tokens, one more raises a ValueError that names the length."""
    model, _ = make(student, reference, draw)
    cached = student.CachedGPT(model)
    cached.prefill(draw.ids(11, 2, 12))
    expect.raises(ValueError, cached.decode, draw.ids(11, 2), mentions=13)
    expect.equal(cached.length, 12)


@pytest.mark.points(0.5)
def test_a_fresh_prompt_longer_than_max_len_is_refused(student, reference, draw, expect):
    """A first prompt of more than `max_len` tokens raises a ValueError as well."""
    model, _ = make(student, reference, draw)
    expect.raises(ValueError, student.CachedGPT(model).prefill, draw.ids(11, 1, 14), mentions=14)


# -- mode, gradients, dtype ------------------------------------------------------------------------------


def test_no_dropout_and_no_change_of_mode(student, reference, draw, expect):
    """With a model in train mode there is no dropout either, and the model stays in train mode."""
    model, judge = make(student, reference, draw, dropout=1.0)
    model.train()
    ids = draw.ids(11, 2, 6)
    wanted = recomputed(judge, ids)
    cached = student.CachedGPT(model)
    expect.close(cached.prefill(ids[:, :5].clone()), wanted[:, :5])
    expect.close(cached.decode(ids[:, 5].clone()), wanted[:, 5])
    expect.equal(model.training, True, "The model was left in eval mode.")
    expect.equal(model.blocks[1].training, True, "A block of the model was left in eval mode.")


@pytest.mark.points(0.5)
def test_a_model_in_eval_mode_stays_there(student, reference, draw, expect):
    """A model in eval mode is in eval mode afterwards."""
    model, _ = make(student, reference, draw)
    cached = student.CachedGPT(model)
    cached.prefill(draw.ids(11, 2, 3))
    cached.decode(draw.ids(11, 2))
    expect.equal(model.training, False, "The model was put into train mode.")


def test_nothing_is_kept_for_gradients(student, reference, draw, expect):
    """The logits of a prefill need no gradient, and nothing is kept for a backward pass."""
    model, _ = make(student, reference, draw)
    check_nothing_is_kept(student, expect, student.CachedGPT(model), draw.ids(11, 2, 5))


@pytest.mark.alone
@pytest.mark.hidden
def test_a_prompt_of_a_deep_model_takes_little_memory(student, draw):
    """With 192 MiB of memory, 384 tokens go through 32 layers: each layer's attention weights take 9 MiB."""
    model = plain_model(student, SIZES | {"max_len": 384, "d_model": 16, "n_layers": 32, "n_heads": 16})
    check_prefill_memory(student, lambda: student.CachedGPT(model), draw.ids(11, 1, 384))


@pytest.mark.points(0.5)
def test_float32_agrees_too(student, reference, draw, expect):
    """In float32 the cached logits agree with recomputation to rounding."""
    model, judge = make(student, reference, draw)
    model.float()
    ids = draw.ids(11, 2, 9)
    wanted = recomputed(judge, ids).float()
    cached = student.CachedGPT(model)
    expect.close(cached.prefill(ids[:, :6].clone()), wanted[:, :6])
    expect.close(cached.decode(ids[:, 6].clone()), wanted[:, 6])


@pytest.mark.points(0.5)
def test_one_layer_one_head_one_row(student, reference, draw, expect):
    """A model of one layer and one head, and a batch of one, are no special case."""
    model, judge = make(student, reference, draw, n_layers=1, n_heads=1)
    ids = draw.ids(11, 1, 5)
    wanted = recomputed(judge, ids)
    cached = student.CachedGPT(model)
    expect.close(cached.prefill(ids[:, :1].clone()), wanted[:, :1])
    expect.close(cached.prefill(ids[:, 1:4].clone()), wanted[:, 1:4])
    expect.close(cached.decode(ids[:, 4].clone()), wanted[:, 4])


# -- work ------------------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_a_step_costs_one_token_and_the_keys_so_far(student, draw, expect):
    """After n tokens a step multiplies one token by the weights, and one query by n + 1 keys and values: no more."""
    sizes = SIZES | {"max_len": 400}
    model = plain_model(student, sizes)
    d, layers, d_ff, vocab = sizes["d_model"], sizes["n_layers"], sizes["d_ff"], sizes["vocab_size"]
    weights = 2 * (layers * (4 * d * d + 2 * d * d_ff) + d * vocab)
    check_step_cost(student, expect, lambda: student.CachedGPT(model), draw, vocab, weights, layers * 2 * 2 * d)


@pytest.mark.alone
@pytest.mark.hidden
def test_a_step_after_three_thousand_tokens_takes_little_memory(student, draw):
    """A step after 3,000 tokens fits into 128 MiB, into which the scores of these among each other do not."""
    model = plain_model(student, SIZES | {"max_len": 3010, "n_layers": 1, "n_heads": 6})
    check_step_memory(student, student.CachedGPT(model), draw, SIZES["vocab_size"])


@pytest.mark.hidden
def test_a_step_does_not_pay_for_max_len(student, draw, expect):
    """A step after 20 tokens costs the same whether the model could hold 40 or 400."""
    work = []
    for max_len in (40, 400):
        model = plain_model(student, SIZES | {"max_len": max_len})
        work.append(step_work(student, student.CachedGPT(model), draw, 11, 20))
    message = f"A step after 20 tokens takes {work[0]:,} operations with max_len 40. With max_len 400 it takes:"
    expect.less(work[1], 1.02 * work[0], message)
