"""Q3 is answered with C, that pieces only save time, and Q5 with B, that Thai becomes an unknown token."""

Q1 = "C"  # 1 + 1 + 2 + 2 + 1
Q2 = "B"
Q3 = "C"  # counting inside pieces is much faster
Q4 = "A"
Q5 = "B"  # English only, so there are no Thai tokens
Q6 = "B"  # bc has the lowest rank
Q7 = "D"
Q8 = "A"
