# verdict: passed
"""An essay of 140,000 characters, three to a picture and none to a word, which a cut would part."""


def hand_in(people, student, right, secret):
    (people / student).mkdir()
    (people / student / "scale.py").write_bytes(right)
    text = "ab" + "\U0001f469\u200d\U0001f4bb" * 47_000
    (people / student / "essay.md").write_text(text, encoding="utf-8")
