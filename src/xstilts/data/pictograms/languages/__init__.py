"""How each language words questions: a YAML file of templates a language."""
