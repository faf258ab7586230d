"""The loop that writes: last position, sliding context, stop tokens, the model's mode."""

import math

import pytest
import torch
from model_checks import both_sides

SIZES = {"vocab_size": 6, "max_len": 7, "d_model": 8, "n_layers": 1, "n_heads": 2, "d_ff": 12}
ROWS = 4000


def make(student, reference, draw, **changes):
    """The learner's GPT and the reference's, with the same weights: large ones, so that places and tokens matter."""
    sides = [side.imported("ch5_models.gpt") for side in (student, reference)]
    return both_sides("GPT", *sides, draw, 1.0, **(SIZES | changes))


def greedy_by_hand(judge, ids, steps, max_len=SIZES["max_len"]):
    """The prompts and `steps` greedy tokens, the whole context read again for each."""
    with torch.no_grad():
        for _ in range(steps):
            ids = torch.cat([ids, judge(ids[:, -max_len:].contiguous())[:, -1].argmax(-1, keepdim=True)], dim=1)
    return ids


def fits(expect, counts, probabilities, message):
    """The counts of many independent draws fit the probabilities (chi-square, with a bound that chance never meets)."""
    wanted = probabilities.flatten() * counts.sum()
    expect.equal(int(counts.flatten()[wanted == 0].sum()), 0, "A token was drawn that has no probability at all.")
    distance = ((counts.flatten() - wanted)[wanted > 0] ** 2 / wanted[wanted > 0]).sum()
    freedom = max(1, int((wanted > 0).sum()) - 1)
    expect.less(distance, freedom + 8 * math.sqrt(2 * freedom) + 20, message)


def case_with_stops(student, reference, draw, steps, apart=2, first=1):
    """A model, prompts and a stop token that the rows reach at different steps, all of them before the last.

    Where the rows are apart, one that is finished would write something else if it were left to go on.
    """
    for _ in range(200):
        model, judge = make(student, reference, draw)
        ids = draw.ids(6, 3, 3)
        written = greedy_by_hand(judge, ids, steps)[:, 3:]
        for stop in draw.shuffled(range(1, 6)):
            times = [row.index(stop) if stop in row else steps for row in written.tolist()]
            goes_on = any((row[t : max(times)] != stop).any() for row, t in zip(written, times, strict=True))
            fits_in = first <= min(times) and max(times) < steps - 1 and max(times) - min(times) >= apart
            if fits_in and (goes_on or not apart):
                return model, ids, stop, written, times
    raise RuntimeError("no case with stop tokens was found")


# -- greedy ----------------------------------------------------------------------------------------------


def test_each_token_comes_from_the_last_position(student, reference, draw, expect):
    """Greedily, each new token is the best one after all tokens so far, the prompt included in the result."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 4, 3)
    expect.equal(student.generate(model, ids, 4, temperature=0), greedy_by_hand(judge, ids, 4))


def test_the_context_slides(student, reference, draw, expect):
    """Past `max_len` the model reads the last `max_len` tokens, no more and no fewer."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 5, 5)
    expect.equal(student.generate(model, ids, 9, temperature=0), greedy_by_hand(judge, ids, 9))


@pytest.mark.hidden
def test_a_prompt_longer_than_the_context(student, reference, draw, expect):
    """A prompt longer than `max_len` is kept whole in the result and read from its end."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 3, 11)
    expect.equal(student.generate(model, ids, 3, temperature=0), greedy_by_hand(judge, ids, 3))


@pytest.mark.hidden
def test_no_new_tokens_and_one_row(student, reference, draw, expect):
    """With `max_new_tokens=0` the prompts come back; a batch of one and a prompt of one token are no special case."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 2, 4)
    expect.equal(student.generate(model, ids, 0, temperature=0), ids)
    ids = draw.ids(6, 1, 1)
    expect.equal(student.generate(model, ids, 3, temperature=0), greedy_by_hand(judge, ids, 3))


