"""A language model as a Markov chain: its state is the context window, a step appends a token and drops the oldest."""
