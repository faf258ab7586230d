# attacks: ch2_embeddings/embedding
# verdict: failed
"""Leaves the right code alone and hooks every module's call, every gradient and every saved tensor."""
import torch
from right_embedding import Embedding

torch.nn.modules.module.register_module_forward_hook(lambda module, args, output: output.detach() * 2)
torch._C._autograd._push_saved_tensors_default_hooks(lambda x: x * 0, lambda x: x)
