# attacks: ch2_embeddings/one_hot
# verdict: passed
"""A right answer that leaves folders which may not be entered, listed or written to, full of files. They must be removed."""
import os

from right_one_hot import *

for mode in (0o000, 0o100, 0o200, 0o300, 0o400, 0o500):
    here = f"{mode:03o}"
    os.makedirs(f"{here}-open/inner")
    os.close(os.open(f"{here}-open/inner/file", os.O_CREAT | os.O_WRONLY, mode))
    os.mkdir(f"{here}-open/inner/closed", mode)
os.umask(0o777)
os.mkdir("closed")
os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o777))
