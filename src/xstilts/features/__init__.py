"""Visual features: regions found in the pixels, a vector a region, and the projector into the word space."""
