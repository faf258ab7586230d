"""Q6 is answered with A: it merges from left to right and not by rank."""

# bytes: g r ö ö ß ß e
Q1 = "C"

# same words, other order
Q2 = "B"

# dog / dog. / dog!
Q3 = "D"

Q4 = "A"

Q5 = "C"

# abc: the first pair is (a, b), it is a merge, then (ab, c) is not
Q6 = "A"

Q7 = "D"

Q8 = "A"
