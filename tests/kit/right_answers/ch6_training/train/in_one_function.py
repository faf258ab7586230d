"""A script's style: strided windows by unfold, a pickled dictionary with everything, one long loop."""

import os
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ch6_training.adamw import AdamW, parameter_groups
from ch6_training.schedule import clip_gradients, cosine_with_warmup


@dataclass
class TrainSettings:
    steps: int
    batch_size: int
    context: int
    max_lr: float
    min_lr: float
    warmup_steps: int
    weight_decay: float = 0.1
    max_norm: float = 1.0
    seed: int = 0
    eval_every: int = 100


@dataclass
class TrainResult:
    losses: list
    val_losses: list


def get_batch(data, batch_size, context, generator):
    if context < 1 or data.numel() < context + 1:
        raise ValueError(f"cannot cut windows of {context} out of {data.numel()}")
    windows = data.unfold(0, context + 1, 1)
    rows = torch.randint(0, windows.shape[0], (batch_size,), generator=generator)
    picked = windows[rows]
    return picked[:, :-1], picked[:, 1:]


def evaluate(model, data, context, batch_size):
    if context < 1 or data.numel() < context + 1:
        raise ValueError(f"nothing to evaluate: context={context}, tokens={data.numel()}")
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            x, y = data[:-1], data[1:]
            full = x.numel() // context
            total = torch.zeros((), dtype=torch.float64)
            for i in range(0, full, batch_size):
                j = min(full, i + batch_size)
                xb = x[i * context : j * context].reshape(j - i, context)
                yb = y[i * context : j * context]
                total += F.cross_entropy(model(xb).flatten(0, -2), yb, reduction="sum").double()
            if full * context < x.numel():
                total += F.cross_entropy(
                    model(x[full * context :][None])[0], y[full * context :], reduction="sum"
                ).double()
            return float(total) / y.numel()
    finally:
        model.train(was_training)


def train_gpt(model, train_ids, val_ids, settings, checkpoint=None, on_step=None):
    cfg = settings
    before = torch.random.get_rng_state()
    torch.manual_seed(cfg.seed)
    batches = torch.Generator()
    batches.manual_seed(cfg.seed * 2 + 1)
    opt = AdamW(parameter_groups(model, cfg.weight_decay))
    losses, val_losses, start = [], [], 1
    try:
        if checkpoint is not None and os.path.exists(checkpoint):
            state = torch.load(checkpoint, weights_only=False)
            model.load_state_dict(state["weights"])
            opt.load_state_dict(state["opt"])
            batches.set_state(state["batches"])
            torch.set_rng_state(state["rng"])
            losses, val_losses = state["history"]
            start = len(losses) + 1
        for it in range(start, cfg.steps + 1):
            model.train()
            x, y = get_batch(train_ids, cfg.batch_size, cfg.context, batches)
            logits = model(x)
            loss = F.cross_entropy(logits.view(-1, logits.size(-1)), y.reshape(-1))
            for p in model.parameters():
                p.grad = None
            loss.backward()
            clip_gradients(list(model.parameters()), cfg.max_norm)
            lr = cosine_with_warmup(it, cfg.max_lr, cfg.min_lr, cfg.warmup_steps, cfg.steps)
            for g in opt.param_groups:
                g["lr"] = lr
            opt.step()
            losses.append(loss.item())
            if it % cfg.eval_every == 0 or it == cfg.steps:
                val_losses.append(evaluate(model, val_ids, cfg.context, cfg.batch_size))
                if checkpoint is not None:
                    state = dict(weights=model.state_dict(), opt=opt.state_dict(), batches=batches.get_state())
                    state.update(rng=torch.get_rng_state(), history=(losses, val_losses))
                    temporary = str(checkpoint) + ".tmp"
                    torch.save(state, temporary)
                    os.replace(temporary, checkpoint)
            if on_step is not None:
                on_step(it, losses[-1])
    finally:
        torch.random.set_rng_state(before)
    return TrainResult(losses, val_losses)
