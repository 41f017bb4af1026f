"""Visual features: regions found in the pixels, one vector per region, and the projector into the word space."""
