"""From views to observations: grey, and stacked with the views before them."""

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

LEAVE, PUSH, FILL = 0, 1, 2  # what happens to a world's observation: nothing, one more view, a first view

LUMA = (299, 587, 114)  # Rec. 601, thousandths


@njit
def push_views(rgb: Array, how: Array, grey: bool, observation: Array, first: int, last: int) -> None:
    """The views of agent 0, rgb (N, A, H, W, 3) uint8, into observation (N, H, W, C K) uint8, the newest of K last.

    C is 1 where grey, else 3. how (N,) uint8: LEAVE, PUSH, or FILL, which fills all K with the view.
    """
    depth = 1 if grey else 3
    older = observation.shape[3] - depth
    for n in range(first, last):
        if how[n] == LEAVE:
            continue
        for row in range(rgb.shape[2]):
            for place in range(rgb.shape[3]):
                pixel, into = rgb[n, 0, row, place], observation[n, row, place]
                if how[n] == PUSH:
                    for k in range(older):
                        into[k] = into[k + depth]
                if grey:
                    level = LUMA[0] * int(pixel[0]) + LUMA[1] * int(pixel[1]) + LUMA[2] * int(pixel[2])
                    into[older] = (level + 500) // 1000
                else:
                    for k in range(3):
                        into[older + k] = pixel[k]
                if how[n] == FILL:
                    for k in range(older):
                        into[k] = into[older + k % depth]
