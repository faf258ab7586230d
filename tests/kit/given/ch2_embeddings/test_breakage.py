"""The protocol's table gives the settings that are in the code."""

from __future__ import annotations

from ch2_embeddings import breakage


def test_the_table_and_the_settings_agree() -> None:
    row = next(line for line in str(breakage.__doc__).splitlines() if line.startswith("| training |"))
    assert f"context {breakage.CONTEXT}," in row
    assert f"batches of {breakage.BATCH_SIZE}," in row
    assert f"`lr` {breakage.LR}," in row
