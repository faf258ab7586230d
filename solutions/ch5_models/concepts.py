"""# Questions on the three families

**Which model is for which task, and why is it built that way?** Whoever gives an encoder a text to continue, or a
decoder a gap to fill, asks it for what its mask did not let it learn.

Eight questions on what your models are for and why they are built as they are. Answer each with one letter, as in
`Q1 = "A"`. Most of them can be tried on your own GPT, BERT and Translator.

The explanations are shown once all answers are right.
"""

# Q1. The language models of today are decoders without an encoder. What is the main reason?
#   A. A decoder has no attention over padding, so it needs fewer operations per token.
#   B. Every position of any text is a training example of what the model is used for, predicting the next token,
#      and prompt and answer are one text that one stack reads and goes on with.
#   C. An encoder cannot be made larger than 340 million parameters.
#   D. Only a decoder can have its head tied to its token table.
Q1 = "B"  # TODO: A, B, C or D

# Q2. "The embedding layer" and "the encoder" both turn tokens into vectors. What is the difference?
#   A. The encoder is the embedding layer of a model with positions.
#   B. The embedding layer has parameters; the encoder only mixes what is there.
#   C. The embedding layer makes one vector of a whole sentence, the encoder one for each token.
#   D. The embedding layer gives a token the same vector in every sentence; the encoder's vector for it depends on all
#      the tokens around it.
Q2 = "D"  # TODO: A, B, C or D

# Q3. In "the ___ of the river was muddy" a model is to fill the gap. What does a BERT see there that a GPT, reading
# from the left, does not?
#   A. "of the river was muddy": the tokens to the right of the gap.
#   B. "the": the token to the left of the gap.
#   C. The position of the gap.
#   D. The vectors of earlier sentences.
Q3 = "A"  # TODO: A, B, C or D

# Q4. Someone removes the causal mask from a GPT and trains it as before. What happens?
#   A. It learns more slowly, but to the same loss.
#   B. The training loss falls to nearly zero, and the text that it writes is worthless.
#   C. The loss stays at ln(vocab).
#   D. It becomes a BERT and writes as well as before.
Q4 = "B"  # TODO: A, B, C or D

# Q5. In BERT's pretraining 15 % of the tokens are chosen, and 20 % of those are not replaced by [MASK]. What are these
# 20 % for?
#   A. They save time: they do not count in the loss.
#   B. They keep the special tokens from being masked.
#   C. [MASK] never occurs in later use; so it must make a good vector of every token, since any may be asked for.
#   D. They make next-sentence prediction possible.
Q5 = "C"  # TODO: A, B, C or D

# Q6. A translator of 2017 reads a source of 20 tokens and writes token 7 of the target. What may its decoder look at?
#   A. Source tokens 1 to 7, and target tokens 1 to 6.
#   B. Source tokens 1 to 20, and target tokens 1 to 20.
#   C. Only the last vector of the memory, and target token 6.
#   D. Source tokens 1 to 20, and target tokens 1 to 6.
Q6 = "D"  # TODO: A, B, C or D

# Q7. A recurrent network and a Transformer are trained on sentences of n tokens. Compare the way of a signal from the
# first token to the last, and the number of steps that have to wait for one another in the forward pass.
#   A. Recurrent: n steps for both. Attention: one layer for the way, and a number of waiting steps that does not
#      grow with n.
#   B. Recurrent: one step for the way, n steps of waiting. Attention: n for both.
#   C. n for both, in both; attention only has fewer parameters.
#   D. Attention: n² steps for both, which is why it needs a GPU.
Q7 = "A"  # TODO: A, B, C or D

# Q8. GPT-1 and BERT read 512 tokens. With all else as it is, twice that would have cost how much, for what, and changed
# the number of parameters by how much?
#   A. Twice the memory of the scores; the parameters double.
#   B. The same memory, since scores are shared by the heads; the parameters grow by a third.
#   C. Four times the memory of the scores, in each head of each layer; the parameters grow by less than one percent.
#   D. Four times the parameters; the memory of the scores stays.
Q8 = "C"  # TODO: A, B, C or D

