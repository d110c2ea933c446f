"""Languages as data: formats, plurals and phrases."""
