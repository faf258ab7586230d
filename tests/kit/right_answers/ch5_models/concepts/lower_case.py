"""Lower case and brackets are the same letters."""

Q1, Q2, Q3, Q4 = "b", "(D)", "a ", "B."
Q5, Q6, Q7, Q8 = "c", "d", "A", " C "
