"""What is said where the packages of pixel agents are not installed."""

from corrigible.errors import BadInput


def missing_torch() -> BadInput:
    """What is said where PyTorch is not installed."""
    return BadInput(
        value="torch", rule="pixel agents are PyTorch's, and it is not installed", remedy='pip install "corrigible[rl]"'
    )
