"""`Q3` is answered with B, as if the cache saved no scores and a step still made n² of them per head; D is right."""

Q1, Q2 = "C", "A"  # 2 * 12 * 768 * 512 * 2 bytes; a quarter of the heads to store
Q3, Q4 = "B", "B"  # attention stays quadratic; two products backward for one forward
Q5, Q6 = "D", "A"  # the state does not grow but the cache does; top-k ignores how sure the model is
Q7, Q8 = "C", "B"  # quadratic scores and a position table; weights are fetched once for the whole prompt
