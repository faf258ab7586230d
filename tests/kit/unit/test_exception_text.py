"""What an exception says of itself."""

from __future__ import annotations

import pytest
import torch

from grader.worker.exception_text import message_of


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def test_torchs_addresses_are_left_out() -> None:
    text = "2 heads do not fit\nException raised from infer_size at UnflattenSizes.h:35\nframe #0: 0x7f3b"
    assert message_of(RuntimeError(text)) == "2 heads do not fit"
    with pytest.raises(RuntimeError) as caught:
        torch.ones(10).unflatten(0, (-2, -1))  # type: ignore[no-untyped-call]  # untyped in torch
    assert "frame #" not in message_of(caught.value)


def test_one_that_cannot_be_read() -> None:
    assert message_of(Silent()) == "(its message could not be read)"
    assert message_of(ValueError("half \ud800")) == "half ?"
