# verdict: passed
"""Outputs that would run in a browser. They are not looked at."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    script = "<script>alert('ESCAPED')</script>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": script, "application/javascript": script}}
    code = {"cell_type": "code", "metadata": {}, "outputs": [output], "execution_count": 1, "source": right.decode()}
    text = {"cell_type": "markdown", "metadata": {}, "source": script}
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(text, code))
