/* The peer of random_walk in corrigible/sandbox/grid/kernels.py: the same tables, the same random numbers, plain C.

   Tables are row-major: next_state, threshold, ending (S, A, K); start (S,), as in kernels.Tables. */

#include <stdint.h>

enum { DRAW_OUTCOME = 0, DRAW_ACTION = 1, DRAW_START = 2, PURPOSES = 4 };

static const uint64_t GOLDEN = 0x9E3779B97F4A7C15u;

/* the finaliser of splitmix64 (Steele, Lea and Flood 2014) */
static inline uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static inline double uniform(uint64_t seed, int64_t world, int64_t episode, int64_t time, int purpose)
{
    uint64_t key = mix(seed + GOLDEN * ((uint64_t)world + 1));
    uint64_t at = (((uint64_t)episode << 32) | (uint64_t)time) * PURPOSES + (uint64_t)purpose;
    return (double)(mix(key + GOLDEN * (at + 1)) >> 11) * (1.0 / 9007199254740992.0);
}

static inline int64_t pick(const double *threshold, double u)
{
    int64_t index = 0;
    while (u >= threshold[index])
        index++;
    return index;
}

uint64_t random_walk(const int32_t *next_state, const double *threshold, const uint8_t *ending, const double *start,
                     int64_t A, int64_t K, int64_t horizon, uint64_t seed, int64_t worlds, int64_t steps)
{
    uint64_t checksum = 0;
    for (int64_t b = 0; b < worlds; b++) {
        int64_t episode = 0, time = 0;
        int64_t s = pick(start, uniform(seed, b, episode, 0, DRAW_START));
        for (int64_t i = 0; i < steps; i++) {
            int64_t a = (int64_t)(uniform(seed, b, episode, time, DRAW_ACTION) * (double)A);
            int64_t row = (s * A + a) * K;
            int64_t k = pick(threshold + row, uniform(seed, b, episode, time, DRAW_OUTCOME));
            uint8_t end = ending[row + k];
            s = next_state[row + k];
            checksum = checksum * 31 + (uint64_t)s;
            time++;
            if (end != 0 || time >= horizon) {
                episode++;
                time = 0;
                s = pick(start, uniform(seed, b, episode, 0, DRAW_START));
            }
        }
    }
    return checksum;
}
