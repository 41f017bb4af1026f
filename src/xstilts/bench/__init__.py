"""Measuring: the speed of the pipeline beside that of the usual tools, in turn and on the same examples."""
