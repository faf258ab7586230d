# attacks: ch2_embeddings/one_hot
# verdict: failed
# sandbox: needed
"""Imports the solution from the kit and hands in its functions."""
import importlib.util

from tricks import KIT, attempt


def load():
    spec = importlib.util.spec_from_file_location("stolen", KIT + "/solutions/ch2_embeddings/one_hot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    globals().update({name: getattr(module, name) for name in dir(module) if not name.startswith("_")})


attempt("import the solution", load)
attempt("run the solution", lambda: __import__("runpy").run_path(KIT + "/solutions/ch2_embeddings/one_hot.py"))
