"""`Q4` is answered with A, the two moments of AdamW, and `Q5` with C, that both steps grow; B and D are right."""

Q1 = "C"  # 18 MiB
Q2 = "A"  # smaller cache
Q3 = "D"  # one token through the weights, one query
Q4 = "A"  # m and v: two more multiplications for each weight
Q5 = "C"  # longer text, more to remember for both
Q6 = "A"  # top-p adapts
Q7 = "C"  # squared length, learned positions
Q8 = "B"  # weights are read once per prompt but once per written token
