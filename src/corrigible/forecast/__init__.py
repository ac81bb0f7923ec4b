"""When would it come, and how fast: anchors, truncation, growth, takeoff, and what calibration expects."""
