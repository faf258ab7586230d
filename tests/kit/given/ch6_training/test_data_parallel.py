"""The ring in one process: what goes where, what is counted, and how a run ends that goes wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ch6_training.data_parallel import RingRun, run_ring

Send = Callable[[Tensor], None]
Receive = Callable[[], Tensor]


def passed_on(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
    """Everything moves one place to the right."""
    send(tensor)
    return receive()


def test_what_is_sent_comes_to_the_right_neighbour() -> None:
    run = run_ring(passed_on, [torch.tensor([float(rank)] * rank) for rank in range(1, 5)])
    assert [result.tolist() for result in run.results] == [[4.0] * 4, [1.0], [2.0] * 2, [3.0] * 3]
    assert run == RingRun(run.results, [1, 2, 3, 4])


def test_every_rank_is_told_who_it_is() -> None:
    def told(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        return torch.tensor([rank, world_size, int(tensor)])

    assert [result.tolist() for result in run_ring(told, [torch.tensor(7), torch.tensor(8)]).results] == [
        [0, 2, 7],
        [1, 2, 8],
    ]


def test_elements_are_counted_over_all_sends() -> None:
    def twice(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        send(tensor)
        send(tensor[:1])
        return receive() + receive()

    assert run_ring(twice, [torch.ones(2, 3), torch.ones(2, 3)]).sent == [9, 9]


def test_what_was_sent_is_a_copy() -> None:
    def changed_afterwards(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        send(tensor)
        tensor.zero_()
        return receive()

    assert run_ring(changed_afterwards, [torch.ones(2)]).results[0].tolist() == [1.0, 1.0]


def test_the_ranks_run_at_once() -> None:
    barrier = threading.Barrier(3)

    def met(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        barrier.wait(5)
        return tensor

    assert len(run_ring(met, [torch.ones(1)] * 3).results) == 3


def test_all_are_waited_for() -> None:
    def slow(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        time.sleep(0.2)
        return tensor

    assert len(run_ring(slow, [torch.ones(1)] * 2).results) == 2


def test_a_rank_that_waits_in_vain_ends_the_run() -> None:
    def waiting(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        return receive()

    started = time.monotonic()
    with pytest.raises(TimeoutError, match=r"rank 0 waited 0\.1 s and nothing came from the left"):
        run_ring(waiting, [torch.ones(1)] * 2, seconds=0.1)
    assert time.monotonic() - started < 5


def test_a_wait_is_ten_seconds_unless_told() -> None:
    """Long enough for what a busy machine does: a chunk that comes a second late is taken."""

    def late(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        if rank == 0:
            time.sleep(1.2)
        send(tensor)
        return receive()

    assert len(run_ring(late, [torch.ones(1)] * 2).results) == 2
    assert run_ring.__defaults__ == (10.0,)


def test_the_failure_itself_is_raised_and_not_that_others_waited() -> None:
    def failing(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        if rank == 1:
            raise KeyError("mine")
        return receive()

    with pytest.raises(KeyError, match="mine"):
        run_ring(failing, [torch.ones(1)] * 3, seconds=0.1)


def test_an_exit_does_not_pass_unseen() -> None:
    def leaving(rank: int, world_size: int, tensor: Tensor, send: Send, receive: Receive) -> Tensor:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        run_ring(leaving, [torch.ones(1)])
