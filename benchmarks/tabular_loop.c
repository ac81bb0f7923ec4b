/* The peers of two kernels in plain C: the same tables, the same random numbers, the same results to the last bit.

   random_walk: corrigible/sandbox/grid/kernels.py; q_learning: corrigible/agents/tabular_kernels.py. */

#include <stdint.h>

enum { DRAW_OUTCOME = 0, DRAW_ACTION = 1, DRAW_START = 2, PURPOSES = 4 };
enum { NONE = 0, TERMINATED = 1, TRUNCATED = 2 };

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

/* row-major: the first five (S, A, K), observation (S,), start (S,), as in kernels.Tables; reward (S, A, K) */
struct tables {
    const int32_t *next_state;
    const double *threshold;
    const uint8_t *ending;
    const int8_t *executed;
    const int32_t *counterfactual_state;
    const int32_t *observation;
    const double *start;
    const float *reward;
    int64_t A, K, horizon;
};

uint64_t random_walk(const struct tables *world, uint64_t seed, int64_t worlds, int64_t steps)
{
    const int64_t A = world->A, K = world->K;
    uint64_t checksum = 0;
    for (int64_t b = 0; b < worlds; b++) {
        int64_t episode = 0, time = 0;
        int64_t s = pick(world->start, uniform(seed, b, episode, 0, DRAW_START));
        for (int64_t i = 0; i < steps; i++) {
            int64_t a = (int64_t)(uniform(seed, b, episode, time, DRAW_ACTION) * (double)A);
            int64_t row = (s * A + a) * K;
            row += pick(world->threshold + row, uniform(seed, b, episode, time, DRAW_OUTCOME));
            s = world->next_state[row];
            checksum = checksum * 31 + (uint64_t)s;
            time++;
            if (world->ending[row] != NONE || time >= world->horizon) {
                episode++;
                time = 0;
                s = pick(world->start, uniform(seed, b, episode, 0, DRAW_START));
            }
        }
    }
    return checksum;
}

static inline double best_value(const double *q, int64_t A)
{
    double best = q[0];
    for (int64_t a = 1; a < A; a++)
        best = q[a] > best ? q[a] : best;
    return best;
}

static inline int64_t epsilon_greedy(const double *q, int64_t A, double epsilon, double u)
{
    if (u < epsilon) {
        int64_t any = (int64_t)(u / epsilon * (double)A);
        return any < A - 1 ? any : A - 1;
    }
    double best = best_value(q, A);
    int64_t ties = 0, chosen = 0;
    for (int64_t a = 0; a < A; a++)
        ties += q[a] == best;
    int64_t left = (int64_t)((u - epsilon) / (1.0 - epsilon) * (double)ties);
    left = left < ties - 1 ? left : ties - 1;
    for (int64_t a = 0; a < A; a++)
        if (q[a] == best && left-- == 0)
            chosen = a;
    return chosen;
}

/* q: (O, A), shared by all worlds; state, time, episode: (worlds,), written over. Told the executed action. */
void q_learning(const struct tables *world, uint64_t seed, int64_t worlds, int64_t steps, double discount,
                double epsilon_start, double epsilon_slope, double rate_start, double rate_slope, int64_t *state,
                int64_t *time, int64_t *episode, double *q)
{
    const int64_t A = world->A, K = world->K;
    for (int64_t b = 0; b < worlds; b++) {
        time[b] = episode[b] = 0;
        state[b] = pick(world->start, uniform(seed, b, 0, 0, DRAW_START));
    }
    for (int64_t step = 0; step < steps; step++) {
        double epsilon = epsilon_start + epsilon_slope * (double)step;
        double rate = rate_start + rate_slope * (double)step;
        for (int64_t b = 0; b < worlds; b++) {
            double *here = q + world->observation[state[b]] * A;
            int64_t a = epsilon_greedy(here, A, epsilon, uniform(seed, b, episode[b], time[b], DRAW_ACTION));
            int64_t row = (state[b] * A + a) * K;
            row += pick(world->threshold + row, uniform(seed, b, episode[b], time[b], DRAW_OUTCOME));
            int64_t following = world->next_state[row];
            uint8_t end = world->ending[row];
            double target = world->reward[row];
            if (end != TERMINATED) {
                int64_t source = end == TRUNCATED ? world->counterfactual_state[row] : following;
                target += discount * best_value(q + world->observation[source] * A, A);
            }
            double *told = here + world->executed[row];
            *told += rate * (target - *told);
            time[b]++;
            if (end != NONE || time[b] >= world->horizon) {
                episode[b]++;
                time[b] = 0;
                following = pick(world->start, uniform(seed, b, episode[b], 0, DRAW_START));
            }
            state[b] = following;
        }
    }
}
