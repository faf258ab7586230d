# verdict: passed
"""A script with fifty thousand marks of cells, which is more than a notebook may have: then it is Python alone."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(b"# In[1]:\n\n" * 50_000 + right)
