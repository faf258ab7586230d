# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer beside a class whose name, joined to those of its many members, takes more than memory."""
from right_one_hot import *


class N@200000 TIMES n@:
    @20000 TIMES a{n}=@0
