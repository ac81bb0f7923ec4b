"""Teams that are marked by an eval: items with a key, models that answer, and what is known of either by whom."""
