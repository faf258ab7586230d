"""Scoring a class: submissions in, a journal of verdicts, marks and pages out."""
