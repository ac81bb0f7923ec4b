"""Window chains that are small enough to be enumerated: what is asked of them is answered exactly."""
