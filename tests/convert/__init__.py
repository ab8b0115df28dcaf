"""Tests of the converter. No framework is needed."""
