"""A peer's stationary law of a window chain: `stationary_law.py NAME LAW.npy SECONDS`, run where the peer is installed.

LAW is (N, V), P(next token | window). The peer is given the matrix in the form that it documents; making that is not
timed. Prints one line of JSON: CPU-seconds of a call (the mean of as many as fill half a second, after a first one that
is not counted unless it took longer), megabytes at the peak; writes the law to LAW.npy with `.out` before the suffix.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np
import scipy.sparse

warnings.filterwarnings("ignore")
ENOUGH = 0.5


def matrix(law):
    """(N, N) sparse."""
    states, tokens = law.shape
    after = (np.arange(states)[:, None] % (states // tokens)) * tokens + np.arange(tokens)[None, :]
    rows = np.repeat(np.arange(states), tokens)
    return scipy.sparse.csr_matrix((law.ravel(), (rows, after.ravel())), shape=(states, states))


def prepared(name, law):
    """The call that is timed."""
    sparse = matrix(law)
    if name == "quantecon":
        from quantecon.markov import gth_solve

        dense = sparse.toarray()
        return lambda: gth_solve(dense)
    if name == "deeptime":
        from deeptime.markov.tools.analysis import stationary_distribution

        return lambda: stationary_distribution(sparse, check_inputs=False)
    from pydtmc import MarkovChain

    dense = sparse.toarray()
    dense /= dense.sum(axis=1, keepdims=True)
    return lambda: MarkovChain(dense).pi[0]


def main():
    name, path, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
    call = prepared(name, np.load(path).astype(np.float64))
    begun = time.process_time()
    found = call()
    taken = time.process_time() - begun
    if taken < ENOUGH:
        calls, begun = 0, time.process_time()
        while time.process_time() - begun < ENOUGH:
            found = call()
            calls += 1
        taken = (time.process_time() - begun) / calls
    np.save(path.replace(".npy", ".out.npy"), np.asarray(found, dtype=np.float64))
    print(json.dumps({"seconds": taken, "MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
