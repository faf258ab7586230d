"""Results as JSON, version 2: docs/json.md says what each field is."""

from __future__ import annotations

from typing import Any

from grader.course.curriculum import Exercise
from grader.protocol.results import ExerciseResult, TestResult
from grader.render.documents import document_text

VERSION = 2


def render_json(results: list[ExerciseResult], seed: int, upcoming: Exercise | None) -> str:
    """One document for one run."""
    document = {
        "version": VERSION,
        "seed": seed,
        "points": sum(result.points for result in results),
        "points_possible": sum(result.points_possible for result in results),
        "next": upcoming.name if upcoming else None,
        "exercises": [_exercise(result) for result in results],
    }
    return document_text(document, indent=2)


def _exercise(result: ExerciseResult) -> dict[str, Any]:
    return {
        "exercise": result.exercise,
        "verdict": result.verdict,
        "file": result.file,
        "beside": result.beside,
        "cells": result.cells,
        "points": result.points,
        "points_possible": result.points_possible,
        "cached": result.cached,
        "blocked_by": result.blocked_by,
        "seed": result.seed,
        "tier": result.tier,
        "seconds": round(result.seconds, 4),
        "problem": result.problem,
        "mistakes": result.mistakes,
        "notes": result.notes,
        "figures": result.figures,
        "tests": [_test(test) for test in result.tests],
    }


def _test(test: TestResult) -> dict[str, Any]:
    return {
        "name": test.name,
        "title": test.title,
        "verdict": test.verdict,
        "hidden": test.hidden,
        "points": test.points,
        "seconds": round(test.seconds, 4),
        "failure": test.failure,
        "mistake": test.mistake,
        "output": test.output,
        "notes": test.notes,
    }
