# attacks: ch2_embeddings/one_hot
# verdict: timeout
"""Never finishes its import."""
while True:
    pass
