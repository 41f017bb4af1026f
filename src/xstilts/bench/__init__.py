"""Measuring: the pipeline's own speed beside that of the field's usual tools, in turn, on the same examples."""
