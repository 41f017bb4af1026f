"""Training: batches, the loop, evaluation on English dev."""
