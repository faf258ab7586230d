"""Which pictures there are: of which exercise, with which words, and which function works them out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Picture:
    """One picture. `module` of this package has a function of its name, with underscores, that works it out.

    `sentence` says what to see; the function may give another one that fits what it found.
    """

    name: str
    exercise: str
    module: str
    title: str
    question: str
    sentence: str

    @property
    def function(self) -> str:
        return self.name.replace("-", "_")


PICTURES = (
    Picture(
        "merges",
        "ch1_tokens/byte_pairs",
        "tokens",
        "Merges and the length of a text",
        "How much does each merge shorten a text?",
        "The first merges shorten a text most, because they join the most frequent pairs. Later ones join rarer pairs"
        " and gain less.",
    ),
    Picture(
        "same-words",
        "ch1_tokens/bag_of_words",
        "tokens",
        "Two sentences with the same words",
        "What does a bag of words lose?",
        "Both sentences have the same bar at each word. A bag counts words and forgets their order.",
    ),
    Picture(
        "embedding-map",
        "ch2_embeddings/geometry",
        "embeddings",
        "The embedding table before and after training",
        "Does training put tokens with the same use side by side?",
        "Before training, the letters lie in no order. After it, most vowels lie together, away from most consonants."
        " Nobody told the model what a vowel is.",
    ),
    Picture(
        "cosine-matrix",
        "ch2_embeddings/geometry",
        "embeddings",
        "The cosine of every two tokens before and after training",
        "Which tokens did training make alike?",
        "The vowels stand first. Training makes them alike.",
    ),
    Picture(
        "breakage",
        "ch2_embeddings/breakage",
        "breaking",
        "A toy language model, broken in four ways",
        "What is each part of the model for?",
        "Permuted ids hardly raise the loss: ids are only labels. A frozen table or two numbers per token raise it a"
        " little. Another tokenizer raises it most, and more so after longer training.",
    ),
    Picture(
        "temperatures",
        "ch3_attention/softmax",
        "attention",
        "Softmax at three temperatures",
        "How do scores become weights?",
        "The weights always sum to 1, and the largest score has the largest weight. A low temperature gives it nearly"
        " all the weight. A high temperature makes the weights more even.",
    ),
    Picture(
        "masks",
        "ch3_attention/masks",
        "attention",
        "Who may look at whom",
        "Why can a model not copy the next token?",
        "A causal mask lets each query see its own key and the earlier keys. If there are more keys than queries, the"
        " last query still sees all keys. A padding mask hides the keys after the end of the text from every query.",
    ),
    Picture(
        "attention-heads",
        "ch3_attention/multi_head",
        "attention",
        "What four heads look at in one sentence",
        "Do several heads learn different things?",
        "Each row shows where one word looks, and its weights sum to 1. The heads have different patterns, although all"
        " of them were trained on the same task: to predict the next word.",
    ),
    Picture(
        "position-table",
        "ch3_attention/positions",
        "places",
        "A table of positions",
        "How can a sum of waves tell where a token stands?",
        "The left dimensions change quickly from row to row, the right ones slowly, so no two rows are equal. The"
        " similarity of two positions depends only on their distance, so the curves coincide.",
    ),
    Picture(
        "rotary-turns",
        "ch3_attention/rotary",
        "places",
        "A vector turned by its position",
        "How can a score depend on the distance of two tokens?",
        "The first pair of numbers turns fast, the others turn more slowly. The lengths do not change. The score"
        " depends only on the distance, so the curves coincide.",
    ),
    Picture(
        "sparse-masks",
        "ch3_attention/sparse",
        "attention",
        "Two masks that leave pairs out",
        "Which pairs can attention leave out?",
        "A window keeps the nearest keys, a stride keeps every fourth one. Both look at far fewer pairs than the whole"
        " lower triangle.",
    ),
    Picture(
        "gradient-flow",
        "ch4_blocks/gradient_flow",
        "depth",
        "The gradient on its way back to the first layer",
        "What keeps gradients from vanishing?",
        "Read the picture from right to left: the gradient flows backward. Without residual connections it vanishes."
        " With them alone it explodes. With norms as well it keeps its size.",
    ),
    Picture(
        "two-senses",
        "ch5_models/contextual",
        "meaning",
        "“bank” in two senses, before and after context",
        "Does the model know which bank is meant?",
        "The table has one vector for the word, so all sentences share one point. After the last block the two"
        " senses lie apart.",
    ),
    Picture(
        "schedule",
        "ch6_training/schedule",
        "training",
        "The learning rate of each step",
        "When does training take its largest steps?",
        "The rate rises in a straight line, because the first gradients say little. It then falls along a cosine, so"
        " that the last steps are small ones.",
    ),
    Picture(
        "losses",
        "ch6_training/train",
        "training",
        "The losses of a GPT above the floor",
        "How much is still to be learned?",
        "The loss starts at a guess and falls towards the floor.",
    ),
    Picture(
        "context-cost",
        "ch6_training/cost",
        "costs",
        "What a longer context costs",
        "Why were contexts short for so long?",
        "When the context doubles, the quadratic part of the cost becomes four times as large.",
    ),
    Picture(
        "activation-memory",
        "ch6_training/cost",
        "costs",
        "The memory that training keeps",
        "What fills the memory in training?",
        "The memory of a forward pass grows faster than the context, because the attention weights grow with its"
        " square. AdamW's memory depends only on the number of parameters.",
    ),
    Picture(
        "next-token",
        "ch7_inference/sampling",
        "writing",
        "The next word under temperature, top-k and top-p",
        "How random is the choice of the next word?",
        "Temperature changes how even the probabilities are and keeps every word possible. Top-k keeps a fixed number"
        " of words. Top-p keeps the fewest words that reach a share. The probabilities that are left sum to 1 again.",
    ),
    Picture(
        "cache-growth",
        "ch7_inference/kv_cache",
        "writing",
        "What a cache costs and saves",
        "Why does a model that writes need a cache?",
        "With a cache the work for a token hardly grows. Without one the model reads all tokens again.",
    ),
)


def pictures_for(exercise: str) -> tuple[Picture, ...]:
    """The pictures of an exercise, in the order in which they are shown."""
    return tuple(picture for picture in PICTURES if picture.exercise == exercise)
