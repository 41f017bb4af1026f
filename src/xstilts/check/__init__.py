"""Checks of the parameter files: a misspelt word stops in a second, naming what is valid."""