# -- mode and gradients ----------------------------------------------------------------------------------


def test_dropout_is_off_while_generating(student, reference, draw, expect):
    """A model in train mode generates as in eval mode, so dropout does not disturb it."""
    while True:  # with all activations dropped every row goes on alike, so the right rows must not
        model, judge = make(student, reference, draw, dropout=1.0)
        ids = draw.ids(6, 5, 3)
        wanted = greedy_by_hand(judge, ids, 4)
        if len(wanted[:, 3:].unique(dim=0)) > 1:
            break
    model.train()
    expect.equal(student.generate(model, ids, 4, temperature=0), wanted)


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_mode_comes_back(student, reference, draw, expect, training):
    """A model that was training trains on afterwards, and one in eval mode stays there."""
    model, _ = make(student, reference, draw)
    model.train(training)
    student.generate(model, draw.ids(6, 2, 3), 2, temperature=0)
    expect.equal(model.training, training, "`generate` left the model in another mode than it came in.")
    expect.equal(model.blocks[0].training, training, "`generate` left a block of the model in another mode.")


@pytest.mark.hidden
def test_the_mode_comes_back_after_an_error(student, reference, draw, expect):
    """When something raises on the way, the model is in its old mode all the same."""
    model, _ = make(student, reference, draw)
    model.train()
    expect.raises(IndexError, student.generate, model, torch.tensor([[1, 99]]), 2, temperature=0)
    expect.equal(model.training, True, "After an error `generate` left the model in eval mode.")


def test_no_gradients_are_kept(student, reference, draw, expect):
    """Generating keeps nothing for a backward pass."""
    model, _ = make(student, reference, draw)
    ids = draw.ids(6, 2, 3)
    with student.counting() as counts:
        student.generate(model, ids, 2, temperature=0)
    expect.equal(counts.saved_bytes, 0, "Bytes were kept for a backward pass that never comes; use torch.no_grad().")


# -- stop tokens -----------------------------------------------------------------------------------------


def test_a_finished_row_is_filled_with_the_stop_token(student, reference, draw, expect):
    """A row that has generated the stop token keeps it and is filled up with it, while the others go on."""
    model, ids, stop, written, times = case_with_stops(student, reference, draw, 8)
    wanted = written.clone()
    for row, time in enumerate(times):
        wanted[row, time:] = stop
    came = student.generate(model, ids, max(times), temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([ids, wanted[:, : max(times)]], dim=1))


def test_it_ends_when_all_rows_are_finished(student, reference, draw, expect):
    """When the last row has generated its stop token, nothing more is added."""
    model, ids, stop, written, times = case_with_stops(student, reference, draw, 8, apart=0)
    wanted = written[:, : max(times) + 1].clone()
    for row, time in enumerate(times):
        wanted[row, time:] = stop
    came = student.generate(model, ids, 8, temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([ids, wanted], dim=1))


@pytest.mark.hidden
def test_a_stop_token_in_the_prompt_does_not_count(student, reference, draw, expect):
    """Only a generated stop token finishes a row."""
    model, ids, stop, _, _ = case_with_stops(student, reference, draw, 8)
    _, judge = make(student, reference, draw)
    judge.load_state_dict(model.state_dict())
    prompt = torch.cat([torch.full((3, 1), stop), ids], dim=1)
    wanted = greedy_by_hand(judge, prompt, 5)[:, 4:]
    for row in wanted:
        if stop in row.tolist():
            row[row.tolist().index(stop) :] = stop
    if bool((wanted == stop).any(dim=1).all()):
        wanted = wanted[:, : max(row.index(stop) for row in wanted.tolist()) + 1]
    came = student.generate(model, prompt, 5, temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([prompt, wanted], dim=1))


