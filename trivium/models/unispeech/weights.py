"""Where UniSpeech's names on disk differ from the network's: as wav2vec 2.0's do."""

from trivium.models.wav2vec2.weights import speech

RULES = speech("unispeech")
