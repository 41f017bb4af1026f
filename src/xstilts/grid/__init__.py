"""The cells of a study, computed side by side: DVC's own graph and lock files, with several stages at once."""
