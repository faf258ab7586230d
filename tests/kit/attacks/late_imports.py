# attacks: ch2_embeddings/one_hot
# verdict: passed
"""No attack: a right answer that imports late, draws, plots, trains and writes files, as learners do."""
from right_one_hot import *


def ordinary():
    import json
    import tempfile

    import matplotlib.pyplot as plt
    import numpy as np
    import regex
    import torch

    assert regex.findall(r"\p{L}+", "un café") == ["un", "café"]
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    torch.nn.functional.scaled_dot_product_attention(*torch.randn(3, 1, 2, 4, 8)).sum()
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    torch.save(model.state_dict(), "model.pt")
    model.load_state_dict(torch.load("model.pt"))
    np.savez("arrays.npz", a=np.linalg.svd(np.random.rand(5, 5))[0])
    with tempfile.TemporaryDirectory() as folder, open(folder + "/x.json", "w") as file:
        json.dump([1], file)
    plt.plot([1, 2], [3, 4])
    plt.title("été")
    plt.savefig("figure.png")


ordinary()
