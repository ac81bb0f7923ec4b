"""The voxel world written a second time, plainly: what it shows (rendering.py) and what it does (acting.py).

Nothing here is compiled, tiled, skipped or incremental, and nothing is imported from the kernels.
"""
