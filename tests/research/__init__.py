"""Tests of what is for research."""
