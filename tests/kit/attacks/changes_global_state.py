# attacks: ch2_embeddings/embedding
# verdict: failed
"""Changes default types, devices and modes, and deletes what later tests need."""
import builtins
import sys

import torch

torch.set_default_dtype(torch.float16)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
del builtins.print
sys.modules.pop("numpy")
sys.path.clear()
torch.nn.Module.__call__ = lambda self, *args: torch.zeros(3)
Embedding = torch.nn.Linear
