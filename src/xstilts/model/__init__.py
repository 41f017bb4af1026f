"""The learned half's networks: encoder with visual prefix, one head per task kind, checkpoints."""
