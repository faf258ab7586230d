"""A mean by einsum over a float mask, cosines from F.cosine_similarity, pairs picked by boolean tables."""

import torch
import torch.nn.functional as F


def sentence_embedding(hidden, lengths):
    seq = hidden.size(1)
    for n in lengths.tolist():
        if not 1 <= n <= seq:
            raise ValueError(f"length {n}")
    attention_mask = torch.arange(seq, device=hidden.device)[None] < lengths[:, None].to(hidden.device)
    kept = hidden.masked_fill(~attention_mask.unsqueeze(-1), 0.0)
    return torch.einsum("bsd,b->bd", kept, 1.0 / lengths.to(hidden))


def sense_separation(model, sentences, positions, senses):
    labels = {sense: number for number, sense in enumerate(dict.fromkeys(senses))}
    label = torch.tensor([labels[sense] for sense in senses])
    n = len(sentences)
    i, j = torch.triu_indices(n, n, offset=1)
    same = label[i] == label[j]
    if same.all() or not same.any():
        raise ValueError(f"no two kinds of pairs among {list(senses)}")
    words = [sentence[position] for sentence, position in zip(sentences, positions)]
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            static = F.embedding(torch.tensor(words), model.token_embedding.weight)
            lengths = torch.tensor([len(sentence) for sentence in sentences])
            ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(list(s)) for s in sentences], batch_first=True)
            hidden = model(ids, None, lengths)
            contextual = torch.stack([hidden[row, position] for row, position in enumerate(positions)])
            return difference(static, i, j, same), difference(contextual, i, j, same)
    finally:
        for part, training in modes:
            part.training = training


def difference(vectors, i, j, same):
    cosine = F.cosine_similarity(vectors[i], vectors[j], dim=-1)
    return cosine[same].mean().item() - cosine[~same].mean().item()


def small_bert(vocab_size, max_len, dropout=0.0):
    from ch5_models import bert

    sizes = dict(d_model=64, n_layers=2, n_heads=4, d_ff=128, dropout=dropout)
    return bert.BERT(bert.BERTConfig(vocab_size, max_len, **sizes))