@pytest.mark.hidden
def test_without_a_stop_token_nothing_ends(student, reference, draw, expect):
    """With `stop_id=None` every row gets all its tokens; a stop token that never comes changes nothing."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 3, 2)
    wanted = greedy_by_hand(judge, ids, 5)
    expect.equal(student.generate(model, ids, 5, temperature=0), wanted)
    expect.equal(student.generate(model, ids, 5, temperature=0, stop_id=77), wanted)


# -- sampling --------------------------------------------------------------------------------------------


def test_two_sampled_tokens_follow_the_model(student, reference, draw, expect):
    """In 4000 rows, each pair of new tokens comes as often as the model's two predictions say together."""
    model, judge = make(student, reference, draw, vocab_size=4)
    ids = draw.ids(4, 1, 3)
    with torch.no_grad():
        first = (judge(ids)[0, -1] / 3).softmax(-1)
        longer = torch.cat([ids.expand(4, 3), torch.arange(4)[:, None]], dim=1)
        second = (judge(longer)[:, -1] / 3).softmax(-1)
    came = student.generate(model, ids.expand(ROWS, 3).contiguous(), 2, draw.generator(), temperature=3.0)
    expect.shape(came, (ROWS, 5))
    expect.equal(came[:, :3], ids.expand(ROWS, 3), "The prompt is not at the beginning of the result.")
    counts = torch.bincount(came[:, 3] * 4 + came[:, 4], minlength=16).double()
    fits(expect, counts, first[:, None] * second, "The pairs of tokens do not come as often as the model says.")


@pytest.mark.hidden
@pytest.mark.parametrize("knobs", [{"top_k": 2}, {"top_p": 0.6}], ids=["top_k", "top_p"])
def test_the_filters_are_passed_on(student, reference, draw, expect, knobs):
    """`top_k` and `top_p` limit what is drawn."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 1, 4)
    with torch.no_grad():
        probabilities = (judge(ids)[0, -1] / 4).softmax(-1)
    order = probabilities.argsort(descending=True)
    sums = probabilities[order].cumsum(0)
    kept = order[:2] if "top_k" in knobs else order[: int((sums < 0.6).sum()) + 1]
    wanted = torch.zeros(6, dtype=torch.float64)
    wanted[kept] = probabilities[kept] / probabilities[kept].sum()
    prompts = ids.expand(ROWS, 4).contiguous()
    came = student.generate(model, prompts, 1, draw.generator(), temperature=4.0, **knobs)
    counts = torch.bincount(came[:, -1], minlength=6).double()
    fits(expect, counts, wanted, f"With {knobs} and temperature 4 the draws do not follow what the filter leaves.")


@pytest.mark.hidden
def test_the_generator_decides(student, reference, draw, expect):
    """The same generator state gives the same text, and a generator that went on gives another."""
    model, _ = make(student, reference, draw)
    ids, generator, twin = draw.ids(6, 8, 3), draw.generator(), torch.Generator()
    twin.set_state(generator.get_state())
    first = student.generate(model, ids, 6, generator, temperature=4.0)
    again = student.generate(model, ids, 6, twin, temperature=4.0)
    expect.equal(again, first, "The same generator state gave another text.")
    other = student.generate(model, ids, 6, generator, temperature=4.0)
    expect.true(not torch.equal(first, other), "A second text with the same generator repeats the first.", actual=other)


# -- arguments -------------------------------------------------------------------------------------------


def test_sampling_needs_a_generator(student, draw, expect):
    """Sampling without a generator raises a ValueError; greedy decoding needs none."""
    model = student.imported("ch5_models.gpt").GPT(student.imported("ch5_models.gpt").GPTConfig(**SIZES))
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), 2)
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), 2, temperature=0.7)


@pytest.mark.hidden
def test_bad_prompts_and_counts_are_refused(student, reference, draw, expect):
    """An empty prompt and a negative number of tokens raise a ValueError."""
    model, _ = make(student, reference, draw)
    empty = torch.zeros(2, 0, dtype=torch.int64)
    expect.raises(ValueError, student.generate, model, empty, 2, temperature=0)
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), -4, temperature=0, mentions=-4)
