"""The names that checks outside of this repository import: none may be renamed or dropped."""

from __future__ import annotations

import ast

import pytest
from running import PACKAGE

NAMES = {
    "ch1_tokens/characters": "CharTokenizer",
    "ch1_tokens/byte_pairs": "count_pairs merge_pair train_bpe BPETokenizer",
    "ch1_tokens/bag_of_words": "build_vocabulary bag_of_words cosine_similarity",
    "ch2_embeddings/one_hot": "one_hot embed_by_matmul embed_by_lookup lookup_gradient multiplications",
    "ch2_embeddings/embedding": "Embedding",
    "ch2_embeddings/word2vec": "skipgram_pairs noise_distribution SkipGram train_skipgram",
    "ch2_embeddings/toy_lm": "sample_windows ToyLM train_toy_lm",
    "ch2_embeddings/geometry": "cosine_matrix nearest_neighbors adjacent_pairs pair_report PairChange pca"
    " plot_embedding embedding_metrics",
    "ch2_embeddings/breakage": "freeze_experiment permute_experiment dimension_experiment mismatch_experiment"
    " freeze permute_ids",
    "ch3_attention/softmax": "softmax",
    "ch3_attention/scaled_dot_product": "scaled_dot_product_attention",
    "ch3_attention/masks": "causal_mask padding_mask combine_masks",
    "ch3_attention/self_attention": "xavier_uniform_ SelfAttention",
    "ch3_attention/multi_head": "split_heads merge_heads MultiHeadAttention",
    "ch3_attention/positions": "sinusoidal_positions LearnedPositions",
    "ch3_attention/rotary": "apply_rotary",
    "ch3_attention/grouped_query": "GroupedQueryAttention cache_bytes",
    "ch3_attention/sparse": "sliding_window_mask strided_mask sliding_window_attention",
    "ch4_blocks/normalization": "LayerNorm RMSNorm",
    "ch4_blocks/feed_forward": "gelu gelu_tanh FeedForward SwiGLU",
    "ch4_blocks/blocks": "PostNormBlock PreNormBlock",
    "ch4_blocks/decoder_block": "DecoderBlock",
    "ch4_blocks/gradient_flow": "gradient_norms make_stack gradient_flow_experiment",
    "ch5_models/gpt": "GPTConfig GPT count_parameters GPT1",
    "ch5_models/bert": "mask_tokens next_sentence_pairs BERTConfig BERT",
    "ch5_models/translator": "TranslatorConfig Translator greedy_translate",
    "ch5_models/llama": "LlamaConfig Llama",
    "ch5_models/contextual": "sentence_embedding sense_separation",
    "ch6_training/loss": "next_token_targets cross_entropy perplexity",
    "ch6_training/adamw": "AdamW parameter_groups",
    "ch6_training/schedule": "cosine_with_warmup clip_gradients",
    "ch6_training/train": "get_batch evaluate TrainSettings train_gpt TrainResult",
    "ch6_training/cost": "forward_flops training_flops activation_bytes optimizer_bytes attention_share",
    "ch6_training/data_parallel": "ring_all_reduce all_reduce_gradients broadcast_parameters",
    "ch7_inference/sampling": "greedy apply_temperature top_k_filter top_p_filter sample",
    "ch7_inference/generate": "generate",
    "ch7_inference/kv_cache": "KVCache CachedAttention CachedGPT",
    "ch7_inference/cached_llama": "CachedLlama",
    "ch7_inference/gpt2_weights": "load_gpt2",
    "ch7_inference/online_softmax": "online_softmax blockwise_attention",
    "ch1_tokens/concepts": "Q1 Q8",
    "ch5_models/concepts": "Q1 Q8",
    "ch7_inference/concepts": "Q1 Q8",
}


@pytest.mark.parametrize("tree", ["solutions", "exercises"])
@pytest.mark.parametrize("exercise", list(NAMES))
def test_every_name_is_there(tree: str, exercise: str) -> None:
    source = (PACKAGE / tree / (exercise + ".py")).read_text(encoding="utf-8")
    found = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    assert set(NAMES[exercise].split()) <= found


def test_the_reflection_is_there() -> None:
    assert (PACKAGE / "exercises" / "ch2_embeddings" / "reflection.md").exists()
