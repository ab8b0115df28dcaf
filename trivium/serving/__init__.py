"""Serving many texts at once: Trivium's networks in vLLM, whose continuous batching and paged cache they use.

`networks.py` makes a network ready to be given an engine's caches; it knows PyTorch and no engine. `vllm_model.py` is the model
as vLLM wants it, `plugin.py` makes it known there, `command.py` is `trivium serve`.
"""
