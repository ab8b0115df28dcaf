"""The contract in JAX, with Flax's nnx modules."""
