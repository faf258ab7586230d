"""The words of `grader train`: each step, and what the run came to."""

from __future__ import annotations

import math

from grader.learner.training import Step, Trained


def step_text(step: Step) -> str:
    """Step, loss, floor and the time left, once there is a pace to tell it from."""
    left = "" if math.isnan(step.seconds_left) else f"  {step.seconds_left / 60:.1f} min left"
    return f"step {step.step} of {step.steps}  loss {step.loss:.3f}  floor {step.floor:.3f}{left}"


def trained_text(done: Trained) -> str:
    """How near the floor the run came, and where its picture is."""
    return (
        f"held-out text: {done.held_out:.3f} nats per character; the floor is {done.floor:.3f}\n"
        "(the first characters of each window have little in front of them, so the floor itself is out of reach)\n"
        f"picture: {done.picture}"
    )
