"""What ejected files have in place of Trivium's own: base classes, plain layers, and how weights are loaded.

These files are read as source, definition by definition, and never imported.
"""
