"""What both chains share: errors, parameters, languages, threads, caches, the paths of a cell, facts per task kind."""
