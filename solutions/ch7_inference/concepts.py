"""# Questions on inference

**What does it cost to write a text, and who chooses its words?** Whoever expects a token to take the same time, read
or written, is wrong by a large factor.

Eight questions on what writing a text costs, and on how its words are chosen. Answer each with one letter, as in
`Q1 = "A"`. Where a question asks for a number, work it out before you look at the choices.

The explanations are shown once all answers are right.
"""

# Q1. A model has 12 layers with 12 heads of 64 numbers each, and keeps numbers of 2 bytes. How large is the cache of
# one text of 512 tokens?
#   A. 1.5 MiB
#   B. 9 MiB
#   C. 18 MiB
#   D. 216 MiB
Q1 = "C"  # TODO: A, B, C or D

# Q2. A decoder has 32 query heads and only 8 heads for keys and values. What does that change when it writes?
#   A. The cache takes a quarter of the memory, and a step reads a quarter as much of it.
#   B. A step computes a quarter as many scores.
#   C. The model has a quarter of the parameters.
#   D. With the same cache it can write four texts that share their keys.
Q2 = "A"  # TODO: A, B, C or D

# Q3. A text has n tokens and the model is to write the next one. What does the KV cache save?
#   A. Nothing in operations: it saves the memory of the scores.
#   B. The products of old tokens with the weights; the scores are still n² per head.
#   C. The scores of old queries; all n tokens still go through the feed-forward networks.
#   D. Both: one token goes through the weights instead of n, and one query meets the n keys instead of n queries.
Q3 = "D"  # TODO: A, B, C or D

# Q4. Training on a token costs about three times the operations of reading it once. Where do the other two thirds go?
#   A. The optimizer multiplies each weight twice, once for each of AdamW's moments.
#   B. For each product of the forward pass the backward pass needs two: the gradient of its input and of its weight.
#   C. The forward pass is repeated twice, for the validation data and for the checkpoint.
#   D. Each token is predicted three times, from three different contexts.
Q4 = "B"  # TODO: A, B, C or D

# Q5. A recurrent network and a Transformer with a cache have both written 10,000 tokens. Compare their next step.
#   A. The recurrent network has to read all 10,000 tokens again, the Transformer does not.
#   B. The Transformer's step costs what its first one cost; the recurrent network's step has become longer.
#   C. Both steps have grown with the length of the text, in work and in memory.
#   D. The recurrent network's step costs what its first one cost, with one state of fixed size for the whole text. The
#      Transformer's step and its cache have grown, and in return it can still look at each of the 10,000 tokens.
Q5 = "D"  # TODO: A, B, C or D

# Q6. At one place a model gives one token 0.97 and thousands of others next to nothing. At the next place forty tokens
# have 0.02 each and thousands share the rest. Compare top-k with k = 40 and top-p with p = 0.75.
#   A. At the first place top-k lets 39 poor tokens in and top-p keeps one; at the second they keep about the same.
#   B. At both places they keep about the same tokens.
#   C. At the first place they keep the same; at the second top-p keeps only one token.
#   D. At the first place top-p keeps thousands of tokens, at the second none.
Q6 = "A"  # TODO: A, B, C or D

# Q7. Why did the models of 2018 read no more than 512 tokens?
#   A. Token ids were stored in 9 bits.
#   B. A text has hardly any words that depend on something more than 512 tokens back.
#   C. Scores and what training keeps of them grow with the square of the length, and a learned table of positions has
#      no row for a place that was never trained.
#   D. The vocabulary would have had to grow with the length.
Q7 = "C"  # TODO: A, B, C or D

# Q8. On a GPU a prompt of 1,000 tokens is read in about the time in which a few tokens are written, although reading
# a token and writing one take nearly the same operations. Why?
#   A. Reading needs no attention: nothing has been written that could be attended to.
#   B. Reading fetches each weight from memory once for 1,000 tokens, writing fetches all of them anew for each token.
#   C. While writing, the gradients of the earlier tokens have to be kept.
#   D. Sampling from the softmax takes longer than all layers together.
Q8 = "B"  # TODO: A, B, C or D

