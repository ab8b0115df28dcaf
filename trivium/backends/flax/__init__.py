"""The contract in JAX, with Flax's nnx modules."""

from trivium.core.pretrained import require

require("jax", "flax")
require("flax", "flax")
