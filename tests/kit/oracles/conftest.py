"""The solutions are importable here as a learner's files are: by chapter and exercise."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "solutions"))
