"""The picture of a run, and the settings that need not be said."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure

from ch6_training.train import TrainResult, TrainSettings, plot_losses

SETTINGS = TrainSettings(7, batch_size=1, context=1, max_lr=1.0, min_lr=0.1, warmup_steps=1, eval_every=3)
RESULT = TrainResult([7.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0], [5.5, 3.5, 2.5])


def test_training_and_evaluations_stand_where_they_were_made(drawn: Callable[..., Figure]) -> None:
    (axes,) = drawn(plot_losses, RESULT, SETTINGS, 1.5).axes
    lines = {str(line.get_label()): np.asarray(line.get_xydata()).T.tolist() for line in axes.get_lines()}
    assert lines["training, each batch"] == [[1, 2, 3, 4, 5, 6, 7], RESULT.losses]
    assert lines["held-out"] == [[3, 6, 7], RESULT.val_losses]
    assert lines["floor: the entropy of the corpus"][1] == [1.5, 1.5]


def test_the_last_step_counts_once_where_it_is_a_multiple(drawn: Callable[..., Figure]) -> None:
    settings = TrainSettings(6, batch_size=1, context=1, max_lr=1.0, min_lr=0.1, warmup_steps=1, eval_every=3)
    (axes,) = drawn(plot_losses, TrainResult([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [4.5, 2.5]), settings, 0.5).axes
    assert [3, 6] in [np.asarray(line.get_xdata()).tolist() for line in axes.get_lines()]


def test_a_run_that_was_stopped_is_drawn_as_far_as_it_came(drawn: Callable[..., Figure]) -> None:
    (axes,) = drawn(plot_losses, TrainResult([3.0, 2.0, 1.0, 1.0], [1.5]), SETTINGS, 0.5).axes
    assert [3] in [np.asarray(line.get_xdata()).tolist() for line in axes.get_lines()]


def test_everything_is_labelled_and_the_floor_is_near_the_bottom(drawn: Callable[..., Figure]) -> None:
    (axes,) = drawn(plot_losses, RESULT, SETTINGS, 1.5).axes
    assert axes.get_xlabel() == "step"
    assert axes.get_ylabel() == "nats per token"
    assert axes.get_ylim()[0] == 0.9 * 1.5
    assert axes.get_ylim()[1] > 7
    legend = axes.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == 3


def test_what_settings_are_unless_told() -> None:
    settings = TrainSettings(7, batch_size=1, context=1, max_lr=1.0, min_lr=0.1, warmup_steps=1)
    assert (settings.weight_decay, settings.max_norm, settings.seed, settings.eval_every) == (0.1, 1.0, 0, 100)
