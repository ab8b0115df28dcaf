"""What goes into models and comes out of them: images, recordings, and both together with text. No framework is imported."""
