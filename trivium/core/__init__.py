"""What is independent of any framework: the contract, configs, the weight layout."""
