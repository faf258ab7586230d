"""`Q1` is answered with B, 9 MiB, which counts the keys of the cache and forgets the values; C is right."""

# Q1: 12 layers * 12 heads * 64 numbers * 512 tokens * 2 bytes = 9,437,184 bytes = 9 MiB
Q1 = "B"

# Q2: fewer key and value heads, so a smaller cache; every query head still has its own scores
Q2 = "A"

# Q3: only the new token goes through the weights, and only its query is needed
Q3 = "D"

# Q4: gradient of the input and gradient of the weight
Q4 = "B"

# Q5: fixed state against a growing cache
Q5 = "D"

# Q6: 0.97 is already more than 0.75, so the nucleus is one token
Q6 = "A"

# Q7: n^2 scores, and no rows in the position table beyond the trained length
Q7 = "C"

# Q8: memory bandwidth
Q8 = "B"
