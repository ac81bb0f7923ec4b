"""What the commands do, one module each, as plain functions; `corrigible.cli` reads arguments and prints answers."""
