"""What several calls show of a wrong answer: a failed call is asked again on both sides, the same and with changes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from answer_files import CURRICULUM, LAYOUT
from miniature import Kit, result_of

from grader.author.recordings import Take, joined
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import JudgeMode, RecordedReference, RecordMode
from grader.protocol.results import Recorded, Verdict

SOLUTION = '''"""# Pick

Numbers picked and mixed.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def pick(x: Float[Tensor, "n"], k: int, largest: bool = True) -> Float[Tensor, "k"]:
    """The k largest or smallest."""
    # TODO: sort, cut.
    return x.sort(descending=largest).values[:k]


def mix(q: Float[Tensor, "n"], k: Float[Tensor, "n"], scale: float = 1.0) -> Float[Tensor, "n"]:
    """A difference."""
    # TODO: subtract.
    return scale * (q - 2 * k)


def shuffle(x: Float[Tensor, "n"], generator: torch.Generator) -> Float[Tensor, "n"]:
    """In an order that the generator draws."""
    # TODO: draw an order.
    return x[torch.randperm(len(x), generator=generator)]


class Layer(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Float[Tensor, "n"]) -> Float[Tensor, "n"]:
        """The input is added."""
        # TODO: scale, shift, add.
        return x + torch.tanh(x * self.weight + self.bias)
'''
SUITE = '''"""Pick."""

import pytest
import torch


def test_pick(student, reference, draw, expect):
    """The first k."""
    x = draw.normal(9)
    expect.close(student.pick(x, 3, largest=True), reference.pick(x, 3, largest=True))


def test_mix(student, reference, draw, expect):
    """A difference."""
    q, k = draw.normal(9), draw.normal(9)
    expect.close(student.mix(q, k, scale=0.4), reference.mix(q, k, scale=0.4))
    k[3] += 1
    expect.close(student.mix(q, k, scale=0.4), reference.mix(q, k, scale=0.4), "Another call.")
    expect.close(student.mix(q, k, scale=0.9), reference.mix(q, k, scale=0.9), "Another scale.")
    expect.close(student.mix(q, k, scale=0.9), reference.mix(q, k, scale=0.9), "The same again.")


def test_shuffle(student, draw, expect):
    """The generator decides."""
    x = draw.normal(9)
    first = student.shuffle(x, torch.Generator().manual_seed(5))
    expect.close(student.shuffle(x, torch.Generator().manual_seed(5)), first, "Another order.")


def layers(student, reference, x):
    state = {"weight": 0.5 + x.flip(0), "bias": x / 3}
    both = [side.Layer(len(x)).double() for side in (student, reference)]
    for layer in both:
        layer.load_state_dict(state)
    return both


def test_layer(student, reference, draw, expect):
    """The layer adds its input."""
    x = draw.normal(9)
    mine, right = layers(student, reference, x)
    expect.close(mine(x), right(x))


def test_gradients(student, reference, draw, expect):
    """The gradients come back."""
    x, y, probe = draw.normal(9, grad=True), draw.normal(9), draw.normal(9)
    mine, right = layers(student, reference, y)
    (mine(x) * probe).sum().backward()
    came, x.grad = x.grad, None
    (right(x) * probe).sum().backward()
    expect.true(came is not None and torch.allclose(came, x.grad), "The gradient of x is wrong.")
    expect.true(mine.gradients()["bias"] is not None, "The bias does not learn.")


@pytest.mark.hidden
def test_hidden(student, reference, draw, expect):
    """The same on other numbers."""
    x = draw.normal(7)
    expect.close(student.pick(x, 2, largest=False), reference.pick(x, 2, largest=False))
