"""Formulas for operations and memory, against counted ones."""

import pytest
import torch

SIZES = ("vocab_size", "max_len", "d_model", "n_layers", "n_heads", "d_ff")


def gpt_of(student):
    """What the learner's exercise on GPT defines."""
    return student.imported("ch5_models.gpt")


def draw_config(draw, student, **fixed):
    """A configuration in which every product is a good part of the whole: its sizes, and the learner's GPTConfig."""
    n_heads = draw.choice([2, 3, 4, 5])
    d_model = n_heads * draw.choice([4, 6, 8])
    config = {
        "vocab_size": draw.integer(40, 90),
        "max_len": 64,
        "d_model": d_model,
        "n_layers": draw.integer(2, 4),
        "n_heads": n_heads,
        "d_ff": draw.choice([3, 5, 7]) * d_model + 1,
    } | fixed
    return config, gpt_of(student).GPTConfig(**config)


def products(config, batch, seq):
    """Every product of a forward pass as two shapes, one text and one head at a time."""
    d, d_head = config["d_model"], config["d_model"] // config["n_heads"]
    for _ in range(batch):
        for _ in range(config["n_layers"]):
            yield from [((seq, d), (d, d))] * 4
            for _ in range(config["n_heads"]):
                yield (seq, d_head), (d_head, seq)
                yield (seq, seq), (seq, d_head)
            yield (seq, d), (d, config["d_ff"])
            yield (seq, config["d_ff"]), (config["d_ff"], d)
        yield (seq, d), (d, config["vocab_size"])


