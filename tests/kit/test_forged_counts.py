"""Counts of work are made in the learner's process, which may forge them. What they stand for, the kernel measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from answer_files import CURRICULUM, LAYOUT
from miniature import Kit, result_of

from grader.course.mistakes import load_mutants
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import JudgeMode
from grader.protocol.results import Verdict

CASES = (  # the exercise, a mistake that does too much, the test that counts, the one that measures
    (
        "ch2_embeddings/toy_lm",
        "mean-loss-with-gradients-on",
        "test_the_mean_loss_needs_no_gradients",
        "test_the_mean_loss_of_a_deep_model_takes_little_memory",
    ),
    (
        "ch3_attention/sparse",
        "all-pairs-masked",
        "test_the_work_grows_with_the_length_alone[operations]",
        "test_fifty_thousand_tokens_are_no_trouble",
    ),
    (
        "ch5_models/translator",
        "greedy-with-gradients",
        "test_no_gradients_are_kept",
        "test_a_deep_model_translates_in_little_memory",
    ),
    (
        "ch6_training/train",
        "evaluation-keeps-the-graph",
        "test_evaluation_keeps_no_gradients",
        "test_evaluation_of_a_deep_model_takes_little_memory",
    ),
    (
        "ch7_inference/generate",
        "gradients-kept",
        "test_no_gradients_are_kept",
        "test_a_deep_model_generates_in_little_memory",
    ),
    (
        "ch7_inference/online_softmax",
        "all-scores-at-once",
        "test_the_matrix_of_scores_is_never_held[False]",
        "test_a_long_text_fits_where_its_scores_do_not[False]",
    ),
    *(
        (f"ch7_inference/{name}", mistake, counted, measured)
        for name, of_gradients in (
            ("kv_cache", "test_nothing_is_kept_for_gradients"),
            ("cached_llama", "test_nothing_is_kept_for_gradients_and_the_mode_stays"),
        )
        for mistake, counted, measured in (
            (
                "reads-everything-again",
                "test_a_step_costs_one_token_and_the_keys_so_far",
                "test_a_step_after_three_thousand_tokens_takes_little_memory",
            ),
            ("gradients-kept", of_gradients, "test_a_prompt_of_a_deep_model_takes_little_memory"),
        )
    ),
)
DETACHED = """
def _detached(function):
    return lambda *args: function(*args).detach()
for _one in (globals().get("CachedGPT"), globals().get("CachedLlama")):
    if _one is not None:
        _one.prefill = _detached(_one.prefill)
"""
FORGERIES = {
    "counts": "OpCounter.counts = lambda self: WorkCounts(1, 1, 0)",
    "tally": "OpCounter.see = lambda *_: None\nOpCounter.flops = property(lambda self: 1, lambda self, _: None)\n"
    "OpCounter.saved_bytes = property(lambda self: 0, lambda self, _: None)",
    "mode": "from torch.utils import _python_dispatch\n"
    "_python_dispatch.TorchDispatchMode.__enter__ = lambda self: self\n"
    "_python_dispatch.TorchDispatchMode.__exit__ = lambda *_: None\n"
    "import torch\n"
    "torch.autograd.graph.saved_tensors_hooks.__enter__ = lambda self: self\n"
    "torch.autograd.graph.saved_tensors_hooks.__exit__ = lambda *_: None",
    "store": "import torch\n"
    "STORE = torch.empty(700 * 2**20, dtype=torch.uint8)  # address space for later\n"
    "def _freeing(function):\n"
    "    def call(*args, **kwargs):\n"
    "        globals().pop('STORE', None)\n"
    "        return function(*args, **kwargs)\n"
    "    return call\n"
    "torch.Tensor.__matmul__ = _freeing(torch.Tensor.__matmul__)\n"
    "OpCounter.counts = lambda self: WorkCounts(1, 1, 0)",
    "limit": "import resource\n"
    "resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)\n"
    "OpCounter.counts = lambda self: WorkCounts(1, 1, 0)",
}


LIMITS = '''import resource

import torch


def double(x):
    """How much may be mapped and written, in MiB."""
    kinds = (resource.RLIMIT_AS, resource.RLIMIT_DATA)
    return torch.tensor([resource.getrlimit(kind)[0] / 2**20 for kind in kinds])


def halve(x):
    return x / 2
'''
MEASURES = '''"""What is left."""


def test_double(student, draw, expect):
    """Mapped memory and written memory are both bounded: the text of the libraries is no room to write in."""
    before, _ = student.double(draw.normal(1)).tolist()
    with student.memory(40 * 2**20):
        mapped, written = student.double(draw.normal(1)).tolist()
    expect.less(mapped, before, "So much may be mapped:")
    expect.less(written, mapped - 100, "So much may be written:")


def test_halve(student, draw, expect):
    """Every element comes back half as large."""
    x = draw.normal(4, 2)
    expect.close(student.halve(x), x / 2)
'''


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system says nothing of its processes")
def test_what_is_written_is_bounded_beside_what_is_mapped(judge: Judge, tmp_path: Path) -> None:
    """Whoever unmaps a library has room below the one bound, and not below the other."""
    found = result_of(Kit(tmp_path, judge).judge_with(MEASURES, LIMITS), "test_double")
    assert found.verdict is Verdict.PASSED, found.failure


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def test_forged_counts_do_not_hide_too_much_work(
    case: tuple[str, str, str, str], forgery: str, judge: Judge, tmp_path: Path
) -> None:
    name, mistake, counted, measured = case
    mutant = next(item for item in load_mutants(LAYOUT, name) if item.mistake.name == mistake)
    forged = "from grader.protocol.messages import WorkCounts\nfrom grader.worker.counting import OpCounter\n"
    file = tmp_path / "forged.py"
    file.write_text(f"{mutant.source}\n\n{forged}{FORGERIES[forgery]}\n{DETACHED}")
    learner = source_in(LAYOUT, CURRICULUM.get(name), LAYOUT.solutions, file)
    mode = JudgeMode(diagnose=False, only=(counted, measured))
    job = build_job(LAYOUT, CURRICULUM.get(name), seed=3, learner=learner, mode=mode)
    result = judge.judge(job)
    told = {str(test.verdict) for test in result.tests if test.name.startswith(counted)}
    assert "passed" in told, "the forgery is none"
    assert {str(t.verdict) for t in result.tests if t.name.startswith(measured)} == {"failed"}
