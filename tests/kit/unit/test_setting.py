"""What is known of a call: its arrays, the names of its axes, the numbers that objects were made with."""

from __future__ import annotations

from pathlib import Path

import torch

from grader.protocol.results import Call
from grader.tester.contract import Contract, read_contract
from grader.tester.pair import in_words
from grader.tester.setting import setting_of
from grader.tester.transcript import Entry

SOURCE = """
def attention(q: Float[Tensor, "... q_len d_k"], mask: Bool[Tensor, "q_len k_len"]) -> Float[Tensor, "... q_len d_v"]:
    ...


class Attention:
    def __init__(self, d_model: int, n_heads: int): ...

    def forward(self, x: Float[Tensor, "batch seq d_model"]) -> Float[Tensor, "batch seq d_model"]: ...
"""


def contract(tmp_path: Path) -> Contract:
    path = tmp_path / "solution.py"
    path.write_text(SOURCE, encoding="utf-8")
    return read_contract(str(path))


def entry(path: str, *args: object, **kwargs: object) -> Entry:
    return Entry(path, Call(path), path=path, args=args, kwargs=kwargs)


def test_axes_have_the_names_of_the_signature(tmp_path: Path) -> None:
    call = entry("attention", torch.zeros(2, 3, 5, 8), mask=torch.zeros(5, 7, dtype=torch.bool))
    setting = setting_of(call, [call], contract(tmp_path))
    assert setting.lengths == {"q_len": 5, "d_k": 8, "k_len": 7}
    assert sorted(setting.arrays) == ["mask", "q"]
    assert setting.result_axes == ("...", "q_len", "d_v")
    assert in_words(8**0.5, setting) == "2.828 is √8, and 8 is d_k"


def test_what_objects_were_made_with_counts(tmp_path: Path) -> None:
    made = entry("Attention", 24, n_heads=3)
    call = entry("Attention.forward", torch.zeros(2, 4, 24))
    setting = setting_of(call, [made, call], contract(tmp_path))
    assert setting.lengths == {"batch": 2, "seq": 4, "d_model": 24, "n_heads": 3, "d_model / n_heads": 8}


def test_a_name_of_two_numbers_and_a_number_of_two_names_say_nothing(tmp_path: Path) -> None:
    first, second = entry("Attention", 24, n_heads=3), entry("Attention", 24, n_heads=4)
    call = entry("Attention.forward", torch.zeros(4, 4, 24))
    setting = setting_of(call, [first, second, call], contract(tmp_path))
    assert "n_heads" not in setting.lengths
    assert setting.name_of(4) == ""
    assert setting.name_of(24) == "d_model"


def test_a_shape_that_does_not_fit_names_no_axis(tmp_path: Path) -> None:
    call = entry("Attention.forward", torch.zeros(4, 24))
    assert setting_of(call, [call], contract(tmp_path)).lengths == {}
