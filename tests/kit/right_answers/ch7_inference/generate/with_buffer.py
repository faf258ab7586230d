"""A result buffer made beforehand and cut at the end; sampling written out; inference mode as a decorator."""

import torch

from ch5_models.gpt import GPT, GPTConfig  # noqa: F401


@torch.inference_mode()
def generate(model, ids, max_new_tokens, generator=None, temperature=1.0, top_k=None, top_p=None, stop_id=None):
    batch, start = ids.size()
    if max_new_tokens < 0 or start < 1:
        raise ValueError(f"bad lengths: prompt {start}, new {max_new_tokens}")
    if temperature < 0:
        raise ValueError(f"temperature {temperature}")
    if temperature > 0 and generator is None:
        raise ValueError("a generator is needed for sampling")
    was_training = model.training
    model.train(False)
    try:
        text = torch.zeros(batch, start + max_new_tokens, dtype=torch.long)
        text[:, :start] = ids
        alive = torch.ones(batch, dtype=torch.bool)
        end = start
        while end < start + max_new_tokens:
            window = text[:, max(0, end - model.config.max_len) : end]
            text[:, end] = pick(model(window)[:, -1, :], generator, temperature, top_k, top_p)
            if stop_id is not None:
                text[~alive, end] = stop_id
                alive &= text[:, end] != stop_id
            end += 1
            if not alive.any():
                break
        return text[:, :end].clone()
    finally:
        model.train(was_training)


def pick(logits, generator, temperature, top_k, top_p):
    if temperature == 0:
        return logits.max(dim=-1).indices
    ordered, order = (logits / temperature).sort(dim=-1, descending=True)
    if top_k is not None:
        ordered[ordered < ordered[:, min(top_k, ordered.size(1)) - 1 : min(top_k, ordered.size(1))]] = -torch.inf
    probabilities = ordered.softmax(dim=-1)
    if top_p is not None:
        probabilities[probabilities.cumsum(-1) - probabilities >= top_p] = 0.0
    return order.gather(1, torch.multinomial(probabilities, 1, generator=generator)).squeeze(1)
