"""What vLLM calls in each of its processes where Trivium is installed: the entry point `vllm.general_plugins`."""

ARCHITECTURE = "TriviumForCausalLM"
"""The name that asks vLLM for Trivium's network; no checkpoint has it, so that no other model of vLLM is replaced."""


def register() -> None:
    """Makes `ARCHITECTURE` known to vLLM; nothing is loaded until a model asks for it."""
    from vllm import ModelRegistry

    ModelRegistry.register_model(ARCHITECTURE, "trivium.serving.vllm_model:TriviumForCausalLM")
