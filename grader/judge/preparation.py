"""What a judging process imports before its first file, and how it is set up before that."""

from __future__ import annotations

import gc
import importlib.util
import sys
from pathlib import Path

from grader.judge.launch import COUNTING, META, OPTIMIZERS, PICTURES, TORCH
from grader.worker.counting import OpCounter
from grader.worker.sandbox import interpreter_trees


def prepare(libraries: str) -> None:
    """Import what the run needs, once, and keep it out of the garbage collector's way.

    One thread before any tensor operation: a forked child hangs on two. The imports are heavy, and each stands where
    it is known to be needed.
    """
    sys.dont_write_bytecode = True  # the kit's own modules are imported by now; a learner's tree is not written to
    wanted = libraries.split(",") if libraries else []
    import numpy.random  # noqa: F401 # every exercise uses it

    if TORCH in wanted:
        _leave_out_the_compiler()
        import torch

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        torch.autograd.backward(torch.zeros(2, 2, requires_grad=True).sum())
        import jaxtyping  # noqa: F401 # every file with tensors begins with it
    if OPTIMIZERS in wanted:
        import torch._dynamo  # the first step of an optimizer imports it
    if META in wanted:
        import torch

        torch.zeros(1, device="meta").add(1)  # the first such operation imports 500 modules
    if COUNTING in wanted:
        import torch

        with OpCounter().measuring():
            torch.zeros(2, 2).matmul(torch.zeros(2, 2))
    if PICTURES in wanted:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        FigureCanvasAgg(Figure()).draw()  # the first picture loads the fonts
    interpreter_trees()  # looked up while a process may still look
    gc.freeze()
    gc.enable()


def _leave_out_the_compiler() -> None:
    """Before torch is imported: make its `_disable_dynamo` a decorator that does nothing.

    The functions under it would import the compiler at their first call, 800 modules that take as long as torch
    itself, only to be left alone by it. Judging compiles nothing. Where torch is built otherwise, nothing is changed.
    """
    package = importlib.util.find_spec("torch")
    path = Path(package.origin or "").with_name("_compile.py") if package is not None else None
    if path is None or not path.is_file() or "torch" in sys.modules:
        return
    spec = importlib.util.spec_from_file_location("torch._compile", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if "_disable_dynamo" in vars(module):
        vars(module)["_disable_dynamo"] = lambda fn=None, recursive=True: fn if fn is not None else lambda later: later
        sys.modules["torch._compile"] = module
