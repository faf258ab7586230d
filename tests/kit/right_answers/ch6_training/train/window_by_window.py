"""One window at a time, another way of drawing starts, and a checkpoint that holds the step."""

import math
import os
import tempfile
from dataclasses import dataclass, field

import torch
from torch import nn  # noqa: F401  # likewise
from torch.nn import functional as F

from ch5_models.gpt import GPT, GPTConfig  # noqa: F401  # the names that the stub brings along
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
    losses: list = field(default_factory=list)
    val_losses: list = field(default_factory=list)


def get_batch(data, batch_size, context, generator):
    if context < 1 or len(data) - context < 1:
        raise ValueError(f"context {context} does not fit into {len(data)} tokens")
    starts = (torch.rand(batch_size, generator=generator) * (len(data) - context)).long().tolist()
    x = torch.stack([data[i : i + context] for i in starts])
    y = torch.stack([data[i + 1 : i + 1 + context] for i in starts])
    return x, y


def evaluate(model, data, context, batch_size):
    if context < 1:
        raise ValueError(f"context {context}")
    n = len(data) - 1
    if n < context:
        raise ValueError(f"{len(data)} tokens hold no whole window")
    mode, lost = model.training, []
    model.eval()
    with torch.no_grad():
        for start in range(0, n, context):
            x, y = data[start : min(start + context, n)], data[start + 1 : start + 1 + context]
            lost += F.cross_entropy(model(x.unsqueeze(0))[0], y, reduction="none").tolist()
    model.train(mode)
    return math.fsum(lost) / n


def train_gpt(model, train_ids, val_ids, settings, checkpoint=None, on_step=None):
    saved_state = torch.get_rng_state()
    try:
        return run(model, train_ids, val_ids, settings, checkpoint, on_step)
    finally:
        torch.set_rng_state(saved_state)


def run(model, train_ids, val_ids, s, checkpoint, on_step):
    torch.manual_seed(s.seed)
    generator = torch.Generator()
    generator.manual_seed(s.seed + 1)
    optimizer, result, done = AdamW(parameter_groups(model, s.weight_decay)), TrainResult(), 0
    if checkpoint and os.path.isfile(checkpoint):
        with open(checkpoint, "rb") as file:
            found = torch.load(file)
        done = found["done"]
        model.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        torch.set_rng_state(found["global"])
        generator.set_state(found["generator"])
        result = TrainResult(found["losses"], found["val_losses"])
    while done < s.steps:
        done += 1
        model.train()
        model.zero_grad()
        x, y = get_batch(train_ids, s.batch_size, s.context, generator)
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        loss.backward()
        clip_gradients(model.parameters(), s.max_norm)
        lr = cosine_with_warmup(done, s.max_lr, s.min_lr, s.warmup_steps, s.steps)
        for group in optimizer.param_groups:
            group.update(lr=lr)
        optimizer.step()
        result.losses.append(float(loss.detach()))
        if done == s.steps or done % s.eval_every == 0:
            result.val_losses.append(evaluate(model, val_ids, s.context, s.batch_size))
            if checkpoint:
                write(checkpoint, model, optimizer, generator, result, done)
        if on_step:
            on_step(done, result.losses[-1])
    return result


def write(checkpoint, model, optimizer, generator, result, done):
    with tempfile.NamedTemporaryFile(dir=os.path.dirname(checkpoint) or ".", delete=False) as file:
        torch.save(
            {
                "done": done, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(), "global": torch.get_rng_state(),
                "losses": result.losses, "val_losses": result.val_losses,
            },
            file,
        )  # fmt: skip
    os.rename(file.name, checkpoint)
