"""Language models: load, sample with exact log-probabilities, embed; a tiny model whose language is known exactly."""
