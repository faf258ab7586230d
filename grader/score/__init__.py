"""Scoring a class: submissions in; a journal of verdicts, the marks, and what each student may see, out."""
