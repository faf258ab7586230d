"""Raises in a function, in a file and with local values that tell of it."""


def double(x):
    text = f"def f{secret(x)}(told):\n    raise ValueError\nf{secret(x)}(told={secret(x)!r})"
    namespace = {}
    exec(compile(text, __file__.replace("scale", secret(x)), "exec"), namespace)


halve = double
