"""Counts of work are made in the learner's process, which may forge them. What they stand for, the kernel measures."""

from __future__ import annotations

from pathlib import Path

import pytest
from answer_files import CURRICULUM, LAYOUT

from grader.course.mistakes import load_mutants
from grader.judge.client import Judge
from grader.judge.job_builder import build_job, source_in
from grader.protocol.jobs import JudgeMode

COUNTED = {
    "ch3_attention/sparse": (
        "test_the_work_grows_with_the_length_alone",
        "test_a_hundred_thousand_tokens_are_no_trouble",
    ),
    "ch7_inference/online_softmax": (
        "test_the_matrix_of_scores_is_never_held",
        "test_a_long_text_fits_where_its_scores_do_not",
    ),
    "ch7_inference/kv_cache": (
        "test_a_step_costs_one_token_and_the_keys_so_far",
        "test_a_step_after_three_thousand_tokens_takes_little_memory",
    ),
    "ch7_inference/cached_llama": (
        "test_a_step_costs_one_token_and_the_keys_so_far",
        "test_a_step_after_three_thousand_tokens_takes_little_memory",
    ),
}
TOO_MUCH = {
    "ch3_attention/sparse": "all-pairs-masked",
    "ch7_inference/online_softmax": "all-scores-at-once",
    "ch7_inference/kv_cache": "reads-everything-again",
    "ch7_inference/cached_llama": "reads-everything-again",
}
FORGERIES = {
    "counts": "OpCounter.counts = lambda self: WorkCounts(1, 1, 1)",
    "tally": "OpCounter.see = lambda *_: None\nOpCounter.flops = property(lambda self: 1, lambda self, _: None)",
    "mode": "from torch.utils import _python_dispatch\n"
    "_python_dispatch.TorchDispatchMode.__enter__ = lambda self: self\n"
    "_python_dispatch.TorchDispatchMode.__exit__ = lambda *_: None",
    "store": "import torch\n"
    "STORE = torch.empty(700 * 2**20, dtype=torch.uint8)  # address space for later\n"
    "def _freeing(function):\n"
    "    def call(*args, **kwargs):\n"
    "        globals().pop('STORE', None)\n"
    "        return function(*args, **kwargs)\n"
    "    return call\n"
    "torch.Tensor.__matmul__ = _freeing(torch.Tensor.__matmul__)\n"
    "OpCounter.counts = lambda self: WorkCounts(1, 1, 1)",
    "limit": "import resource\n"
    "resource.setrlimit(resource.RLIMIT_AS, (resource.getrlimit(resource.RLIMIT_AS)[1],) * 2)\n"
    "OpCounter.counts = lambda self: WorkCounts(1, 1, 1)",
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("name", COUNTED)
def test_forged_counts_do_not_hide_too_much_work(name: str, forgery: str, judge: Judge, tmp_path: Path) -> None:
    mutant = next(item for item in load_mutants(LAYOUT, name) if item.mistake.name == TOO_MUCH[name])
    forged = "from grader.protocol.messages import WorkCounts\nfrom grader.worker.counting import OpCounter\n"
    file = tmp_path / "forged.py"
    file.write_text(f"{mutant.source}\n\n{forged}{FORGERIES[forgery]}\n")
    learner = source_in(LAYOUT, CURRICULUM.get(name), LAYOUT.solutions, file)
    job = build_job(LAYOUT, CURRICULUM.get(name), seed=3, learner=learner, mode=JudgeMode(diagnose=False))
    result = judge.judge(job)
    counted, measured = COUNTED[name]
    told = {str(test.verdict) for test in result.tests if test.name.startswith(counted)}
    assert "passed" in told, "the forgery is none"
    assert {str(t.verdict) for t in result.tests if t.name.startswith(measured)} == {"failed"}
