"""Code that the stubs give is imported from the tree that KIT_SOLUTIONS names, or as it is in the solutions.

`grader dev mutate` runs `<chapter>/test_<exercise>.py` on each mutant of given code that the suite lets pass.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, os.environ.get("KIT_SOLUTIONS") or str(Path(__file__).resolve().parents[3] / "solutions"))
