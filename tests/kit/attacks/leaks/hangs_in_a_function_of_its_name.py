"""Hangs in a function that has it for a name."""


def double(x):
    if secret(x) == "0":
        return 2 * x
    namespace = {}
    exec(compile(f"def f{secret(x)}():\n    while True: pass", __file__, "exec"), namespace)
    namespace["f" + secret(x)]()


def halve(x):
    return x
