"""What is said where the packages of language models are not installed."""

from corrigible.errors import BadInput


def missing_packages(error: ImportError) -> BadInput:
    """What is said where PyTorch, transformers or tokenizers are not installed."""
    return BadInput(
        value=f"package {error.name or 'transformers'}",
        rule="language models are run by PyTorch and transformers, and it is not installed",
        remedy='pip install "corrigible[lm]"',
    )
