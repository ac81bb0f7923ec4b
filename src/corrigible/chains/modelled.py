"""Windows of a language model that is small enough to be asked about each of them."""

import numpy as np
import torch
from numpy.typing import NDArray

from corrigible.chains.decoding import Decoding
from corrigible.chains.exact.windows import WindowChain, all_digits, count_windows, enumerate_windows
from corrigible.errors import BadInput
from corrigible.language.models import LanguageModel

BATCH = 4096


def window_chain(model: LanguageModel, window: int, decoding: Decoding | None = None) -> WindowChain:
    """The model read anew for each window of K of its text tokens, from position 0 on, with nothing before it.

    Control tokens are neither said nor in a window; a text never ends. Raises BadInput where there are too many windows
    or K is more than the model's context.
    """
    if window > model.context:
        raise BadInput(
            value=f"windows of {window}",
            rule=f"the context of {model.name} is {model.context} tokens",
            remedy="use a smaller window",
        )
    spoken = text_tokens(model)
    count_windows(len(spoken), window)
    chosen = decoding or Decoding()

    def rows(start: int, stop: int) -> NDArray[np.float64]:
        parts = [
            next_token_law(model, spoken[all_digits(begin, min(begin + BATCH, stop), len(spoken), window)], spoken)
            for begin in range(start, stop, BATCH)
        ]
        return chosen.of(np.concatenate(parts))

    names = [model.tokenizer.convert_ids_to_tokens(int(token)) for token in spoken]
    return enumerate_windows(names, window, rows)


def text_tokens(model: LanguageModel) -> NDArray[np.int64]:
    """Ids of the tokens that are text."""
    never = {*model.control_tokens, *model.end_tokens, model.padding}
    return np.array([token for token in range(model.vocabulary) if token not in never])


@torch.no_grad()
def next_token_law(model: LanguageModel, windows: NDArray[np.int64], spoken: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, V) probabilities of the spoken tokens after each window (n, K) of ids, shared out among them."""
    tokens = torch.from_numpy(windows).to(model.device)
    logits = model.network(input_ids=tokens, logits_to_keep=1).logits[:, -1].double()
    return logits[:, torch.from_numpy(spoken).to(model.device)].softmax(dim=1).cpu().numpy()
