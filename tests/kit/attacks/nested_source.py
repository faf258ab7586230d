# attacks: ch2_embeddings/one_hot
# verdict: failed
"""Source text that is nested too deep for a parser."""
one_hot = @NESTED@
