"""Histories that end in an event: stages that pass unseen or seen, and who forecasts the date."""
