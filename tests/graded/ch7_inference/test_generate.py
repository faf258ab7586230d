"""The loop that writes: last position, sliding context, stop tokens, the model's mode."""

import itertools
import math

import pytest
import torch
from model_checks import load_fresh, made, model_with, nn_of

SIZES = {"vocab_size": 6, "max_len": 7, "d_model": 8, "n_layers": 1, "n_heads": 2, "d_ff": 12}
MAX_LEN = SIZES["max_len"]
ROWS = 4000

# What a loop that is not right would read of the text so far, and at which of its positions.
WRONG_READS = {
    "the last token alone": lambda judge, ids: judge(ids[:, -1:].contiguous())[:, -1],
    "one token less": lambda judge, ids: judge(ids[:, -MAX_LEN + 1 :].contiguous())[:, -1],
    "the first tokens": lambda judge, ids: judge(ids[:, :MAX_LEN].contiguous())[:, -1],
    "the first position": lambda judge, ids: judge(ids[:, -MAX_LEN:].contiguous())[:, 0],
}


def make(student, reference, draw, **changes):
    """The learner's GPT and the reference's, with the same weights: large ones, so that places and tokens matter."""
    judge = drawn_judge(reference, draw, **changes)
    return learners(student, judge, **changes), judge


def drawn_judge(reference, draw, **changes):
    """The reference's GPT alone, for those who look for a case first."""
    judge = made("GPT", reference.imported("ch5_models.gpt"), **(SIZES | changes)).double().eval()
    load_fresh([judge], draw, 1.0)
    return judge


def learners(student, judge, **changes):
    """The learner's GPT with the weights of the reference's."""
    sizes = SIZES | changes
    return model_with("GPT", student.imported("ch5_models.gpt"), judge.state_dict(), **sizes).eval()


def right_read(judge, ids):
    """The logits of the last position of the last `max_len` ids."""
    return judge(ids[:, -MAX_LEN:].contiguous())[:, -1]


def greedy_by_hand(judge, ids, steps, read=right_read):
    """The prompts and `steps` greedy tokens, the whole context read again for each."""
    with torch.no_grad():
        for _ in range(steps):
            ids = torch.cat([ids, read(judge, ids).argmax(-1, keepdim=True)], dim=1)
    return ids


def telling_case(student, reference, draw, batch, seq, steps):
    """A model and prompts whose greedy text is another as soon as the wrong tokens or places are read."""
    for _ in range(300):
        judge = drawn_judge(reference, draw)
        ids = draw.ids(6, batch, seq)
        wanted = greedy_by_hand(judge, ids, steps)
        wrong = [greedy_by_hand(judge, ids, steps, read) for read in wrong_reads(seq, steps)]
        written = wanted[:, seq:]
        if all(not torch.equal(wanted, other) for other in wrong) and (batch == 1 or not (written == written[0]).all()):
            return learners(student, judge), ids, wanted
    raise RuntimeError("no case was found in which the places that are read matter")


def wrong_reads(seq, steps):
    """Those that read something else in a text of this length."""
    short = seq + steps - 1 < MAX_LEN
    return [
        read
        for name, read in WRONG_READS.items()
        if not short or name in ("the last token alone", "the first position")
    ]


def check_shares(expect, counts, probabilities, message):
    """The counts of many independent draws fit the probabilities (chi-square, with a bound that chance never meets)."""
    wanted = probabilities.flatten() * counts.sum()
    lost = int(counts.flatten()[wanted == 0].sum())
    expect.equal(lost, 0, f"{message} {lost} draws are of tokens that are to have no probability at all.")
    distance = ((counts.flatten() - wanted)[wanted > 0] ** 2 / wanted[wanted > 0]).sum()
    freedom = max(1, int((wanted > 0).sum()) - 1)
    message = f"{message} The chi-square distance of {int(counts.sum())} draws from the shares that are wanted:"
    expect.less(distance, freedom + 8 * math.sqrt(2 * freedom) + 20, message)


def stopped(written, stop):
    """Rows of generated tokens as they are to be with a stop token: filled with it, and no longer than needed."""
    written, ends = written.clone(), []
    for row in written:
        places = (row == stop).nonzero().flatten().tolist()
        ends.append(places[0] + 1 if places else len(row) + 1)
        row[ends[-1] :] = stop
    return written[:, : max(ends)]


