"""# Questions on tokens

**What does a model know of a text, once it is ids?** Take an id for a quantity, or a token for a word, and you
expect what no model can do: it gets 512 and 513, not the letters of `cat` and `dog`.

Here are eight questions on this chapter. Answer each with one letter, as in `Q1 = "A"`. Where a question asks what
happens, predict first. Then try it with your own functions.

The explanations are shown once all answers are right.
"""

# Q1. A byte-level tokenizer without any merges reads "größe". Into how many ids does it turn these five letters?
#   A. 5, one for each letter
#   B. 6
#   C. 7
#   D. 10, two for each letter
Q1 = "C"  # TODO: A, B, C or D

# Q2. Which document has exactly the same bag of words as "the dog bites the man"?
#   A. "dog bites man"
#   B. "The man bites the dog!"
#   C. "the dogs bite the man"
#   D. "the dog bites a man"
Q2 = "B"  # TODO: A, B, C or D

# Q3. Why is text cut into pieces before pairs are counted?
#   A. UTF-8 does not allow the bytes of two words to stand together.
#   B. So that unknown words can be left out.
#   C. Pairs inside a piece are more frequent than all others, so the result is the same, only faster.
#   D. So that no token spans two words, or a word and the sign after it: else "dog", "dog." and "dog!" become separate
#      tokens that share nothing.
Q3 = "D"  # TODO: A, B, C or D

# Q4. A model's vocabulary is made eight times as large, by more merges. What follows?
#   A. Sequences get shorter, the embedding table and the output layer get larger, and each token is seen less often.
#   B. Sequences get longer, because an id now needs more bits.
#   C. Texts that could not be written before can be written now.
#   D. Nothing but the ids changes: the same text has as many tokens as before.
Q4 = "A"  # TODO: A, B, C or D

# Q5. A byte-level tokenizer was trained on English alone. Now it reads a Thai newspaper. What happens?
#   A. It raises an error at the first Thai character.
#   B. It replaces Thai characters by one "unknown" token, so that decoding does not give the text back.
#   C. It writes every character and decodes to the same text, but needs more tokens per character than for English.
#   D. It needs as many tokens per character as for English, because a byte is a byte.
Q5 = "C"  # TODO: A, B, C or D

# Q6. The merges are, in this order, ("b", "c") and ("a", "b"). Which tokens does "abc" become?
#   A. "ab", "c"
#   B. "a", "bc"
#   C. "abc"
#   D. "a", "b", "c"
Q6 = "B"  # TODO: A, B, C or D

# Q7. "cat" has id 512 and "dog" has id 513. What does this tell about the two words?
#   A. They are alike in meaning.
#   B. They occurred about equally often in the training text, and beside each other.
#   C. "dog" is the longer one of the two.
#   D. Nothing about their meaning: an id is a name, and all ids could be exchanged for others.
Q7 = "D"  # TODO: A, B, C or D

# Q8. A program prints a model's answer one id at a time, with `decode([i])` for each. Now and then a "�" appears
# where an emoji should be. Why?
#   A. The emoji's bytes are spread over several ids, and the bytes of one id alone are not UTF-8.
#   B. The vocabulary has no emoji, so the model wrote an unknown token.
#   C. Emojis are special tokens, which `decode` does not know.
#   D. The pattern drops everything that is neither a letter nor a number.
Q8 = "A"  # TODO: A, B, C or D

