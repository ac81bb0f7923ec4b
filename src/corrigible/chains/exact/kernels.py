"""Compiled loops over all windows. A window is a number in base V, its oldest token the most significant digit.

N = V^K windows, M = V^(K-1). After window s = x M + m comes, with token y, the window m V + y; so `law` (N, V) is all
that is needed, and no matrix is ever made. Sums run in one fixed order: results are the same bit for bit.
"""

import numpy as np

from corrigible.sandbox.compiled import njit
from corrigible.types import Array

NOT_SEEN = -1


@njit
def push(law: Array, mass: Array, after: Array) -> None:
    """One step forward: after[s'] = sum over s of mass[s] P(s, s'). mass, after: (N,) float64."""
    N, V = law.shape
    M = N // V
    for m in range(M):
        begin = m * V
        for y in range(V):
            after[begin + y] = 0.0
        for x in range(V):
            s = x * M + m
            weight = mass[s]
            if weight != 0.0:
                for y in range(V):
                    after[begin + y] += weight * law[s, y]


@njit
def push_likeliest(law: Array, score: Array, after: Array, dropped: Array) -> None:
    """Viterbi's step: after[s'] is the greatest score[s] + log P(s, s'), dropped[s'] the token x of that s = x M + m.

    score, after: (N,) float64, -inf where nothing leads; dropped: (N,) int16.
    """
    N, V = law.shape
    M = N // V
    for m in range(M):
        begin = m * V
        for y in range(V):
            after[begin + y] = -np.inf
            dropped[begin + y] = 0
        for x in range(V):
            s = x * M + m
            if score[s] > -np.inf:
                for y in range(V):
                    if law[s, y] > 0.0:
                        here = score[s] + np.log(law[s, y])
                        if here > after[begin + y]:
                            after[begin + y] = here
                            dropped[begin + y] = x


@njit
def pull(law: Array, value: Array, before: Array) -> None:
    """Expectation one step ahead: before[s] = sum over s' of P(s, s') value[s']. value, before: (N,) float64."""
    N, V = law.shape
    M = N // V
    for x in range(V):
        for m in range(M):
            s, begin = x * M + m, m * V
            total = 0.0
            for y in range(V):
                total += law[s, y] * value[begin + y]
            before[s] = total


@njit
def components(law: Array, component: Array) -> int:
    """Strongly connected components of the windows (Tarjan 1972, without recursion): fills component (N,) int32.

    Components are numbered in the order in which they are left, so that a step never leads to a higher number from a
    lower one; returns how many there are.
    """
    N, V = law.shape
    M = N // V
    order = np.full(N, NOT_SEEN, np.int32)
    low = np.empty(N, np.int32)
    waiting = np.empty(N, np.int32)  # seen, component not known
    path = np.empty(N, np.int32)  # windows from the root to where we are
    branch = np.zeros(N, np.int16)  # next token to be tried
    component[:] = NOT_SEEN
    seen = waits = found = 0
    for root in range(N):
        if order[root] != NOT_SEEN:
            continue
        depth = 0
        path[0] = root
        order[root] = low[root] = seen
        seen += 1
        waiting[waits] = root
        waits += 1
        while depth >= 0:
            s = path[depth]
            y = branch[s]
            if y < V:
                branch[s] = y + 1
                if law[s, y] > 0.0:
                    t = (s % M) * V + y
                    if order[t] == NOT_SEEN:
                        depth += 1
                        path[depth] = t
                        order[t] = low[t] = seen
                        seen += 1
                        waiting[waits] = t
                        waits += 1
                    elif component[t] == NOT_SEEN:
                        low[s] = min(low[s], order[t])
                continue
            if low[s] == order[s]:
                while True:
                    waits -= 1
                    t = waiting[waits]
                    component[t] = found
                    if t == s:
                        break
                found += 1
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[s])
    return found


@njit
def closed_components(law: Array, component: Array, closed: Array) -> None:
    """closed (C,) bool: whether no step leads out of a component."""
    N, V = law.shape
    M = N // V
    closed[:] = True
    for s in range(N):
        for y in range(V):
            if law[s, y] > 0.0 and component[(s % M) * V + y] != component[s]:
                closed[component[s]] = False