def case_with_stops(student, reference, draw, steps, apart=2, stops=range(1, 6), prompt_len=3):
    """A model, prompts and a stop token that the rows reach at different steps, all of them before the last.

    Where the rows are apart, one that is finished would write something else if it were left to go on.
    """
    for _ in range(500):
        judge = drawn_judge(reference, draw)
        ids = draw.ids(6, 40, prompt_len)
        written = greedy_by_hand(judge, ids, steps)[:, prompt_len:]
        for stop in draw.shuffled(stops):
            rows = rows_that_stop(written, stop, apart)
            if rows is not None:
                times = [row.index(stop) for row in written[rows].tolist()]
                return learners(student, judge), ids[rows], stop, written[rows], times
    raise RuntimeError("no case with stop tokens was found")


def rows_that_stop(written, stop, apart):
    """Three rows that reach the stop token after the first step and before the last but one; None without such."""
    times = {i: row.index(stop) for i, row in enumerate(written.tolist()) if stop in row}
    able = [i for i, time in times.items() if 1 <= time < written.shape[1] - 2]
    for rows in itertools.combinations(able[:12], 3):
        ends = [times[i] for i in rows]
        goes_on = any((written[i, times[i] : max(ends)] != stop).any() for i in rows)
        if max(ends) - min(ends) >= apart and (goes_on or not apart):
            return list(rows)
    return None


# -- greedy ----------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_each_token_comes_from_the_last_position(student, reference, draw, expect):
    """Greedily, each new token is the best one after all tokens so far, the prompt included in the result."""
    model, ids, wanted = telling_case(student, reference, draw, 4, 3, 4)
    expect.equal(student.generate(model, ids, 4, temperature=0), wanted)


@pytest.mark.points(3)
def test_the_context_slides(student, reference, draw, expect):
    """Past `max_len` the model reads the last `max_len` tokens, no more and no fewer."""
    model, ids, wanted = telling_case(student, reference, draw, 5, 5, 9)
    expect.equal(student.generate(model, ids, 9, temperature=0), wanted)


def test_a_prompt_longer_than_the_context(student, reference, draw, expect):
    """A prompt longer than `max_len` is kept whole in the result and read from its end."""
    model, ids, wanted = telling_case(student, reference, draw, 3, 11, 3)
    expect.equal(student.generate(model, ids, 3, temperature=0), wanted)


@pytest.mark.points(2)
def test_a_second_text_is_written_anew(student, reference, draw, expect):
    """The same prompts under other weights are continued as those weights say: nothing is kept from the first call."""
    model, ids, wanted = telling_case(student, reference, draw, 4, 3, 4)
    expect.equal(student.generate(model, ids, 4, temperature=0), wanted)
    while True:
        other, judge = make(student, reference, draw)
        changed = greedy_by_hand(judge, ids, 4)
        if not torch.equal(changed, wanted):
            break
    model.load_state_dict(other.state_dict())
    expect.equal(student.generate(model, ids, 4, temperature=0), changed)


def another_model(nn):
    """A model that is no GPT: it has no positions, and its `max_len` stands in its config alone."""
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Embedding(6, 8), layer, nn.Linear(8, 6)).double().eval()


def last(n):
    """A read of the last `n` ids."""
    return lambda judge, ids: judge(ids[:, -n:].contiguous())[:, -1]


def test_any_model_with_a_config_will_do(student, draw, expect):
    """All that is asked of a model are `model(ids)` and `model.config.max_len`, so that others than a GPT write too."""
    judge = another_model(torch.nn)
    while True:
        judge.load_state_dict({name: draw.normal(*value.shape) for name, value in judge.state_dict().items()})
        ids = draw.ids(6, 3, 3)
        wanted = greedy_by_hand(judge, ids, 6, last(4))
        if all(not torch.equal(wanted, greedy_by_hand(judge, ids, 6, last(n))) for n in (1, 3, 5, 99)):
            break
    model = another_model(nn_of(student))
    model.load_state_dict(judge.state_dict())
    student.imported("builtins").setattr(model, "config", student.imported("types").SimpleNamespace(max_len=4))
    expect.equal(student.generate(model, ids, 6, temperature=0), wanted)


@pytest.mark.hidden
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 2)], ids=str)
def test_prompts_of_other_shapes(student, reference, draw, expect, shape):
    """A batch of one, a prompt of one token and a prompt that fills the context are no special case."""
    model, ids, wanted = telling_case(student, reference, draw, *shape, 5)
    expect.equal(student.generate(model, ids, 5, temperature=0), wanted)