_EXPLANATIONS = {
    "Q1": "UTF-8 writes g, r and e in one byte each and ö and ß in two each: 3 + 4 = 7. `len('größe'.encode())` "
    "says so too.",
    "Q2": "Case and punctuation fall away, and so does order: who bites whom is lost. All the other documents count "
    "some word differently: without 'the', with 'dogs' and 'bite' for 'dog' and 'bites', or with 'a' for one "
    "'the'.",
    "Q3": "Merges take what is frequent, and a word is often followed by a blank, a comma or a full stop. Without "
    "pieces the vocabulary fills up with the same word glued to each sign. The result does change, so it is "
    "not just for speed; and no text is left out, since the pieces joined are the text.",
    "Q4": "More merges mean longer tokens and so fewer of them. The price is one row in the embedding table and one "
    "in the output layer for each token, and rare tokens that training hardly ever shows. What can be written "
    "does not change: the 256 bytes already write everything.",
    "Q5": "Bytes write every text, so nothing is unknown and nothing is lost. But a Thai character is three bytes, "
    "and merges learned from English hardly ever fit them, so a Thai text becomes several times as many "
    "tokens. Models pay for that in time and in context.",
    "Q6": "Merges are applied by rank, not from left to right: ('b', 'c') was learned first, so it is done first. "
    "After it there is no pair ('a', 'b') left, and ('a', 'bc') is not a merge.",
    "Q7": "Ids are given in the order in which merges were learned. A model never computes with an id as a "
    "quantity; it looks up a row. Deal the ids out anew, with the table's rows to match, and nothing changes: "
    "the next chapter tries it.",
    "Q8": "Most emojis are four bytes, often two or more ids. Half of a character is not valid UTF-8, so decoding "
    "it alone gives U+FFFD. Join the bytes of all ids first, or keep back what is not yet complete.",
}

_IDEAS = {
    "Q1": {
        "A": "That counts letters. A byte-level tokenizer counts the bytes of UTF-8, and not every letter "
        "here is one byte.",
        "B": "That gives two bytes to one letter only. More than one of these letters is outside ASCII.",
        "D": "That gives two bytes to every letter. UTF-8 writes a letter of ASCII in one byte.",
    },
    "Q2": {
        "A": "That takes 'the' for a word that does not count. A bag counts every word of its vocabulary, "
        "frequent ones too.",
        "C": "That takes 'dogs' and 'dog' for one word. A bag knows a word by its letters, not by its stem or "
        "its meaning.",
        "D": "That takes 'a' and 'the' for the same. They are two words, and each has a count of its own.",
    },
    "Q3": {
        "A": "UTF-8 has no such rule. In every text the bytes of one word follow those of another.",
        "B": "Nothing is left out: the pieces joined are the text. An unknown word is written in smaller tokens.",
        "C": "The result is not the same. Some frequent pairs reach from a word into the blank or the sign beside it.",
    },
    "Q4": {
        "B": "That takes an id for a row of bits in the text. A sequence is as long as it has tokens, and a "
        "merge makes one of two.",
        "C": "The 256 bytes were in the vocabulary before the first merge. Is there a text that they cannot write?",
        "D": "A merge puts one token in the place of two wherever its pair occurs, so the number of tokens "
        "cannot stay.",
    },
    "Q5": {
        "A": "An error needs something without an id. A Thai character is bytes, and which bytes have no id?",
        "B": "A vocabulary of words needs an unknown token. Here every byte has an id, so decoding gives the "
        "same bytes back.",
        "D": "A byte is a byte, but a token is several merged bytes. The merges come from English and hardly "
        "ever fit Thai.",
    },
    "Q6": {
        "A": "That merges from left to right in the text. The order of the merges decides, not the order of "
        "the letters.",
        "C": "That needs a merge whose one part is two letters long. There is none in the list.",
        "D": "That leaves a pair unmerged that is in the list. Encoding goes on until no pair is a merge.",
    },
    "Q7": {
        "A": "That takes near ids for near meanings. Ids are given in the order of the merges, and no meaning "
        "goes into them.",
        "B": "No merge reaches over the border of two words, so their being neighbours leaves no trace in the ids.",
        "C": "That takes an id for a length. A later merge may join two short tokens, and here both words "
        "have three letters.",
    },
    "Q8": {
        "B": "Bytes write every character, so no unknown token is needed. Decode all ids in one call and look.",
        "C": "An id that `decode` does not know raises an error. Here it returned a sign, so it knew the id.",
        "D": "The pattern keeps all signs: the pieces joined are the text, with the emoji in it.",
    },
}
