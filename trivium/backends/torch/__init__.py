"""The contract in PyTorch."""
