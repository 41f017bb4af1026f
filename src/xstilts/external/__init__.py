"""Other people's predictions: official files in, cells of a study out, compared by the statistics of the report."""
