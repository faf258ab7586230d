# verdict: passed
"""Twenty megabytes of pictures that hang on texts."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    picture = {"image/png": "A" * 10_000_000, "text/html": "<script>alert(1)</script>\x1b[2J"}
    text = {"cell_type": "markdown", "metadata": {}, "source": "![](attachment:a)", "attachments": {"a": picture}}
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(text, right.decode(), text))