@pytest.mark.points(0.5)
def test_no_new_tokens(student, reference, draw, expect):
    """With `max_new_tokens=0` the prompts come back."""
    model, _ = make(student, reference, draw)
    ids = draw.ids(6, 2, 4)
    expect.equal(student.generate(model, ids, 0, temperature=0), ids)


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


@pytest.mark.points(0.5)
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_the_mode_comes_back(student, reference, draw, expect, training):
    """A model that was training trains on afterwards, and one in eval mode stays there."""
    model, _ = make(student, reference, draw)
    model.train(training)
    student.generate(model, draw.ids(6, 2, 3), 2, temperature=0)
    expect.equal(model.training, training, "`generate` left the model in another mode than it came in.")
    expect.equal(model.blocks[0].training, training, "`generate` left a block of the model in another mode.")


@pytest.mark.points(0.5)
def test_the_mode_comes_back_after_an_error(student, reference, draw, expect):
    """When something raises on the way, the model is in its old mode all the same."""
    model, _ = make(student, reference, draw)
    model.train()
    expect.raises(Exception, student.generate, model, torch.tensor([[1, 99]]), 2, temperature=0)
    expect.equal(model.training, True, "After an error `generate` left the model in eval mode.")


@pytest.mark.points(0.5)
def test_the_mode_comes_back_where_nothing_is_generated(student, reference, draw, expect):
    """With no tokens to generate, or with arguments that are refused, the model stays in its mode too."""
    model, _ = make(student, reference, draw)
    model.train()
    student.generate(model, draw.ids(6, 2, 3), 0, temperature=0)
    expect.equal(model.training, True, "With `max_new_tokens=0` the model was left in eval mode.")
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), 2)
    expect.equal(model.training, True, "After a ValueError the model was left in eval mode.")


def test_no_gradients_are_kept(student, reference, draw, expect):
    """Generating keeps nothing for a backward pass."""
    model, _ = make(student, reference, draw)
    ids = draw.ids(6, 2, 3)
    with student.counting() as counts:
        student.generate(model, ids, 2, temperature=0)
    message = "While generating, bytes were saved for a backward pass; under torch.no_grad() none are."
    expect.equal(counts.saved_bytes, 0, message)


@pytest.mark.alone
@pytest.mark.hidden
def test_a_deep_model_generates_in_little_memory(student, draw, expect):
    """With 192 MiB of memory, a GPT of 32 layers reads 384 tokens: each layer's attention weights take 9 MiB."""
    gpt = student.imported("ch5_models.gpt")
    sizes = {"vocab_size": 6, "max_len": 384, "d_model": 16, "n_layers": 32, "n_heads": 16, "d_ff": 8}
    model, ids = gpt.GPT(gpt.GPTConfig(**sizes)), draw.ids(6, 1, 384)
    student.generate(model, ids[:, :9], 1, temperature=0)  # what a library sets up at the first call is there
    with student.memory(192 * 2**20):
        came = student.generate(model, ids, 1, temperature=0)
    expect.equal(came[:, :384], ids)


@pytest.mark.points(0.5)
def test_the_model_can_be_trained_afterwards(student, reference, draw, expect):
    """After generating, a backward pass fills the gradients of all parameters as ever."""
    model, judge = make(student, reference, draw)
    ids = draw.ids(6, 2, 3)
    student.generate(model, ids, 2, temperature=0)
    cotangent = draw.normal(2, 3, 6)
    for side in (model, judge):
        (side(ids) * cotangent).sum().backward()
    came, wanted = model.gradients(), judge.gradients()
    for name in sorted(set(came) & set(wanted)):
        expect.true(came[name] is not None, f"After generating, a backward pass gives `{name}` no gradient.")
        expect.close(came[name], wanted[name], f"After generating, the gradient of `{name}` is wrong.")
    partial, call = student.imported("functools").partial, student.imported("operator").call
    calls = [partial(student.generate, model, ids, 2, temperature=0), partial(model, ids)]
    _, logits = student.imported("builtins").list(student.imported("builtins").map(call, calls))
    expect.true(logits.requires_grad, "After generating, the model's logits do not require gradients.")


# -- stop tokens -----------------------------------------------------------------------------------------


@pytest.mark.points(2)
def test_a_finished_row_is_filled_with_the_stop_token(student, reference, draw, expect):
    """A row that has generated the stop token keeps it and is filled up with it, while the others go on."""
    model, ids, stop, written, times = case_with_stops(student, reference, draw, 8)
    came = student.generate(model, ids, max(times), temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([ids, stopped(written[:, : max(times)], stop)], dim=1))


