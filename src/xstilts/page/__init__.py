"""The page: data/report/index.html, one static file that shows the study to people."""
