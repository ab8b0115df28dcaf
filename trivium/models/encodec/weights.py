"""Where EnCodec's names on disk differ from the network's: weight norm as PyTorch had it before 2.1, and the Hub has it."""

from trivium.convert.rules import Rename, Rules

KERNEL = "parametrizations.weight.original"

RULES = Rules(also=(Rename("torch", f"{KERNEL}0", "weight_g"), Rename("torch", f"{KERNEL}1", "weight_v")))
