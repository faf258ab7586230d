"""Counted work of a call: operations, the largest tensor made, and what autograd keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from grader.protocol.messages import WorkCounts


class OpCounter:
    """Counts while `measuring` is open. Operations are torch's own count, two per multiply-add."""

    def __init__(self) -> None:
        self.flops = 0
        self.largest = 0
        self.saved_bytes = 0

    @contextlib.contextmanager
    def measuring(self) -> Iterator[None]:
        import torch  # heavy: where nothing is counted, it may not be there at all
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils.flop_counter import FlopCounterMode

        counter = self

        class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call]  # the base is untyped in torch
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                result = func(*args, **(kwargs or {}))
                for item in result if isinstance(result, list | tuple) else [result]:
                    if isinstance(item, torch.Tensor):
                        counter.largest = max(counter.largest, _stored_elements(item))
                return result

        storages: dict[int, int] = {}

        def keep(tensor: Any) -> Any:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            return tensor

        flops = FlopCounterMode(display=False)
        largest = Largest()  # type: ignore[no-untyped-call]  # likewise
        with flops, largest, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            yield
        self.flops = flops.get_total_flops()
        self.saved_bytes = sum(storages.values())

    def counts(self) -> WorkCounts:
        return WorkCounts(self.flops, self.largest, self.saved_bytes)


def _stored_elements(tensor: Any) -> int:
    """Elements that a tensor really holds: a broadcast view counts what it was expanded from."""
    if tensor.device.type == "meta":
        return int(tensor.numel())
    stored = tensor.untyped_storage().nbytes() // max(1, tensor.element_size())
    return min(int(tensor.numel()), int(stored))
