"""The model card of a target checkpoint: a README.md that says what the model is, how good, and how to run it."""