@pytest.mark.points(2)
def test_it_ends_when_all_rows_are_finished(student, reference, draw, expect):
    """When the last row has generated its stop token, nothing more is added."""
    model, ids, stop, written, _ = case_with_stops(student, reference, draw, 8, apart=0)
    came = student.generate(model, ids, 8, temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([ids, stopped(written, stop)], dim=1))


@pytest.mark.points(0.5)
def test_the_stop_token_may_be_zero(student, reference, draw, expect):
    """`stop_id=0` ends rows and fills them up as any other does; only None means that there is none."""
    for apart in (0, 2):
        model, ids, stop, written, _ = case_with_stops(student, reference, draw, 8, apart, stops=[0])
        came = student.generate(model, ids, 8, temperature=0, stop_id=stop)
        expect.equal(came, torch.cat([ids, stopped(written, stop)], dim=1))


def test_a_stop_token_in_the_prompt_does_not_count(student, reference, draw, expect):
    """Only a generated stop token finishes a row."""
    while True:
        judge = drawn_judge(reference, draw)
        stop = draw.integer(1, 5)
        ids = draw.ids(6, 3, 4)
        ids[:, 0] = ids[1, 3] = stop
        written = greedy_by_hand(judge, ids, 5)[:, 4:]
        if bool((written[:, 0] != stop).all()) and len(written.unique(dim=0)) > 1:
            break
    came = student.generate(learners(student, judge), ids, 5, temperature=0, stop_id=stop)
    expect.equal(came, torch.cat([ids, stopped(written, stop)], dim=1))


@pytest.mark.points(0.5)
def test_without_a_stop_token_nothing_ends(student, reference, draw, expect):
    """With `stop_id=None` every row gets all its tokens; a stop token that never comes changes nothing."""
    while True:
        model, ids, wanted = telling_case(student, reference, draw, 3, 2, 5)
        if not torch.equal(wanted[:, 2:], stopped(wanted[:, 2:], 0)):  # the id 0 comes, and more after it
            break
    expect.equal(student.generate(model, ids, 5, temperature=0), wanted)
    expect.equal(student.generate(model, ids, 5, temperature=0, stop_id=77), wanted)


def test_sampled_rows_stop_too(student, reference, draw, expect):
    """With sampling as well, a row is filled with the stop token after its first one, and all rows end together."""
    model, _ = make(student, reference, draw)
    ids, stop = draw.ids(6, 30, 3), draw.integer(0, 5)
    generator, twin = draw.generator(), torch.Generator()
    twin.set_state(generator.get_state())
    came = student.generate(model, ids, 4, generator, temperature=9.0, stop_id=stop)
    expect.equal(came[:, :3], ids, "The prompts are not at the beginning of the result.")
    written = came[:, 3:]
    wanted = stopped(written, stop)
    width = wanted.shape[1]
    expect.equal(written[:, :width], wanted, "After its stop token a row has another token.")
    expect.equal(written.shape[1], width, "More tokens were added after all rows had their stop token.")
    message = f"{width} tokens were added to each row, not 4, and the last one of a row is not the stop token."
    expect.true(width == 4 or bool((written[:, -1] == stop).all()), message)
    free = student.generate(model, ids, 4, twin, temperature=9.0)[:, 3:]
    expect.equal(written[:, 0], free[:, 0], "With `stop_id` the first new tokens are not those without it.")


# -- sampling --------------------------------------------------------------------------------------------


@pytest.mark.points(3)
def test_two_sampled_tokens_follow_the_model(student, reference, draw, expect):
    """In 4000 rows, each pair of new tokens comes as often as the model's two predictions say together."""
    while True:
        judge = drawn_judge(reference, draw, vocab_size=4)
        ids = draw.ids(4, 1, 3)
        with torch.no_grad():
            first = (judge(ids)[0, -1] / 3).softmax(-1)
            longer = torch.cat([ids.expand(4, 3), torch.arange(4)[:, None]], dim=1)
            second = (judge(longer)[:, -1] / 3).softmax(-1)
        if first.max() < 0.6 and (first @ second).max() < 0.6 and (second - second[0]).abs().max() > 0.2:
            break
    model = learners(student, judge, vocab_size=4)
    came = student.generate(model, ids.expand(ROWS, 3).contiguous(), 2, draw.generator(), temperature=3.0)
    expect.shape(came, (ROWS, 5))
    expect.equal(came[:, :3], ids.expand(ROWS, 3), "The prompt is not at the beginning of the result.")
    counts = torch.bincount(came[:, 3] * 4 + came[:, 4], minlength=16).double()
    check_shares(expect, counts, first[:, None] * second, "The pairs of tokens do not come as often as the model says.")


