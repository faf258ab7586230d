"""Q6 has the answer A (the source is causal as well); the decoder sees the whole source, and the right answer is D."""

Q1 = "B"  # next-token prediction trains at every position, and prompt and answer are one text
Q2 = "D"  # static against contextual
Q3 = "A"  # the right side
Q4 = "B"  # it copies the answer from the right
Q5 = "C"  # [MASK] is not there later on
Q6 = "A"  # writing token 7: only the first 7 of the source, and what has been written
Q7 = "A"  # one layer, all at once
Q8 = "C"  # quadratic scores, only the position table grows
