"""Q1 is answered with A: it counts the letters and not the bytes of UTF-8."""

Q1 = "A"  # five letters, no merges, so nothing changes
Q2 = "B"
Q3 = "D"
Q4 = "A"
Q5 = "C"
Q6 = "B"
Q7 = "D"
Q8 = "A"