def test_the_usual_temperature_is_one(student, reference, draw, expect):
    """Where no temperature is given, the draws follow the softmax of the model's logits as they are."""
    while True:
        judge = drawn_judge(reference, draw)
        ids = draw.ids(6, 1, 4)
        with torch.no_grad():
            probabilities = judge(ids)[0, -1].softmax(-1)
        if 0.3 < probabilities.max() < 0.7:
            break
    came = student.generate(learners(student, judge), ids.expand(ROWS, 4).contiguous(), 1, draw.generator())
    counts = torch.bincount(came[:, -1], minlength=6).double()
    check_shares(expect, counts, probabilities, "Without a temperature the draws do not follow the softmax.")


@pytest.mark.points(1.5)
@pytest.mark.parametrize(
    "knobs", [{"top_k": 2}, {"top_p": 0.6}, {"top_k": 3, "top_p": 0.7}], ids=["top_k", "top_p", "both"]
)
def test_the_filters_are_passed_on(student, reference, draw, expect, knobs):
    """`top_k` and `top_p` limit what is drawn, each alone and both together, after the temperature."""
    while True:
        judge = drawn_judge(reference, draw)
        ids = draw.ids(6, 1, 4)
        with torch.no_grad():
            probabilities = (judge(ids)[0, -1] / 2).softmax(-1)
        order = probabilities.argsort(descending=True)
        by_k = order[: knobs.get("top_k", 6)]
        sums = (probabilities[by_k] / probabilities[by_k].sum()).cumsum(0)
        wanted_p = knobs.get("top_p", 1.0)
        n_kept = min(int((sums < wanted_p).sum()) + 1, len(by_k))
        clear = "top_p" not in knobs or float((sums - wanted_p).abs().min()) > 0.01
        lost = [probabilities[order[n_kept:]].sum(), probabilities[by_k[n_kept:]].sum() if len(knobs) > 1 else 1.0]
        if clear and n_kept > 1 and min(lost) > 0.05:
            break
    wanted = torch.zeros(6, dtype=torch.float64)
    wanted[by_k[:n_kept]] = probabilities[by_k[:n_kept]] / probabilities[by_k[:n_kept]].sum()
    prompts = ids.expand(ROWS, 4).contiguous()
    came = student.generate(learners(student, judge), prompts, 1, draw.generator(), temperature=2.0, **knobs)
    counts = torch.bincount(came[:, -1], minlength=6).double()
    message = f"With {knobs} and temperature 2 the draws do not follow what the filters leave."
    check_shares(expect, counts, wanted, message)


@pytest.mark.points(2)
def test_the_generator_decides(student, reference, draw, expect):
    """The same generator state gives the same text, and a generator that went on gives another."""
    model, _ = make(student, reference, draw)
    ids, generator, twin = draw.ids(6, 8, 3), draw.generator(), torch.Generator()
    twin.set_state(generator.get_state())
    first = student.generate(model, ids, 6, generator, temperature=9.0)
    again = student.generate(model, ids, 6, twin, temperature=9.0)
    expect.equal(again, first, "The same generator state gave another text.")
    other = student.generate(model, ids, 6, generator, temperature=9.0)
    expect.true(not torch.equal(first, other), "A second text with the same generator repeats the first.", actual=other)


# -- arguments -------------------------------------------------------------------------------------------


@pytest.mark.points(0.5)
def test_sampling_needs_a_generator(student, reference, draw, expect):
    """Sampling without a generator raises a ValueError; greedy decoding needs none."""
    model, _ = make(student, reference, draw)
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), 2)
    expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), 2, temperature=0.7)


@pytest.mark.points(0.5)
def test_an_empty_prompt_is_refused(student, reference, draw, expect):
    """An empty prompt raises a ValueError: there is no last position to predict from."""
    model, _ = make(student, reference, draw)
    expect.raises(ValueError, student.generate, model, torch.zeros(2, 0, dtype=torch.int64), 2, temperature=0)


@pytest.mark.points(0.5)
def test_a_negative_count_is_refused(student, reference, draw, expect):
    """A negative number of tokens raises a ValueError that names it."""
    model, _ = make(student, reference, draw)
    for count in (-1, -4):
        expect.raises(ValueError, student.generate, model, draw.ids(6, 2, 3), count, temperature=0, mentions=count)