def counted(config, batch, seq, backward=False):
    """torch's own count of these products, forward alone or with the backward pass."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        for left, right in products(config, batch, seq):
            a = torch.empty(left, device="meta", requires_grad=backward)
            b = torch.empty(right, device="meta", requires_grad=backward)
            c = a @ b
            if backward:
                c.sum().backward()
    return counter.get_total_flops()


def in_words(config, batch, seq):
    return ", ".join(f"{name} {config[name]}" for name in SIZES if name != "max_len") + f", batch {batch}, seq {seq}"


def test_the_example_of_the_brief(student, expect):
    """One layer of width 2, one text of 4 tokens: 560 operations."""
    config = gpt_of(student).GPTConfig(vocab_size=3, max_len=4, d_model=2, n_layers=1, n_heads=1, d_ff=8)
    expect.close(student.forward_flops(config, 1, 4), 560)


@pytest.mark.points(3)
def test_forward_operations_agree_with_your_own_gpt(student, draw, expect):
    """The formula agrees to 1 % with what is counted while your own GPT runs."""
    sizes, config = draw_config(draw, student)
    batch, seq = draw.integer(2, 4), draw.integer(30, 50)
    model, ids = gpt_of(student).GPT(config), draw.ids(sizes["vocab_size"], batch, seq)
    with torch.no_grad(), student.counting() as counts:
        model(ids)
    came = student.forward_flops(config, batch, seq)
    expect.between(
        came,
        0.99 * counts.flops,
        1.01 * counts.flops,
        f"Counted in your GPT: {counts.flops:,} operations ({in_words(sizes, batch, seq)}). `forward_flops` gives:",
    )


OTHER = ["long", "narrow", "one text"]
HIDDEN = ["small", "wide", "deep", "one token"]


@pytest.mark.points(0.5)
@pytest.mark.parametrize("change", [*OTHER, *(pytest.param(c, marks=pytest.mark.hidden) for c in HIDDEN)])
def test_forward_operations_of_other_configurations(student, draw, expect, change):
    """The formula holds for long texts, wide and deep models, a batch of one and a text of one."""
    fixed = {"wide": {"d_ff": 501}, "narrow": {"d_ff": 3}, "deep": {"n_layers": 9}}.get(change, {})
    sizes, config = draw_config(draw, student, **fixed)
    batch = 1 if change == "one text" else draw.integer(2, 4)
    seq = {"long": 90, "one token": 1, "small": 7}.get(change) or draw.integer(30, 50)
    wanted = counted(sizes, batch, seq)
    expect.close(
        student.forward_flops(config, batch, seq), wanted, f"The count is wrong for {in_words(sizes, batch, seq)}."
    )


@pytest.mark.points(0.5)
def test_each_size_changes_the_count(student, expect):
    """Each call counts its own sizes, also right after one in which all others were the same."""
    sizes = {"vocab_size": 11, "max_len": 16, "d_model": 8, "n_layers": 2, "n_heads": 2, "d_ff": 5}
    changes = ["", "vocab_size", "d_model", "n_layers", "d_ff", "batch", "seq"]
    for change in changes:
        batch, seq = (4 if change == "batch" else 2), (6 if change == "seq" else 3)
        config = {name: 2 * size if name == change else size for name, size in sizes.items()}
        came = student.forward_flops(gpt_of(student).GPTConfig(**config), batch, seq)
        expect.close(came, counted(config, batch, seq), f"The count is wrong for {in_words(config, batch, seq)}.")


@pytest.mark.points(0.5)
@pytest.mark.parametrize("batch", [1_021, 20_001, 10**15 + 37])
def test_large_counts_are_exact(student, expect, batch):
    """The operations of a batch for a model like GPT-3, or of very many texts at once, are exact to the last digit."""
    sizes = {"vocab_size": 50_257, "max_len": 2048, "d_model": 12_285, "n_layers": 97, "n_heads": 91, "d_ff": 49_157}
    seq, d = 2047, sizes["d_model"]
    layer = 4 * d * d + 2 * seq * d + 2 * d * sizes["d_ff"]
    wanted = 2 * batch * seq * (sizes["n_layers"] * layer + d * sizes["vocab_size"])
    came = student.forward_flops(gpt_of(student).GPTConfig(**sizes), batch, seq)
    near = isinstance(came, int | float) and abs(came - wanted) * 10**12 < wanted
    hint = "is not exact" if near else "is wrong"
    more = " Python's `int` is exact at any size." if near else ""
    expect.true(
        came == wanted,
        f"The count {hint} for {in_words(sizes, batch, seq)}.{more}",
        actual=came,
        expected=wanted,
    )


@pytest.mark.points(3)
def test_training_costs_three_forward_passes(student, draw, expect):
    """A training step is the forward pass and, for each product, two more going backward."""
    sizes, config = draw_config(draw, student)
    batch, seq = 2, draw.integer(20, 30)
    wanted = counted(sizes, batch, seq, backward=True)
    expect.close(
        student.training_flops(config, batch, seq), wanted, f"The count is wrong for {in_words(sizes, batch, seq)}."
    )


@pytest.mark.points(2)
def test_activations_by_the_published_formula(student, draw, expect):
    """s·b·h·(34 + 5·a·s/h) bytes for each layer."""
    sizes, config = draw_config(draw, student)
    batch, seq = draw.integer(2, 5), draw.integer(10, 50)
    for _ in range(2):
        s, b, h, a = seq, batch, sizes["d_model"], sizes["n_heads"]
        wanted = sizes["n_layers"] * (34 * s * b * h + 5 * a * s * s * b)
        expect.close(
            student.activation_bytes(config, batch, seq),
            wanted,
            f"The estimate is wrong for {in_words(sizes, batch, seq)}.",
        )
        sizes |= {"n_heads": 1}  # the second call differs in the heads alone
        config = gpt_of(student).GPTConfig(**sizes)


def test_activations_of_the_example(student, expect):
    """One layer of width 2 with one head, one text of 4 tokens: 352 bytes."""
    config = gpt_of(student).GPTConfig(vocab_size=3, max_len=4, d_model=2, n_layers=1, n_heads=1, d_ff=8)
    expect.close(student.activation_bytes(config, 1, 4), 352)


@pytest.mark.hidden
@pytest.mark.points(0.5)
def test_activations_of_gpt3(student, expect):
    """GPT-3 with a batch of 1: 96 layers, 2,048 tokens, width 12,288, 96 heads come to 275 GB."""
    config = gpt_of(student).GPTConfig(
        vocab_size=51_200, max_len=2048, d_model=12_288, n_layers=96, n_heads=96, d_ff=49_152
    )
    expect.close(student.activation_bytes(config, 1, 2048), 96 * 2048 * (34 * 12_288 + 5 * 96 * 2048))


def test_your_own_gpt_keeps_about_what_the_formula_says(student, draw, expect):
    """What autograd keeps for one more text in the batch, in float32, is one to five times the estimate for 16 bits."""
    n_heads = draw.choice([2, 4])
    d_model = n_heads * 8
    config = gpt_of(student).GPTConfig(27, 64, d_model, 2, n_heads, 4 * d_model)
    model, seq = gpt_of(student).GPT(config), draw.integer(30, 50)
    kept = []
    for batch in (2, 3):
        with student.counting() as counts:
            model(draw.ids(27, batch, seq))
        kept.append(counts.saved_bytes)
    counted_bytes = kept[1] - kept[0]  # the parameters are kept in both
    came = student.activation_bytes(config, 1, seq)
    message = f"Your GPT keeps {counted_bytes:,} bytes for one more text of {seq} tokens. `activation_bytes` gives:"
    expect.between(came, counted_bytes / 5, counted_bytes, message)


@pytest.mark.points(2)
def test_adamw_keeps_two_numbers_for_each_parameter(student, draw, expect):
    """The optimizer's memory is two values per parameter, of 4 bytes or of as many as are given."""
    n, size = draw.integer(1000, 5000), draw.choice([1, 2, 8])
    expect.close(student.optimizer_bytes(n), 8 * n)
    expect.close(student.optimizer_bytes(n, size), 2 * size * n)
    expect.close(student.optimizer_bytes(n, bytes_per_value=2), 4 * n)


@pytest.mark.points(2)
def test_the_share_of_attention(student, draw, expect):
    """The two seq² products, as a share of all operations of a forward pass."""
    sizes, config = draw_config(draw, student)
    for seq in (1, 8, 40, 40):
        quadratic = sizes["n_layers"] * 2 * 2 * seq * seq * sizes["d_model"]
        expect.close(
            student.attention_share(config, seq),
            quadratic / counted(sizes, 1, seq),
            f"The share is wrong for {in_words(sizes, 1, seq)}.",
        )
        if seq == 40:  # the last call differs in `d_ff` alone
            sizes |= {"d_ff": sizes["d_ff"] + 100}
            config = gpt_of(student).GPTConfig(**sizes)


def test_attention_takes_over_as_the_context_grows(student, expect):
    """For GPT-1 the share grows from about 7 % at 512 tokens towards 1."""
    config = gpt_of(student).GPTConfig(vocab_size=40_478, max_len=512, d_model=768, n_layers=12, n_heads=12, d_ff=3072)
    shares = [student.attention_share(config, seq) for seq in (512, 65_536, 10**7)]
    expect.between(shares[0], 0.05, 0.08, "The share of GPT-1 with 512 tokens is not about 7 %.")
    expect.between(shares[1], 0.85, 0.92, "The share of GPT-1 with 65,536 tokens is not about 90 %.")
    expect.between(shares[2], 0.998, 1.0, "The share does not come near 1 for ten million tokens.")