_EXPLANATIONS = {
    "Q1": "Keys and values, 12 layers, 12 · 64 = 768 numbers each, 512 tokens, 2 bytes: 2 · 12 · 768 · 512 · 2 = "
    "18,874,368 bytes, which is 18 MiB. 1.5 MiB is one layer, and 9 MiB forgets the values. The weights are "
    "not part of it: they are shared by all texts, while each text has its own cache.",
    "Q2": "What is kept is keys and values, and there are a quarter as many. Every query head still makes its own "
    "scores, so the number of scores stays; that four of them look at the same keys saves memory and the "
    "reading of memory, which is what a step spends most of its time on. The parameters change by the smaller "
    "k_proj and v_proj alone.",
    "Q3": "Old keys and values never change under the causal mask, and old queries have done their work. So neither "
    "the products with the weights nor the scores of old tokens are needed again. Without a cache a text of n "
    "tokens costs about n times as much to write; your own counts in kv_cache show it.",
    "Q4": "For y = xW the backward pass computes the gradient of x, to hand it on, and the gradient of W, to learn: "
    "two products of the same size as the forward one. Inference needs neither, and keeps no activations. "
    "Training also pays for the optimizer's memory, and for doing all this for very many tokens, but not three "
    "times per token.",
    "Q5": "A recurrent network squeezes everything into one state, so its step never grows and it forgets. Attention "
    "keeps a key and a value for each token: a step costs more the longer the text, and nothing has to be "
    "squeezed. A sliding window lies between the two: its cache stops growing at the window.",
    "Q6": "Top-k keeps 40 tokens whether the model is sure or not. Top-p looks at the probabilities: 0.97 reaches "
    "0.75 at once, so one token is enough; at 0.02 each it takes 38 of them. That is why it is called the "
    "nucleus: it grows and shrinks with the model's doubt.",
    "Q7": "Twice the length is four times the scores, and training keeps them for the backward pass, in every head "
    "of every layer. Longer texts would also have meant fewer of them in a batch. And a learned position is a "
    "row of a table: rows beyond the trained length mean nothing. Rotary positions, attention in blocks and "
    "grouped queries are three answers to this.",
    "Q8": "A step of writing does two operations with each weight that it fetches, and fetching takes far longer "
    "than that. A prompt uses each fetched weight 1,000 times. So writing one text leaves the GPU waiting for "
    "memory, and serving many texts at once, one batch, costs hardly more than serving one.",
}

_IDEAS = {
    "Q1": {
        "A": "1.5 MiB is the cache of a single layer. Each layer keeps its own.",
        "B": "9 MiB holds the keys or the values. Both are kept.",
        "D": "216 MiB counts the heads twice. All heads of a layer together have 12 · 64 = 768 numbers for each token.",
    },
    "Q2": {
        "B": "Each of the 32 query heads still compares its own query with every key.",
        "C": "Only `k_proj` and `v_proj` become smaller. Most of the parameters are elsewhere: in a feed- "
        "forward network, for one.",
        "D": "Heads share keys within one text. Two texts have different keys, and each has a cache of its own.",
    },
    "Q3": {
        "A": "Your own counts in `kv_cache` contradict this: compare the operations of a step with and "
        "without the cache.",
        "B": "With the cache one new query is made. How many scores does one query make with n keys?",
        "C": "Nothing asks for the outputs of old tokens any more. Why should they go through the feed- "
        "forward networks again?",
    },
    "Q4": {
        "A": "AdamW works on each number of the model once a step, however many tokens the batch has. That is "
        "little beside the products.",
        "C": "Validation and checkpoints come once in many steps. These two thirds are spent in every step.",
        "D": "Each position is predicted once, from all that stands before it in its window.",
    },
    "Q5": {
        "A": "That is a Transformer without a cache. A recurrent network holds what it knows of the text in its state.",
        "B": "That exchanges the two. Which of them keeps a state of fixed size, and which a list that grows?",
        "C": "This holds for one of them. How large is what the other keeps after 10,000 tokens, and after ten?",
    },
    "Q6": {
        "B": "Top-k always keeps 40 tokens here. How many does top-p need at the first place, where one token "
        "has 0.97?",
        "C": "At the second place each of the best tokens has 0.02. How many of them does it take to reach 0.75?",
        "D": "Top-p keeps the fewest tokens that reach p together, and always at least one.",
    },
    "Q7": {
        "A": "An id numbers a token of the vocabulary, not a place in the text. 9 bits do not even reach "
        "GPT-1's 40,478 tokens.",
        "B": "A name may come back many pages later, and models with a longer context predict long texts better.",
        "D": "A longer text repeats the tokens of the vocabulary. It needs no new ones.",
    },
    "Q8": {
        "A": "Reading needs attention as well: each token of the prompt attends to those before it.",
        "C": "No gradients are computed when a text is written. All that is kept of earlier tokens is their "
        "keys and values.",
        "D": "A softmax over the vocabulary is one row of numbers. The layers compute with all the weights of "
        "the model.",
    },
}
