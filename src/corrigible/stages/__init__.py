"""The stages of the main path, one module each; `corrigible.run` calls them in order."""
