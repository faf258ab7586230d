"""Finding the person whom a row means: by id, e-mail or name, however it is written."""

from __future__ import annotations

import pytest

from grader.errors import UsageError
from grader.score.intake.people import Directory, Person

ADA = Person("12", "Ada Lovelace", "Ada Lovelace", "12", "alovelace", "ada@x.edu")
JOSE = Person("007", "José Núñez", "José Núñez", "007", "", "jose@x.edu")
WEI = [Person(str(n), f"Wei Zhang ({n})", "Wei Zhang", str(n)) for n in (31, 32)]
CLASS = Directory([ADA, JOSE, *WEI])


@pytest.mark.parametrize(
    "word",
    ["12", " 12 ", "12.0", "0012", "alovelace", "ADA@x.edu", "ada", "Ada Lovelace", "ada  lovelace", "Lovelace, Ada",
     "Lovelace Ada", "lovelaceada", "ADA LOVELACE"],
)  # fmt: skip
def test_ada_is_meant(word: str) -> None:
    assert CLASS.meant(word) == [ADA]


@pytest.mark.parametrize(
    "word", ["José Núñez", "Jose\u0301 Nu\u0301n\u0303ez", "jose nunez", "JOSÉ NÚÑEZ", "7", "7.0", "007"]
)
def test_jose_is_meant(word: str) -> None:
    assert CLASS.meant(word) == [JOSE]


def test_a_name_of_two_is_an_error_that_gives_their_ids() -> None:
    with pytest.raises(UsageError, match="row 3: several students are called 'wei zhang'") as caught:
        CLASS.one("wei zhang", "row 3")
    assert caught.value.hint == "give the id of one: 31, 32"
    assert CLASS.one("32", "row 3") is WEI[1]


def test_a_name_of_nobody_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match="nobody is called 'ada lovelase'") as caught:
        CLASS.one("ada lovelase", "row 2")
    assert caught.value.hint == "did you mean 'Ada Lovelace'?"
    with pytest.raises(UsageError):
        CLASS.one("", "row 2")


def test_a_name_that_is_anothers_id_means_the_other() -> None:
    """The key of somebody whom no system gave an id is the name, which may be chosen."""
    ada = Person("12345", "Ada", name="Ada", id="12345", email="ada@x.org", login="al7")
    for chosen in ("12345", "ada@x.org", "AL7", "0012345"):
        people = Directory([Person(chosen, chosen, name=chosen), ada])
        assert people.meant(chosen) == [ada]
    assert Directory([Person("Eve", "Eve", name="Eve"), ada]).one("eve", "row 1").key == "Eve"