'''
BODY = "import" + SOLUTION.partition("import")[2]
SCALE = "scale * (q - 2 * k)"
ORDER = "torch.randperm(len(x), generator=generator)"
ADDED = "x + torch.tanh(x * self.weight + self.bias)"
KEPT = "kept = {}\n\n\ndef once(key, value):\n    return kept.setdefault(key, value)\n\n\n"
SHAPES = {
    "one larger": ("[:k]", "[: k + 1].clone()", "test_pick", "The result is the right one for `k = 4`, but `k` is 3."),
    "turned": (
        "descending=largest", "descending=not largest", "test_pick",
        "The result is the right one for `largest = False`, but `largest` is True.",
    ),
    "exchanged": (SCALE, "scale * (k - 2 * q)", "test_mix", "The result is the right one for `q` and `k` exchanged."),
    "no effect": (
        SCALE, "(q - 2 * k)", "test_mix",
        "The result stays the same with another `scale` (0.2, 0.3, 0.7); it ought to change.",
    ),
    "remembered": (
        SCALE, "once('k', k) * 0 + scale * (q - 2 * kept['k'])", "test_mix",
        "In a fresh process this call is right. What earlier calls left behind changes the result.",
    ),
    "right at first": (
        SCALE, "scale * (q - 2 * k) + (kept.update(n=kept.get('n', -1) + 1) or float(kept['n'] > 2))", "test_mix",
        "An earlier call in this test, with the same arguments, is right; this one gives another result.",
    ),
    "never the same": (
        SCALE, "scale * (q - 2 * k) + (kept.update(n=kept.get('n', 0) + 1) or kept['n'])", "test_mix",
        "The same call twice gives two different results, with the same arguments and the same random seed.",
    ),
    "drawn": (
        SCALE, "scale * (q - 2 * k) + torch.rand(9)", "test_mix",
        "The result depends on the random state: another seed gives another result. It ought not to.",
    ),
    "global generator": (
        ORDER, "torch.randperm(len(x))", "test_shuffle",
        "The result is not settled by `generator`: numbers are drawn from the global random state.",
    ),
    "never repeated": (
        ORDER, "torch.randperm(len(x), generator=torch.Generator().manual_seed(torch.seed()))", "test_shuffle",
        "The same call twice gives two different results, with generators in the same state.",
    ),
    "unused": (
        ADDED, "x + torch.tanh(x * self.weight)", "test_layer",
        "The result stays the same when the parameter `bias` is changed; it ought to change.",
    ),
    "silent": (
        ADDED, "x + torch.tanh(x * self.weight + self.bias.detach())", "test_gradients",
        "The parameter `bias` takes part in the result, but gets no gradient from it.",
    ),
    "detached": (ADDED, f"({ADDED}).detach()", "test_layer", ""),
    "cut before": (
        ADDED, "x + torch.tanh(x.detach() * self.weight + self.bias)", "test_gradients",
        "The gradient of `x` is that of the result, unchanged: nothing is added to it on the way back.",
    ),
    "cut around": (
        ADDED, "x.detach() + torch.tanh(x * self.weight + self.bias)", "test_gradients",
        "The gradient of `x` lacks one term: the gradient of the result itself, as a sum passes it on.",
    ),
    "no gradient": (
        ADDED, "(x + torch.tanh(x * self.weight + self.bias).detach()).detach() + 0 * self.bias + 0 * self.weight",
        "test_gradients", "No gradient comes back to `x`.",
    ),
}  # fmt: skip


def facts_of(kit: Kit, text: str, test: str) -> tuple[str, ...]:
    kit.layout.solution_file(kit.name).write_text(SOLUTION, encoding="utf-8")
    kit.layout.mistakes_file(kit.name).unlink(missing_ok=True)
    kit.layout.suite_file(kit.name).write_text(SUITE, encoding="utf-8")
    kit.file.write_text(text, encoding="utf-8")
    job = build_job(kit.layout, kit.curriculum.get(kit.name), seed=1)
    found = result_of(kit.judge_job(msgspec.structs.replace(job, mode=JudgeMode(several=False))), test)
    assert found.failure is None or found.verdict is Verdict.FAILED
    return found.failure.facts if found.failure is not None else ()


@pytest.mark.parametrize(("right", "wrong", "test", "says"), SHAPES.values(), ids=SHAPES)
def test_what_is_said(kit: Kit, right: str, wrong: str, test: str, says: str) -> None:
    assert BODY.count(right) == 1
    head, _, rest = BODY.partition("\n\n\n")
    text = f"{head}\n\n\n{KEPT}{rest}".replace(right, wrong)
    facts = facts_of(kit, text, test)
    assert (says in facts) if says else facts == ()
    assert len(facts) <= 2


def test_a_hidden_test_is_not_run_again(kit: Kit) -> None:
    text = BODY.replace("descending=largest", "descending=True")
    assert facts_of(kit, text, "test_hidden") == ()


REAL = {
    "ch2_embeddings/embedding/rows_as_they_were_at_the_start": (
        "The result stays the same when the parameter `weight` is changed; it ought to change."
    ),
    "ch3_attention/masks/causal_mask_cached": (
        "An earlier call in this test, with the same arguments, is right; this one gives another result."
    ),
    "ch3_attention/positions/one_table_for_each_width": (
        "In a fresh process this call is right. What earlier calls left behind changes the result."
    ),
    "ch6_training/loss/worked_out_in_numpy": "No gradient comes back to `logits`.",
    "ch7_inference/sampling/zeros_for_removed_and_no_generator": (
        "The result is not settled by `generator`: numbers are drawn from the global random state."
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_what_is_said_of_answers_to_real_exercises(name: str, judge: Judge) -> None:
    path = Path(__file__).parent / "wrong_answers" / f"{name}.py"
    exercise = CURRICULUM.get(name.rpartition("/")[0])
    learner = source_in(LAYOUT, exercise, LAYOUT.solutions, path)
    mode = JudgeMode(spare_long_tests=True, several=False)
    job = msgspec.structs.replace(build_job(LAYOUT, exercise, learner=learner, seed=1, mode=mode), mutants=())
    facts = [fact for test in judge.judge(job).tests if test.failure is not None for fact in test.failure.facts]
    assert REAL[name] in facts


# -- a learner's kit, which has no solution to ask ----------------------------------------------------


def recorded_facts_of(kit: Kit, judge: Judge, text: str, test: str) -> tuple[str, ...]:
    """As a learner's kit finds them: the reference's answers were recorded, and it is not there."""
    kit.layout.solution_file(kit.name).write_text(SOLUTION, encoding="utf-8")
    kit.layout.mistakes_file(kit.name).unlink(missing_ok=True)
    kit.layout.suite_file(kit.name).write_text(SUITE, encoding="utf-8")
    exercise, stub, recording = kit.curriculum.get(kit.name), kit.layout.root / "stub.py", kit.layout.root / "a.rec"
    learner = source_in(kit.layout, exercise, kit.layout.solutions)
    judge.submit(build_job(kit.layout, exercise, learner=learner, seed=1, mode=RecordMode()))
    taken = next(event.take for _, event in judge.events() if isinstance(event, Recorded))
    recording.write_bytes(joined(kit.name, [Take(1, taken)]))
    stub.write_text(SOLUTION, encoding="utf-8")
    kit.file.write_text(text, encoding="utf-8")
    job = build_job(kit.layout, exercise, seed=1, mode=JudgeMode(several=False))
    job = msgspec.structs.replace(job, reference=RecordedReference(str(recording), str(stub)), mutants=())
    judged = kit.judge_job(job)
    assert judged.problem is None, judged.problem
    found = result_of(judged, test)
    assert found.failure is not None and found.verdict is Verdict.FAILED
    return found.failure.facts


@pytest.mark.parametrize("shape", ["right at first", "no effect", "one larger", "global generator"])
def test_what_is_said_without_a_solution(kit: Kit, judge: Judge, shape: str) -> None:
    """Only what the test itself has asked of both sides can be told."""
    right, wrong, test, says = SHAPES[shape]
    head, _, rest = BODY.partition("\n\n\n")
    facts = recorded_facts_of(kit, judge, f"{head}\n\n\n{KEPT}{rest}".replace(right, wrong), test)
    assert (says in facts) == (shape == "right at first")


def test_equal_results_of_different_calls_without_a_solution(kit: Kit, judge: Judge) -> None:
    wrong = BODY.replace(SCALE, "0.4 * (q - 2 * k)")
    assert recorded_facts_of(kit, judge, wrong, "test_mix") == (
        "The result is the same as that of an earlier call with another `scale`; the two ought to differ.",
        "Every value is 0.4444 times what was wanted.",
    )
