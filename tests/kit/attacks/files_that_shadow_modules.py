# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Writes modules, start-up files and compiled code of the names that others will import, and puts them first."""
import importlib
import os
import pathlib
import sys

here = pathlib.Path.cwd()
for name in ("json", "msgspec", "numpy", "sitecustomize", "usercustomize", "conftest", "pytest", "test_one_hot"):
    (here / f"{name}.py").write_text("raise SystemExit(0)")
(here / "x.pth").write_text("import os; os._exit(0)")
(here / "pytest.ini").write_text("[pytest]\naddopts = --exitfirst")
(here / "__pycache__").mkdir()
(here / "__pycache__" / "one_hot.cpython-311.pyc").write_bytes(b"\xa7\r\r\n" + bytes(12))
sys.path[:0] = [str(here)]
os.environ.update({"PYTHONPATH": str(here), "PYTHONSTARTUP": "x.pth", "LD_PRELOAD": "x.so", "PYTEST_ADDOPTS": "-x"})
importlib.invalidate_caches()
sys.pycache_prefix = str(here)


def one_hot(*args, **kwargs):
    import json

    return json
