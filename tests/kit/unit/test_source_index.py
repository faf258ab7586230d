"""Where each name of a file stands."""

from __future__ import annotations

from pathlib import Path

from grader.protocol.results import Place
from grader.tester.source_index import SourceIndex, index_source

SOURCE = '''"""A file."""

Q1 = "B"
A = B = 3

def f(x):
    inner = 1
    return x

class Layer:
    size = 3

    def forward(self, x):
        return x

if True:
    hidden = 1
'''


def test_functions_classes_methods_and_constants_are_found(tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_text(SOURCE, encoding="utf-8")
    index = index_source(str(path), "exercises/file.py")
    assert index.display_path == "exercises/file.py"
    assert index.lines == {"Q1": 3, "A": 4, "B": 4, "f": 6, "Layer": 10, "Layer.size": 11, "Layer.forward": 13}


def test_a_method_that_is_not_there_is_its_classs_place() -> None:
    index = SourceIndex("/tree/file.py", "file.py", {"Layer": 10, "Layer.forward": 13})
    assert index.place("Layer.forward") == Place("/tree/file.py", 13)
    assert index.place("Layer.weight") == Place("/tree/file.py", 10)
    assert index.place("other") is None
    assert index.place("") is None


def test_names_that_are_far_too_long_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text(f"class {'N' * 300}:\n    a = 1\ndef {'f' * 201}(): ...\ndef g(): ...\n")
    assert index_source(str(tmp_path / "long.py"), "x").lines == {"g": 4}


def test_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n", encoding="utf-8")
    assert index_source(str(tmp_path / "broken.py"), "x").lines == {}
    assert index_source(str(tmp_path / "none.py"), "x").lines == {}
