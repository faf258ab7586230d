"""The sandbox of a worker: what it may read and write is a `Policy`, how strongly that is held is a tier."""

from grader.worker.sandbox.policy import Policy, interpreter_trees
from grader.worker.sandbox.tiers import TIERS, SandboxError, enter

__all__ = ["TIERS", "Policy", "SandboxError", "enter", "interpreter_trees"]
