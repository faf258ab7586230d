"""One of two processes that train a GPT together over gloo on the loopback interface (test_ch6_training.py)."""

import os
import sys
from pathlib import Path

import torch
import torch.distributed as dist

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "solutions"))

from ch5_models.gpt import GPT, GPTConfig
from ch6_training import adamw, data_parallel, loss

SHARES = (slice(0, 2), slice(2, 7))  # 2 and 5 of the 7 texts


def main(folder: Path, rank: int, broadcast: bool) -> None:
    torch.set_num_threads(1)
    if sys.platform == "linux":
        os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=2)
    ids = torch.randint(11, (4, 7, 8), generator=torch.Generator().manual_seed(9))
    if rank == 0:
        torch.save(ids, folder / "ids.pt")

    sent: list[tuple[torch.Tensor, dist.Work | None]] = []

    def send(chunk: torch.Tensor) -> None:
        for tensor in (torch.tensor([chunk.numel()]), chunk.clone()):
            sent.append((tensor, dist.isend(tensor, dst=1 - rank)))  # kept until it has been sent

    def receive() -> torch.Tensor:
        size = torch.zeros(1, dtype=torch.int64)
        dist.recv(size, src=1 - rank)
        chunk = torch.zeros(int(size), dtype=torch.float64)
        dist.recv(chunk, src=1 - rank)
        return chunk

    def all_reduce(tensor: torch.Tensor) -> torch.Tensor:
        return data_parallel.ring_all_reduce(rank, 2, tensor, send, receive)

    def from_rank_0(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.clone()
        dist.broadcast(tensor, src=0)
        return tensor

    torch.manual_seed(rank)  # the trap: every rank starts with values of its own
    model = GPT(GPTConfig(vocab_size=11, max_len=8, d_model=8, n_layers=2, n_heads=2, d_ff=16)).double()
    if broadcast:
        data_parallel.broadcast_parameters(model, from_rank_0)
    optimizer = adamw.AdamW(model.parameters(), lr=0.01)
    share = SHARES[rank]
    for batch in ids:
        optimizer.zero_grad()
        inputs, targets = loss.next_token_targets(batch[share])
        loss.cross_entropy(model(inputs), targets).backward()  # type: ignore[no-untyped-call]  # untyped in torch
        data_parallel.all_reduce_gradients(model, all_reduce, share.stop - share.start, len(batch))
        optimizer.step()
    for _, work in sent:
        if work is not None:
            work.wait()
    torch.save({name: p.detach() for name, p in model.named_parameters()}, folder / f"{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "1")
