"""What is asked of every model with a cache of keys and values. `judge` is the reference's model, without one."""

import torch
from model_checks import load_fresh


def recomputed(judge, *text):
    """What the model, or a layer with its mask, gives for the whole text read at once, without a cache."""
    with torch.no_grad():
        return judge(*text)


def check_prefill(expect, cached, judge, ids):
    """A prompt that is read at once gives the model's own logits."""
    expect.equal(cached.length, 0)
    expect.close(cached.prefill(ids), recomputed(judge, ids))
    expect.equal(cached.length, ids.shape[1])


def check_decoding(expect, cached, judge, ids, prompt):
    """After a prefill of `prompt` tokens each single one gives the logits of reading the whole text again."""
    wanted = recomputed(judge, ids)
    if prompt:
        cached.prefill(ids[:, :prompt].clone())
    for place in range(prompt, ids.shape[1]):
        expect.close(cached.decode(ids[:, place].clone()), wanted[:, place])
        expect.equal(cached.length, place + 1)


def check_turns(expect, cached, judge, texts, prompts):
    """Two texts, each with a cache of its own, are read in turns: their prompts, then three steps."""
    wanted = [recomputed(judge, ids) for ids in texts]
    for one, ids, logits, prompt in zip(cached, texts, wanted, prompts, strict=True):
        expect.close(one.prefill(ids[:, :prompt].clone()), logits[:, :prompt])
    for step in range(3):
        for one, ids, logits, prompt in zip(cached, texts, wanted, prompts, strict=True):
            expect.close(one.decode(ids[:, prompt + step].clone()), logits[:, prompt + step])
    expect.equal(tuple(one.length for one in cached), tuple(prompt + 3 for prompt in prompts))


def check_reset(expect, cached, judge, before, ids):
    """After one text and a reset, another is read as if it were the first."""
    cached.prefill(before)
    cached.reset()
    expect.equal(cached.length, 0)
    expect.close(cached.prefill(ids), recomputed(judge, ids))


def check_sharing(expect, cached, models, draw, scale, ids):
    """When the weights of the models change, so do the cached answers."""
    load_fresh(models, draw, scale)
    expect.close(cached.prefill(ids), recomputed(models[-1], ids))


def check_refusal(expect, cached, judge, ids):
    """`ids` fill the cache. Two tokens before that, three more are refused, and the two are still welcome."""
    room = ids.shape[1]
    cached.prefill(ids[:, :-2].clone())
    expect.raises(ValueError, cached.prefill, ids[:, :3].clone(), mentions=room + 1)
    expect.equal(cached.length, room - 2)
    expect.close(cached.prefill(ids[:, -2:].clone()), recomputed(judge, ids)[:, -2:])


def check_nothing_is_kept(student, expect, cached, ids):
    """A prefill keeps nothing for a backward pass."""
    with student.counting() as counts:
        logits = cached.prefill(ids)
    expect.equal(counts.saved_bytes, 0, f"{counts.saved_bytes} bytes were kept for a backward pass; 0 is wanted.")
    expect.true(not logits.requires_grad, "The logits require gradients; none are wanted.")


def check_prefill_memory(student, cached_of, ids):
    """With 192 MiB of memory, 384 tokens go through many layers: each layer's attention weights take 9 MiB."""
    cached_of().prefill(ids[:, :9])  # what a library sets up at the first call is there
    cached = cached_of()
    with student.memory(192 * 2**20):
        cached.prefill(ids)


def check_step_cost(student, expect, cached_of, draw, vocab, weights, keys):
    """A step after n tokens costs the products with the `weights` and `keys` for each of n + 1 keys, and no more."""
    for length in (40, 160):
        message = f"Operations of a step after {length} tokens, which needs one token's products with weights and keys:"
        work = step_work(student, cached_of(), draw, vocab, length)
        expect.less(work, 1.05 * (weights + keys * (length + 1)), message)


def step_work(student, cached, draw, vocab, length):
    """The counted operations of one decode step after `length` tokens."""
    cached.prefill(draw.ids(vocab, 1, length))
    new = draw.ids(vocab, 1)
    with student.counting() as counts:
        cached.decode(new)
    return counts.flops


def check_step_memory(student, cached, draw, vocab):
    """A step after 3,000 tokens fits into 128 MiB, into which the scores of these among each other do not."""
    for _ in range(30):
        cached.prefill(draw.ids(vocab, 1, 100))
    cached.decode(draw.ids(vocab, 1))
    with student.memory(128 * 2**20):
        cached.decode(draw.ids(vocab, 1))
