"""Q8 has the answer A (twice the scores and twice the parameters); the scores grow fourfold, the right answer is C."""

# three families: decoder, encoder, encoder and decoder
Q1 = "B"
Q2 = "D"
Q3 = "A"
Q4 = "B"
Q5 = "C"
Q6 = "D"
# recurrence and attention, memory
Q7 = "A"
Q8 = "A"  # 512 -> 1024 is a factor of two for everything
