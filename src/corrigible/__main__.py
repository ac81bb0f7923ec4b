"""`python -m corrigible` is `corrigible`."""

from corrigible.cli import entry

if __name__ == "__main__":
    entry()
