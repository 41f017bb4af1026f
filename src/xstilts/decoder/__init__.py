"""A decoder that reads pictures and writes answers, in place of encoder and answer head; the same cells and scores."""
