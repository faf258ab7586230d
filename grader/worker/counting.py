"""Counted work of a call: operations, the largest tensor made, and what autograd keeps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from grader.protocol.messages import WorkCounts


class OpCounter:
    """Counts while `measuring` is open. Operations are as torch's own registry counts them, two per multiply-add.

    torch's `FlopCounterMode` also looks into the modules that are called, by hooks which some right modules do not
    bear: one that returns a view of its weight while no gradients are collected, for instance.
    """

    def __init__(self) -> None:
        self.flops = 0
        self.largest = 0
        self.saved_bytes = 0

    @contextlib.contextmanager
    def measuring(self) -> Iterator[None]:
        import torch  # heavy: where nothing is counted, it may not be there at all
        from torch.utils._python_dispatch import TorchDispatchMode
        from torch.utils.flop_counter import flop_registry

        counter = self

        class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]  # the base is untyped in torch
            def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
                kwargs = kwargs or {}
                operation = getattr(func, "_overloadpacket", None)
                if operation not in flop_registry and hasattr(func, "decompose"):
                    with self:  # where no gradients are collected, a matmul arrives whole
                        result = func.decompose(*args, **kwargs)
                    if result is not NotImplemented:
                        return result
                result = func(*args, **kwargs)
                if operation in flop_registry:
                    counter.flops += flop_registry[operation](*args, **kwargs, out_val=result)
                counter.see(result)
                return result

        storages: dict[int, int] = {}

        def keep(tensor: Any) -> Any:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            return tensor

        counting = Counting()  # type: ignore[no-untyped-call]  # likewise
        with counting, torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            yield
        self.saved_bytes = sum(storages.values())

    def see(self, result: Any) -> None:
        """The largest tensor may be among what an operation gave."""
        import torch

        for item in result if isinstance(result, list | tuple) else [result]:
            if isinstance(item, torch.Tensor):
                self.largest = max(self.largest, _stored_elements(item))

    def counts(self) -> WorkCounts:
        return WorkCounts(self.flops, self.largest, self.saved_bytes)


def _stored_elements(tensor: Any) -> int:
    """Elements that a tensor really holds: a broadcast view counts what it was expanded from."""
    if tensor.device.type == "meta":
        return int(tensor.numel())
    stored = tensor.untyped_storage().nbytes() // max(1, tensor.element_size())
    return min(int(tensor.numel()), int(stored))
