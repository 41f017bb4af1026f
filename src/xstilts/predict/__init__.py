"""A trained model asked about any picture: the one place where both halves of xstilts meet outside of files."""
