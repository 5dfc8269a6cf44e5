"""Name screening without a database: list parsers, normalisation, index, scores, decisions."""
