# attacks: ch2_embeddings/one_hot
# coding: utf-7
# verdict: failed
"""Says that its file is written in another encoding, in which the comments are the code."""
# +AAo-def one_hot(*args, **kwargs): return None
# +AAo-embed_by_matmul +AD0- embed_by_lookup +AD0- lookup_gradient +AD0- multiplications +AD0- one_hot
