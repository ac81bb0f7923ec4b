"""Settings for all tests: hypothesis without a deadline (shared cores); in CI the same examples every time.

A search that differs from run to run belongs where somebody can act on what it finds: at a developer's desk (every
`make test` there) and not in the gate, where a fault found by chance would be blamed on whatever change stood there.
`make check` tries fewer of them: it is what one runs between two edits.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("corrigible", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("corrigible"), derandomize=True)
settings.register_profile("fast", settings.get_profile("corrigible"), max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "corrigible"))


@pytest.fixture
def one_thread_inside_operations() -> Iterator[None]:
    """PyTorch as callers of Updater and Answerer set it, who spread pieces over threads themselves."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
