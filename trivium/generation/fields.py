"""Fields of Transformers' GenerationConfig that are here for their names' sake, and what to do instead."""

SETTINGS = frozenset(
    {
        "use_cache", "cache_implementation", "cache_config", "max_cache_len", "return_legacy_cache", "low_memory",
        "num_assistant_tokens_schedule", "assistant_lookbehind", "target_lookbehind", "is_assistant", "compile_config",
        "disable_compile", "continuous_batching_config",
    }
)  # fmt: skip
"""What says how to work and changes no token: generation_config.json may say of them what it likes, and keeps it."""
NOTES = ("_from_model_config", "_commit_hash", "transformers_version")
"""What a file says of itself."""
REMEDIES = {
    "constraints": "prefix_allowed_tokens_fn= says which tokens may follow",
    "force_words_ids": "sequence_bias raises words, and prefix_allowed_tokens_fn= forces them",
    "watermarking_config": "logits_processor= takes a watermark of your own",
    "token_healing": "leave out the prompt's last token, and let prefix_allowed_tokens_fn= allow what begins like it",
    "assistant_early_exit": "give assistant_model=, or prompt_lookup_num_tokens",
    "assistant_lookbehind": "assistant_model= has the model's own vocabulary here: leave it out",
    "target_lookbehind": "assistant_model= has the model's own vocabulary here: leave it out",
    "assistant_ensemble_weight": "drafts are only accepted if they are what the model would say: leave it out",
    "speculation_type": "give assistant_model=, or prompt_lookup_num_tokens",
    "use_mtp": "no model here predicts several tokens at once: leave it out",
    "num_assistant_tokens_schedule": "a draft has num_assistant_tokens, so that few programs are compiled: leave it out",
    "is_assistant": "give the model as assistant_model= of another",
    "use_cache": "there always is a cache, and it changes no token: leave it out",
    "cache_implementation": '"quantized" keeps keys and values as int8; caches have the room that a call needs anyway',
    "cache_config": "caches have the room that a call needs from the start: leave it out",
    "max_cache_len": "caches have the room that a call needs: leave it out",
    "return_legacy_cache": "past_key_values are tuples, one for each layer: leave it out",
    "low_memory": "ask for fewer num_beams, or give fewer prompts at a time",
    "compile_config": "compiled= says whether to compile",
    "generation_kwargs": "give fields by their own names",
    "continuous_batching_config": "prompts of any lengths go into one call",
}
"""A field that may have no other value than its default -> what to do instead."""
ARGUMENTS = {
    "assistant_tokenizer": REMEDIES["assistant_lookbehind"],
    "custom_generate": "no code is taken from a repository: write a loop around the model's cache",
    "encoder_outputs": "give what the encoder is given",
    "inputs_embeds": "give input_ids; a model.trace with edits changes what they become",
    "position_ids": "positions follow from attention_mask: leave it out",
    "synced_gpus": "leave it out",
    "token_type_ids": "leave it out",
    "trust_remote_code": "no code is taken from a repository: leave it out",
    "use_model_defaults": "fields that generation_config= does not set have their defaults: leave it out",
}
"""An argument of Transformers' `generate` that is none here -> what to do instead."""
