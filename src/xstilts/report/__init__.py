"""Reports: from the scores of cells to the metrics kept in git and the table of routes by language."""
