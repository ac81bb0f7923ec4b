"""Long conversations of a chain of windows: a world in which they go off the rails, or are kept on them."""
