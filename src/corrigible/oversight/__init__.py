"""From evidence to a decision that a named person makes: policies, gates, bundles, owners, disclosure."""
