"""Settings for all tests: hypothesis without a deadline (shared cores), run folders in temporary places."""

from hypothesis import settings

settings.register_profile("corrigible", deadline=None, print_blob=True)
settings.load_profile("corrigible")
