"""Boxes and vectors that a detector wrote, from the files of other projects to what `data.official.vectors` names."""
