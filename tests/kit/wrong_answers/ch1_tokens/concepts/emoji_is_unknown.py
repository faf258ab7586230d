"""Q8 is answered with B: it takes the sign for an unknown token and not for part of a character's bytes."""

Q1, Q2, Q3, Q4 = "C", "B", "D", "A"
Q5, Q6, Q7, Q8 = "C", "B", "D", "B"
