"""One token, then the rest by recursion; the mode is kept by a decorator of its own."""

import functools

import torch

from ch7_inference.sampling import sample


def in_eval_mode(function):
    @functools.wraps(function)
    def wrapper(model, *args, **kwargs):
        training = [module for module in model.modules() if module.training]
        model.eval()
        try:
            with torch.no_grad():
                return function(model, *args, **kwargs)
        finally:
            for module in training:
                module.training = True

    return wrapper


@in_eval_mode
def generate(model, ids, max_new_tokens, generator=None, temperature=1.0, top_k=None, top_p=None, stop_id=None):
    if ids.shape[-1] == 0:
        raise ValueError("no tokens to go on from")
    if max_new_tokens < 0:
        raise ValueError("max_new_tokens = %d" % max_new_tokens)
    if generator is None and temperature != 0:
        raise ValueError("sampling needs a generator")
    choose = functools.partial(sample, generator=generator, temperature=temperature, top_k=top_k, top_p=top_p)
    done = torch.zeros_like(ids[:, 0], dtype=torch.bool)
    return _extend(model, ids, max_new_tokens, choose, stop_id, done)


def _extend(model, ids, left, choose, stop_id, done):
    if left == 0:
        return ids
    chosen = choose(model(ids[:, -model.config.max_len :])[:, -1])
    if stop_id is not None:
        chosen = chosen.masked_fill(done, stop_id)
        done = done | chosen.eq(stop_id)
    ids = torch.cat((ids, chosen.view(-1, 1)), 1)
    if stop_id is not None and done.all():
        return ids
    return _extend(model, ids, left - 1, choose, stop_id, done)
