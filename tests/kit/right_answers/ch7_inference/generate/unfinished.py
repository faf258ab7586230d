"""Loops of published scripts: a tensor of ones for the rows that go on, and `torch.inference_mode` over all."""

import torch

from ch7_inference import sampling


@torch.inference_mode()
def generate(model, ids, max_new_tokens, generator=None, temperature=1.0, top_k=None, top_p=None, stop_id=None):
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens must not be negative, got {max_new_tokens}")
    if ids.size(1) < 1:
        raise ValueError("the prompt is empty")
    if temperature != 0.0 and generator is None:
        raise ValueError("pass a torch.Generator, or temperature=0")
    modes = {name: module.training for name, module in model.named_modules()}
    model.eval()
    try:
        context = model.config.max_len
        unfinished = torch.ones(ids.size(0), dtype=torch.long, device=ids.device)
        for _ in range(max_new_tokens):
            window = ids if ids.size(1) <= context else ids[:, -context:]
            logits = model(window)[:, -1, :]
            next_tokens = sampling.sample(logits, generator, temperature, top_k, top_p)
            if stop_id is not None:
                next_tokens = next_tokens * unfinished + stop_id * (1 - unfinished)
                unfinished = unfinished.mul((next_tokens != stop_id).long())
            ids = torch.hstack([ids, next_tokens[:, None]])
            if unfinished.max() == 0:
                break
        return ids.clone()
    finally:
        for name, module in model.named_modules():
            module.train(modes[name]) if not list(module.children()) else setattr(module, "training", modes[name])
