"""xstilts: which intermediate task to train on before zero-shot cross-lingual transfer."""

__version__ = "0.1.0"
