"""The contract in NumPy: the reference, plain and in any float dtype, float64 too. It has no training and no gradients."""
