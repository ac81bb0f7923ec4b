"""What a policy changes or leaves in the world: nodes described by features, subgroups searched, tested and worded."""
