"""Scores in every language: predictions, accuracies, the blind control, provenance."""