_EXPLANATIONS = {
    "Q1": "One objective, next-token prediction, trains at every position of any text, without labels and without "
    "masking anything, and it is just what is done when the model is used. A question and its answer are one "
    "text, so reading the prompt and writing the answer need no second stack; and what was read stays in the "
    "cache, since no earlier vector changes. Encoders are still the better choice where a given text is to be "
    "understood and nothing written.",
    "Q2": "An embedding layer looks up a row by id: static, one vector per word, whatever stands around it. The "
    "encoder begins with those rows and mixes them by attention, layer by layer: contextual. `sense_separation` "
    "is 0 for the first and above 0 for the second.",
    "Q3": "An encoder's positions see both sides; a decoder's see only themselves and what is to the left. The gap is "
    "decided by 'river' and 'muddy', which are to the right. The price: an encoder cannot be trained by "
    "predicting the next token, because every position could read it off.",
    "Q4": "Without the mask each position sees the next token, which is its answer: it learns to copy it from the "
    "right. When it writes, there is nothing to the right to copy from. A loss far below what is possible for "
    "the text is the sign of such a leak.",
    "Q5": "If chosen tokens were always [MASK], the model could take every other token at its word and make its vector "
    "from the id alone. Because a visible token may be random, or right and still asked for, it has to judge "
    "each by its neighbours. All chosen positions count in the loss, also these.",
    "Q6": "The source is all there from the start, so cross-attention sees the whole memory; only the target is "
    "causal. In training all target positions are computed at once, and the causal mask takes the place of "
    "what has not been written yet.",
    "Q7": "A recurrent state is handed on n times: what the first token said must survive n steps, forward and, as a "
    "gradient, backward; and step t cannot begin before step t - 1 has ended. Attention connects any two tokens "
    "in one layer, and all positions of a layer are computed at once. It pays with n² scores.",
    "Q8": "Scores are seq × seq in each head of each layer, so twice the length is four times as many. No weight "
    "matrix knows the length; only the table of positions grows, for GPT-1 by 512 · 768 = 393,216 of 116.5 "
    "million numbers, a third of a percent. The quadratic cost is why 512 was chosen, and longer context had to "
    "wait for more memory and better ways to compute attention.",
}

_IDEAS = {
    "Q1": {
        "A": "A causal mask makes no product smaller: the masked scores are computed and thrown away. And "
        "decoders mask padding, too.",
        "C": "340 million is the size of the large BERT of 2018, not a limit. Encoders with billions of "
        "parameters have been trained.",
        "D": "Your BERT ties its output to the token table as well, and it is an encoder.",
    },
    "Q2": {
        "A": "A position makes a vector depend on its place, not on the words beside it. The encoder's blocks "
        "do more than that.",
        "B": "The encoder's blocks have most of the parameters: count those of the projections and the feed- "
        "forward networks.",
        "C": "Both give one vector for each token: look at the shapes that your Embedding and your BERT return.",
    },
    "Q3": {
        "B": "That token stands to the left of the gap, so both models have read it.",
        "C": "A GPT adds a position to each token as well, so it knows where it is.",
        "D": "Each text is read on its own. Neither model keeps vectors of earlier sentences.",
    },
    "Q4": {
        "A": "That takes the mask for a help in learning. Think of what position i can read now, and of what "
        "it is asked for.",
        "C": "A loss of ln(vocab) means that nothing can be learned. Without the mask a position reads more "
        "than before, not less.",
        "D": "A BERT hides the tokens that it predicts. Here nothing hides them, and text is still written "
        "from left to right.",
    },
    "Q5": {
        "A": "Every chosen position has a label, and so counts in the loss: look at what your `mask_tokens` returns.",
        "B": "Special tokens are never chosen, so nothing has to keep them from being masked afterwards.",
        "D": "Next-sentence prediction reads the vector of the first token. Its labels come from how the "
        "sentences were paired.",
    },
    "Q6": {
        "A": "That makes the cross-attention causal. But the source is not written step by step: when is its "
        "last token known?",
        "B": "When token 7 is asked for, the later tokens of the target do not exist yet.",
        "C": "That is a recurrent translator without attention. Cross-attention has a weight for each vector "
        "of the memory.",
    },
    "Q7": {
        "B": "A recurrent network hands the first token's signal on through each state between. How many are there?",
        "C": "In attention one score connects any two tokens of a layer directly. What does the distance "
        "between them matter?",
        "D": "n² is the number of scores in a head, not of steps. The scores do not wait for one another.",
    },
    "Q8": {
        "A": "The scores have the length on more than one axis. And which weight matrix has an axis of that length?",
        "B": "Each head makes scores of its own. And only one table has a row for each place: how large is it "
        "beside the rest?",
        "D": "That exchanges the two. No weight matrix knows the length, but the scores do.",
    },
}
