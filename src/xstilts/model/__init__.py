"""The learned half's networks: encoder with visual prefix, one head a task kind, checkpoints."""
