"""Tokenised caches and mixtures: typed examples in, Arrow files with a card out."""
