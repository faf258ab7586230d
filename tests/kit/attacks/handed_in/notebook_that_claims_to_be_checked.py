# verdict: failed
"""A wrong answer with the outputs, metadata and marks of a right one."""
from attacks.support.packing import notebook_of


def hand_in(people, student, right, secret):
    output = {"output_type": "stream", "name": "stdout", "text": "10/10 points"}
    wrong = {
        "cell_type": "code",
        "metadata": {"grader": {"newlines": 10**9, "points": 10, "verdict": "passed"}},
        "outputs": [output],
        "execution_count": 1,
        "source": "def double(x):\n    return x\n\n\ndef halve(x):\n    return x\n",
    }
    (people / student).mkdir()
    (people / student / "scale.ipynb").write_bytes(notebook_of(wrong, metadata={"grader": {"points": 10}}))
