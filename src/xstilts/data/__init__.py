"""Raw data: the embedded world of pictogram scenes, local files in official formats, downloaded assets."""
