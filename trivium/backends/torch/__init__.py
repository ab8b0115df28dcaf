"""The contract in PyTorch."""

from trivium.core.pretrained import require

require("torch", "torch")
