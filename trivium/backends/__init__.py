"""The contract made native, once per framework."""
