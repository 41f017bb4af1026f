"""One cell of a study: what its scores say, what each test example earned, how training went, what it answered."""
