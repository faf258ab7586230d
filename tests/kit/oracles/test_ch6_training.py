"""The solutions of chapter 6 against PyTorch's own, in float64, and two real processes."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ch5_models.gpt import GPT, GPTConfig
from ch6_training import adamw, cost, data_parallel, loss, schedule, train


def close(came: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(came, wanted, rtol=1e-8, atol=1e-8)


def tiny_gpt(seed: int = 0, dropout: float = 0.0) -> GPT:
    torch.manual_seed(seed)
    return GPT(GPTConfig(vocab_size=11, max_len=8, d_model=8, n_layers=2, n_heads=2, d_ff=16, dropout=dropout)).double()


@pytest.mark.parametrize("ignore", [-100, 3])
def test_cross_entropy(ignore: int) -> None:
    g = torch.Generator().manual_seed(1)
    logits = (5 * torch.randn(4, 6, 9, generator=g, dtype=torch.float64)).requires_grad_()
    targets = torch.randint(9, (4, 6), generator=g)
    targets[0, 2] = targets[3, 5] = ignore
    mine = loss.cross_entropy(logits, targets, ignore)
    theirs = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=ignore)
    close(mine, theirs)
    close(torch.autograd.grad(mine, logits)[0], torch.autograd.grad(theirs, logits)[0])
    assert torch.isnan(loss.cross_entropy(logits, torch.full_like(targets, ignore), ignore))


@pytest.mark.parametrize("settings", [{}, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.3}])
def test_adamw(settings: dict[str, Any]) -> None:
    mine, theirs = tiny_gpt(), tiny_gpt()
    a = adamw.AdamW(adamw.parameter_groups(mine, 0.2), **settings)
    b = torch.optim.AdamW(adamw.parameter_groups(theirs, 0.2), **settings)
    g = torch.Generator().manual_seed(2)
    for step in range(8):
        ids = torch.randint(11, (3, 8), generator=g)
        for model, optimizer in ((mine, a), (theirs, b)):
            optimizer.zero_grad()
            (
                model(ids)[:, :-1].logsumexp(-1).mean()
                if step % 3
                else model.blocks[0](model.token_embedding(ids)).sum()
            ).backward()
            optimizer.step()
        if step == 4:
            a2 = adamw.AdamW(adamw.parameter_groups(mine, 0.2), **settings)
            a2.load_state_dict(copy.deepcopy(a.state_dict()))
            a = a2
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        close(p, q)


@pytest.mark.parametrize("max_norm", [0.01, 100.0])
def test_clipping(max_norm: float) -> None:
    mine, theirs = tiny_gpt(), tiny_gpt()
    ids = torch.arange(16).reshape(2, 8) % 11
    for model in (mine, theirs):
        model(ids).square().sum().backward()
    norm = schedule.clip_gradients(mine.parameters(), max_norm)
    close(torch.as_tensor(norm), torch.nn.utils.clip_grad_norm_(theirs.parameters(), max_norm))
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=1e-5, atol=1e-12)  # PyTorch adds 1e-6 to the norm


def test_schedule_against_cosine_annealing() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20, eta_min=0.01)
    for step in range(21):
        assert schedule.cosine_with_warmup(step, 0.3, 0.01, 0, 20) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        theirs.step()


def test_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    config = GPTConfig(vocab_size=53, max_len=40, d_model=24, n_layers=3, n_heads=3, d_ff=70)
    model, ids = GPT(config), torch.zeros(2, 37, dtype=torch.int64)
    with FlopCounterMode(display=False) as counter:
        model(ids).sum().backward()
    assert counter.get_total_flops() == cost.training_flops(config, 2, 37)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(ids)
    assert counter.get_total_flops() == cost.forward_flops(config, 2, 37)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_the_ring_in_threads(n: int) -> None:
    for size in (1, n, 3 * n, 3 * n + 1, 4 * n - 1):
        tensors = [torch.randn(size, dtype=torch.float64) for _ in range(n)]
        run = data_parallel.run_ring(data_parallel.ring_all_reduce, tensors)
        for result in run.results:
            close(result, torch.stack(tensors).sum(0))
        assert max(run.sent) <= 2 * (n - 1) * -(-size // n)
        if size % n == 0:
            assert run.sent == [2 * (n - 1) * size // n] * n


def test_the_ring_stops_a_rank_that_waits_for_ever() -> None:
    def receive_first(
        rank: int, world_size: int, tensor: Tensor, send: Callable[[Tensor], None], receive: Callable[[], Tensor]
    ) -> Tensor:
        return receive()

    with pytest.raises(TimeoutError, match="rank 0"):
        data_parallel.run_ring(receive_first, [torch.zeros(2)] * 2, seconds=0.1)


def test_pictures(tmp_path: Path) -> None:
    settings = train.TrainSettings(5, 2, 4, 0.01, 0.001, 1, eval_every=2)
    train.plot_losses(train.TrainResult([3.0, 2.5, 2.0, 1.5, 1.0], [2.6, 1.7, 1.1]), settings, 0.5, tmp_path / "a.png")
    cost.plot_attention_share(tiny_gpt().config, [8, 64, 512], tmp_path / "b.png")
    for name in ("a.png", "b.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    found = cost.compare_activations(tiny_gpt().config, 2, 8)
    assert 1 < found["ratio"] < 5


# -- two real processes -----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("broadcast", [True, False])
def test_two_gloo_processes_train_as_one(tmp_path: Path, broadcast: bool) -> None:
    """Unequal shares and unequal start values: with the broadcast both ranks end where one process would."""
    script = Path(__file__).with_name("gloo_rank.py")
    ranks = [
        subprocess.Popen([sys.executable, script, str(tmp_path), str(rank), str(int(broadcast))]) for rank in range(2)
    ]
    assert [rank.wait(timeout=150) for rank in ranks] == [0, 0]
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2))

    model, ids = tiny_gpt(seed=0), torch.load(tmp_path / "ids.pt", weights_only=True)
    optimizer = adamw.AdamW(model.parameters(), lr=0.01)
    for batch in ids:
        optimizer.zero_grad()
        inputs, targets = loss.next_token_targets(batch)
        loss.cross_entropy(model(inputs), targets).backward()  # type: ignore[no-untyped-call]  # untyped in torch
        optimizer.step()
    alone = dict(model.named_parameters())
    far = max(float((alone[name] - first[name]).abs().max().detach()) for name in alone)
    apart = max(float((second[name] - first[name]).abs().max()) for name in alone)
    if broadcast:
        assert apart == 0.0
        assert far < 1e-8
    else:
        assert apart > 1e-3  # the trap: the gradients agree, and the models drift along side by side