@njit
def period_of(law: Array, start: int, level: Array, queue: Array) -> int:
    """Period of the recurrent class of `start`: greatest common divisor of its cycles (Denardo 1977).

    level (N,) int32 holds -1 for windows that were not reached; queue (N,) int32 is scratch.
    """
    N, V = law.shape
    M = N // V
    level[start] = 0
    queue[0] = start
    head, tail, divisor = 0, 1, 0
    while head < tail:
        s = queue[head]
        head += 1
        for y in range(V):
            if law[s, y] > 0.0:
                t = (s % M) * V + y
                if level[t] == NOT_SEEN:
                    level[t] = level[s] + 1
                    queue[tail] = t
                    tail += 1
                a, b = divisor, abs(int(level[s]) + 1 - int(level[t]))
                while b:
                    a, b = b, a % b
                divisor = a
    return divisor


@njit
def reaching(law: Array, target: Array, blocked: Array, found: Array) -> None:
    """found (N,) bool: windows from which some window of `target` can be reached on a way through unblocked ones."""
    N, V = law.shape
    M = N // V
    queue = np.empty(N, np.int32)
    tail = 0
    for s in range(N):
        found[s] = target[s]
        if target[s]:
            queue[tail] = s
            tail += 1
    head = 0
    while head < tail:
        t = queue[head]
        head += 1
        m, y = t // V, t % V
        for x in range(V):
            s = x * M + m
            if not found[s] and not blocked[s] and law[s, y] > 0.0:
                found[s] = True
                queue[tail] = s
                tail += 1


@njit
def likeliest(law: Array, after: Array) -> None:
    """after (N,) int32: the window that greedy decoding leads to; of equally likely tokens the first."""
    N, V = law.shape
    M = N // V
    for s in range(N):
        best = 0
        for y in range(1, V):
            if law[s, y] > law[s, best]:
                best = y
        after[s] = (s % M) * V + best


@njit
def basins(after: Array, cycle: Array) -> int:
    """cycle (N,) int32: the number of the cycle that each window of a deterministic map ends in; returns how many."""
    N = after.size
    mark = np.zeros(N, np.int32)  # round in which it was visited, from 1
    cycle[:] = NOT_SEEN
    found = 0
    for root in range(N):
        s = root
        while mark[s] == 0:
            mark[s] = root + 1
            s = after[s]
        if mark[s] == root + 1 and cycle[s] == NOT_SEEN:  # a cycle that is new
            t = s
            while cycle[t] == NOT_SEEN:
                cycle[t] = found
                t = after[t]
            found += 1
        number, t = cycle[s], root
        while cycle[t] == NOT_SEEN:
            cycle[t] = number
            t = after[t]
    return found


@njit
def entropy_of_steps(law: Array, mass: Array) -> float:
    """Sum over s of mass[s] times the entropy of what follows it, nats."""
    N, V = law.shape
    total = 0.0
    for s in range(N):
        if mass[s] > 0.0:
            here = 0.0
            for y in range(V):
                p = law[s, y]
                if p > 0.0:
                    here -= p * np.log(p)
            total += mass[s] * here
    return total


@njit
def reversed_windows(V: int, K: int, backwards: Array) -> None:
    """backwards (N,) int32: the number of the window whose tokens are in the opposite order."""
    for s in range(backwards.size):
        rest, turned = s, 0
        for _ in range(K):
            turned = turned * V + rest % V
            rest //= V
        backwards[s] = turned


@njit
def irreversibility(law: Array, mass: Array, backwards: Array) -> float:
    """Kullback-Leibler rate between the stationary text and the same read backwards, nats a token; infinite: inf."""
    N, V = law.shape
    M = N // V
    total = 0.0
    for s in range(N):
        if mass[s] <= 0.0:
            continue
        turned = mass[backwards[s]]
        if turned <= 0.0:
            return np.inf
        total -= mass[s] * np.log(mass[s] / turned)
        for y in range(V):
            p = mass[s] * law[s, y]
            if p > 0.0:
                t = backwards[(s % M) * V + y]
                q = mass[t] * law[t, s // M]
                if q <= 0.0:
                    return np.inf
                total += p * np.log(p / q)
    return total


@njit
def reverse_law(law: Array, mass: Array, after: Array, backward: Array) -> None:
    """backward (N, V): P(the token that was dropped = x | the window is now s'), by Bayes; rows without mass are 0.

    mass: law of the window before the step, after: behind it.
    """
    N, V = law.shape
    M = N // V
    for t in range(N):
        m, y = t // V, t % V
        for x in range(V):
            s = x * M + m
            backward[t, x] = mass[s] * law[s, y] / after[t] if after[t] > 0.0 else 0.0
