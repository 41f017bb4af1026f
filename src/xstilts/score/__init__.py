"""Scores of every kind of target in every language: predictions, metrics, controls, provenance."""
