/* The peer of corrigible/sandbox/voxel/render_kernels.py in C with AVX-512: the same picture, by lock-step rays.

   Eight rays, a row of a tile, walk together; nodes, columns, textures and tables are gathered. Tiles skip the same empty
   slices. Needs AVX-512 F, DQ, VL and BW; compile with -ffp-contract=off, or sums differ in a bit. */

#include <immintrin.h>
#include <stdint.h>

enum { TILE = 8, BORDER = 255, SHADOW = 150, POINTED = 64, TEXELS = 341, CUTOUT = 1 << 16 };

static const double GRAZING = 0.05, LEAST = 1e-6, SNAP = 402653184.0, HALF = 0x1p-25, FIXED = 4294967296.0;
static const int64_t MARGIN = 1 << 24;

/* Everything that views of one kind share. face (256, 6), light (256,), with bit CUTOUT where a node has holes, shade
   (8,), fog (fogs,), mip (8,) int32; atlas (K, 341) RGBA. across and rows of inverse are padded to whole tiles. */
struct look {
    const int32_t *face, *light, *shade, *fog, *mip;
    const uint32_t *atlas;
    const double *across, *up, *inverse;
    double texel;
    int64_t fogs, height, width, padded, size[3];
};

/* One view. sky (levels,) RGBA; node has four bytes more than there are cells, as gathers read four. */
struct view {
    const uint8_t *node;
    const uint64_t *column;
    const uint32_t *sky;
    int64_t levels, sun, pointed, haze[3];
    double origin[3], axes[9];
    uint8_t *rgb;
};

struct tile {
    int64_t main, empty, last, cell[3], stride[3];
    double offset[3];
};

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return a > b ? a : b; }
static inline int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t at_least(int64_t a, int64_t b) { return a > b ? a : b; }
static inline double absolute(double a) { return a < 0.0 ? -a : a; }

static int slice_is_full(const struct look *look, const uint64_t *column, int main, int64_t at, const int64_t *low,
                         const int64_t *high)
{
    const int64_t width = look->size[1] + 2;
    uint64_t found = 0;
    if (main == 2) {
        for (int64_t x = low[0]; x <= high[0]; x++)
            for (int64_t y = low[1]; y <= high[1]; y++)
                found |= column[x * width + y];
        return (found >> (at - 1)) & 1;
    }
    for (int64_t k = low[0]; k <= high[0]; k++)
        found |= column[main == 0 ? at * width + k : k * width + at];
    return (found & ((~(uint64_t)0 >> (63 - (high[1] - low[1]))) << (low[1] - 1))) != 0;
}

/* First and last slice along the main axis that a ray between the corners may hit something in; -1: none. */
static void full_slices(const struct look *look, const struct view *view, double corner[4][3], struct tile *tile)
{
    const int main = (int)tile->main, others[2] = {main == 0 ? 1 : 0, main == 2 ? 1 : 2};
    const int positive = corner[0][main] > 0.0;
    const double far = positive ? 1.0 - tile->offset[main] : tile->offset[main];
    double slope[2][2] = {{1e300, -1e300}, {1e300, -1e300}};
    int64_t low[2], high[2];
    for (int o = 0; o < 2; o++) {
        for (int m = 0; m < 4; m++) {
            double one = corner[m][others[o]] / absolute(corner[m][main]);
            slope[o][0] = least(slope[o][0], one);
            slope[o][1] = most(slope[o][1], one);
        }
        double from = view->origin[others[o]];
        low[o] = (int64_t)((from + least(0.0, far * slope[o][0])) * FIXED) - MARGIN;
        high[o] = (int64_t)((from + most(0.0, far * slope[o][1])) * FIXED) + MARGIN;
    }
    tile->empty = tile->last = -1;
    int64_t at = tile->cell[main];
    for (int64_t number = 0; at >= 1 && at <= look->size[main]; number++, at += positive ? 1 : -1) {
        int64_t first[2], final[2];
        for (int o = 0; o < 2; o++) {
            first[o] = at_least(low[o] >> 32, 1);
            final[o] = at_most(high[o] >> 32, look->size[others[o]]);
        }
        if (first[0] > final[0] || first[1] > final[1])
            return;
        if (slice_is_full(look, view->column, main, at, first, final)) {
            tile->last = number;
            if (tile->empty < 0)
                tile->empty = number;
        }
        for (int o = 0; o < 2; o++) {
            if (number == 0) {
                double from = view->origin[others[o]];
                low[o] = (int64_t)((from + (slope[o][0] < 0.0 ? far + 1.0 : far) * slope[o][0]) * FIXED) - MARGIN;
                high[o] = (int64_t)((from + (slope[o][1] > 0.0 ? far + 1.0 : far) * slope[o][1]) * FIXED) + MARGIN;
            } else {
                low[o] += (int64_t)(slope[o][0] * FIXED);
                high[o] += (int64_t)(slope[o][1] * FIXED);
            }
        }
    }
}

static inline __m512d snapped(__m512d x)
{
    return _mm512_sub_pd(_mm512_add_pd(x, _mm512_set1_pd(SNAP)), _mm512_set1_pd(SNAP));
}

static inline __m512d size_of(__m512d d) { return _mm512_max_pd(_mm512_abs_pd(d), _mm512_set1_pd(LEAST)); }

struct rays {
    __m512d direction[3], time[3], each[3], limit;
    __m256i jump[3], index;
    __mmask8 ahead[3];
};

static inline void aim(const struct view *view, const struct tile *tile, __m512d across, double up, struct rays *rays)
{
    const __m512d zero = _mm512_setzero_pd();
    for (int k = 0; k < 3; k++) {
        const double *axes = view->axes + k;
        __m512d d = _mm512_add_pd(_mm512_set1_pd(axes[0] + up * axes[6]), _mm512_mul_pd(across, _mm512_set1_pd(axes[3])));
        __mmask8 ahead = _mm512_cmp_pd_mask(d, zero, _CMP_GE_OQ);
        __m512d each = snapped(_mm512_div_pd(_mm512_set1_pd(1.0), size_of(d)));
        __m512d part = _mm512_mask_blend_pd(ahead, _mm512_set1_pd(tile->offset[k]), _mm512_set1_pd(1.0 - tile->offset[k]));
        __m256i stride = _mm256_set1_epi32((int)tile->stride[k]);
        rays->direction[k] = d;
        rays->ahead[k] = ahead;
        rays->each[k] = each;
        rays->time[k] = snapped(_mm512_mul_pd(part, each));
        rays->jump[k] = _mm256_mask_sub_epi32(stride, (__mmask8)~ahead, _mm256_setzero_si256(), stride);
    }
}

/* On to the crossing number `empty` >= 1 of the main axis. */
static inline void advance(const struct look *look, const struct tile *tile, struct rays *rays)
{
    const int main = (int)tile->main;
    const __m512d one = _mm512_set1_pd(1.0), zero = _mm512_setzero_pd();
    const __m512d passed = _mm512_set1_pd((double)tile->empty), since = _mm512_set1_pd((double)tile->empty - 1.0);
    const __m512d due = _mm512_add_pd(rays->time[main], _mm512_mul_pd(since, rays->each[main]));
    int64_t cell = tile->cell[main] + (rays->ahead[main] & 1 ? tile->empty : -tile->empty);
    __m512d index = _mm512_set1_pd((double)(cell * tile->stride[main]));
    __mmask8 outside = 0;
    for (int k = 0; k < 3; k++) {
        if (k == main)
            continue;
        __m512d until = _mm512_add_pd(due, _mm512_set1_pd(k > main ? HALF : 0.0));
        __m512d first = rays->time[k], each = rays->each[k];
        __m512d crossed = _mm512_mul_pd(_mm512_sub_pd(until, first), size_of(rays->direction[k]));
        crossed = _mm512_roundscale_pd(crossed, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
        __m512d when = _mm512_add_pd(first, _mm512_mul_pd(crossed, each));
        crossed = _mm512_mask_sub_pd(crossed, _mm512_cmp_pd_mask(when, until, _CMP_GE_OQ), crossed, one);
        for (int more = 0; more < 2; more++) {
            when = _mm512_add_pd(first, _mm512_mul_pd(crossed, each));
            crossed = _mm512_mask_add_pd(crossed, _mm512_cmp_pd_mask(when, until, _CMP_LT_OQ), crossed, one);
        }
        crossed = _mm512_max_pd(crossed, zero);
        rays->time[k] = _mm512_add_pd(first, _mm512_mul_pd(crossed, each));
        __m512d start = _mm512_set1_pd((double)tile->cell[k]);
        __m512d at = _mm512_mask_sub_pd(_mm512_add_pd(start, crossed), (__mmask8)~rays->ahead[k], start, crossed);
        outside |= _mm512_cmp_pd_mask(at, one, _CMP_LT_OQ);
        outside |= _mm512_cmp_pd_mask(at, _mm512_set1_pd((double)look->size[k]), _CMP_GT_OQ);
        index = _mm512_add_pd(index, _mm512_mul_pd(at, _mm512_set1_pd((double)tile->stride[k])));
    }
    rays->time[main] = _mm512_add_pd(rays->time[main], _mm512_mul_pd(passed, rays->each[main]));
    rays->index = _mm512_cvttpd_epi32(_mm512_mask_mov_pd(index, outside, zero));
}

static inline __m256i mixed(__m256i texel, int shift, __m256i bright, int64_t haze, __m256i fog, __mmask8 pointed)
{
    __m256i value = _mm256_and_si256(_mm256_srli_epi32(texel, shift), _mm256_set1_epi32(255));
    value = _mm256_srai_epi32(_mm256_mullo_epi32(value, bright), 8);
    __m256i to_haze = _mm256_sub_epi32(_mm256_set1_epi32((int)haze), value);
    value = _mm256_add_epi32(value, _mm256_srai_epi32(_mm256_mullo_epi32(to_haze, fog), 8));
    __m256i to_white = _mm256_sub_epi32(_mm256_set1_epi32(255), value);
    __m256i lift = _mm256_srai_epi32(_mm256_mullo_epi32(to_white, _mm256_set1_epi32(POINTED)), 8);
    return _mm256_mask_add_epi32(value, pointed, value, lift);
}

static inline void store_row(uint8_t *rgb, __m256i colours, int64_t lanes)
{
    const __m128i order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    __m128i low = _mm_shuffle_epi8(_mm256_castsi256_si128(colours), order);
    __m128i high = _mm_shuffle_epi8(_mm256_extracti128_si256(colours, 1), order);
    int64_t bytes = 3 * lanes;
    _mm_mask_storeu_epi8(rgb, (__mmask16)((1u << at_most(bytes, 12)) - 1), low);
    if (bytes > 12)
        _mm_mask_storeu_epi8(rgb + 12, (__mmask16)((1u << (bytes - 12)) - 1), high);
}

static inline __m256i sky_of(const struct view *view, __m512d dz, __m512d inverse)
{
    const __m512d half = _mm512_set1_pd(0.5);
    __m512d share = _mm512_add_pd(_mm512_mul_pd(_mm512_mul_pd(dz, inverse), half), half);
    __m512d level = _mm512_add_pd(_mm512_mul_pd(share, _mm512_set1_pd((double)(view->levels - 1))), half);
    return _mm256_i32gather_epi32((const int *)view->sky, _mm512_cvttpd_epi32(level), 4);
}

/* Walk all lanes to what they meet; `x` and `y` are the lanes whose last crossing was along those axes. */
static inline __m256i walk(const uint8_t *node, int main, __m256i around, __m256i found, struct rays *rays, __mmask8 *x,
                           __mmask8 *y)
{
    const __m256i zero = _mm256_setzero_si256(), byte = _mm256_set1_epi32(255);
    __m512d tx = rays->time[0], ty = rays->time[1], tz = rays->time[2];
    __m256i index = rays->index;
    __mmask8 last_x = *x, last_y = *y;
    for (;;) {
        __mmask8 run = _mm256_cmpeq_epi32_mask(found, zero) | _mm256_cmpeq_epi32_mask(found, around);
        if (!run)
            break;
        __mmask8 xy = _mm512_cmp_pd_mask(tx, ty, _CMP_LT_OQ), xz = _mm512_cmp_pd_mask(tx, tz, _CMP_LT_OQ);
        __mmask8 yz = _mm512_cmp_pd_mask(ty, tz, _CMP_LT_OQ);
        __mmask8 go_x = run & xy & xz, go_y = run & ~xy & yz, go_z = run & ~(go_x | go_y);
        __mmask8 go = main == 0 ? go_x : main == 1 ? go_y : go_z;
        __m512d t = main == 0 ? tx : main == 1 ? ty : tz;
        __mmask8 end = _mm512_mask_cmp_pd_mask(go, t, rays->limit, _CMP_GE_OQ);
        found = _mm256_mask_mov_epi32(found, end, byte);
        run &= ~end, go_x &= ~end, go_y &= ~end, go_z &= ~end;
        index = _mm256_mask_add_epi32(index, go_x, index, rays->jump[0]);
        index = _mm256_mask_add_epi32(index, go_y, index, rays->jump[1]);
        index = _mm256_mask_add_epi32(index, go_z, index, rays->jump[2]);
        tx = _mm512_mask_add_pd(tx, go_x, tx, rays->each[0]);
        ty = _mm512_mask_add_pd(ty, go_y, ty, rays->each[1]);
        tz = _mm512_mask_add_pd(tz, go_z, tz, rays->each[2]);
        last_x = (last_x & ~run) | go_x;
        last_y = (last_y & ~run) | go_y;
        found = _mm256_mmask_i32gather_epi32(found, run, index, node, 1);
        found = _mm256_mask_and_epi32(found, run, found, byte);
    }
    rays->time[0] = tx, rays->time[1] = ty, rays->time[2] = tz, rays->index = index;
    *x = last_x, *y = last_y;
    return found;
}

static void draw_row(const struct look *look, const struct view *view, const struct tile *tile, int64_t row, int64_t left)
{
    const int64_t lanes = at_most(TILE, look->width - left);
    const __m512d inverse = _mm512_loadu_pd(look->inverse + row * look->padded + left);
    uint8_t *rgb = view->rgb + (row * look->width + left) * 3;
    struct rays rays;
    aim(view, tile, _mm512_loadu_pd(look->across + left), look->up[row], &rays);
    __m256i sky = sky_of(view, rays.direction[2], inverse);
    if (tile->empty < 0) {
        store_row(rgb, sky, lanes);
        return;
    }
    const int main = (int)tile->main;
    const int start = (int)(tile->cell[0] * tile->stride[0] + tile->cell[1] * tile->stride[1] + tile->cell[2]);
    const __m256i around = _mm256_set1_epi32(view->node[start]), byte = _mm256_set1_epi32(255);
    rays.index = _mm256_set1_epi32(start);
    if (tile->empty > 0)
        advance(look, tile, &rays);
    const __m512d span = _mm512_set1_pd((double)(tile->last - tile->empty));
    rays.limit = _mm512_add_pd(rays.time[main], _mm512_mul_pd(span, rays.each[main]));
    __mmask8 x = main == 0 ? 255 : 0, y = main == 1 ? 255 : 0, hits, holes;
    __m256i found = _mm256_and_si256(_mm256_i32gather_epi32((const int *)view->node, rays.index, 1), byte);
    __m256i side, u, v, which, light;
    __m512d t;
    do {
        found = walk(view->node, main, around, found, &rays, &x, &y);
        hits = _mm256_cmpneq_epi32_mask(found, byte);
        if (!hits) {
            store_row(rgb, sky, lanes);
            return;
        }
        __m512d time = _mm512_mask_blend_pd(x, rays.time[2], rays.time[0]), each = _mm512_mask_blend_pd(x, rays.each[2], rays.each[0]);
        t = _mm512_sub_pd(_mm512_mask_blend_pd(y, time, rays.time[1]), _mm512_mask_blend_pd(y, each, rays.each[1]));
        __mmask8 z = (__mmask8)~(x | y), ahead = (x & rays.ahead[0]) | (y & rays.ahead[1]) | (z & rays.ahead[2]);
        __m512d at[3];
        for (int k = 0; k < 3; k++)
            at[k] = _mm512_add_pd(_mm512_set1_pd(view->origin[k]), _mm512_mul_pd(t, rays.direction[k]));
        __m512d a = _mm512_mask_blend_pd(x, at[0], at[1]), b = _mm512_mask_blend_pd(z, at[2], at[1]);
        const __m512d sixteen = _mm512_set1_pd(16.0);
        const __m256i fifteen = _mm256_set1_epi32(15);
        u = _mm256_and_si256(_mm512_cvttpd_epi32(_mm512_mul_pd(a, sixteen)), fifteen);
        v = _mm256_sub_epi32(fifteen, _mm256_and_si256(_mm512_cvttpd_epi32(_mm512_mul_pd(b, sixteen)), fifteen));
        side = _mm256_mask_mov_epi32(_mm256_mask_mov_epi32(_mm256_set1_epi32(4), y, _mm256_set1_epi32(2)), x, _mm256_setzero_si256());
        side = _mm256_mask_add_epi32(side, ahead, side, _mm256_set1_epi32(1));
        light = _mm256_i32gather_epi32(look->light, found, 4);
        __m256i place = _mm256_add_epi32(_mm256_mullo_epi32(found, _mm256_set1_epi32(6)), side);
        which = _mm256_mullo_epi32(_mm256_i32gather_epi32(look->face, place, 4), _mm256_set1_epi32(TEXELS));
        holes = hits & _mm256_test_epi32_mask(light, _mm256_set1_epi32(CUTOUT));
        if (holes) {
            __m256i fine = _mm256_add_epi32(which, _mm256_add_epi32(_mm256_slli_epi32(v, 4), u));
            __m256i texel = _mm256_i32gather_epi32((const int *)look->atlas, fine, 4);
            holes &= _mm256_testn_epi32_mask(texel, _mm256_set1_epi32((int)0xFF000000u));
            found = _mm256_mask_mov_epi32(found, holes, _mm256_setzero_si256());
        }
    } while (holes);
    const __m512d scale = _mm512_mul_pd(t, _mm512_set1_pd(look->texel));
    const __m256i one = _mm256_set1_epi32(1);
    __m256i level = _mm256_setzero_si256();
    for (int k = 0; k < 4; k++) {
        static const double bound[4] = {1.5, 3.0, 6.0, 12.0};
        level = _mm256_mask_add_epi32(level, _mm512_cmp_pd_mask(scale, _mm512_set1_pd(bound[k]), _CMP_GT_OQ), level, one);
    }
    __m256i texel = _mm256_permutexvar_epi32(level, _mm256_loadu_si256((const __m256i *)look->mip));
    texel = _mm256_add_epi32(texel, _mm256_sllv_epi32(_mm256_srlv_epi32(v, level), _mm256_sub_epi32(_mm256_set1_epi32(4), level)));
    texel = _mm256_add_epi32(texel, _mm256_srlv_epi32(u, level));
    texel = _mm256_i32gather_epi32((const int *)look->atlas, _mm256_add_epi32(which, texel), 4);
    __m256i jump = _mm256_mask_mov_epi32(_mm256_mask_mov_epi32(rays.jump[2], x, rays.jump[0]), y, rays.jump[1]);
    __m256i before = _mm256_sub_epi32(rays.index, jump), high = _mm256_set1_epi32((int)tile->stride[1]);
    __m512d middle = _mm512_add_pd(_mm512_cvtepi32_pd(before), _mm512_set1_pd(0.5));
    __m256i stack = _mm512_cvttpd_epi32(_mm512_mul_pd(middle, _mm512_set1_pd(1.0 / (double)tile->stride[1])));
    __m256i shift = _mm256_sub_epi32(_mm256_sub_epi32(before, _mm256_mullo_epi32(stack, high)), one);
    __m512i column = _mm512_mask_i32gather_epi64(_mm512_setzero_si512(), hits, stack, view->column, 8);
    __mmask8 above = _mm512_test_epi64_mask(_mm512_srlv_epi64(column, _mm512_cvtepi32_epi64(shift)), _mm512_set1_epi64(-1));
    __m256i sun = _mm256_mask_mov_epi32(_mm256_set1_epi32((int)view->sun), above, _mm256_set1_epi32((int)(view->sun * SHADOW >> 8)));
    __m256i bright = _mm256_max_epi32(sun, _mm256_and_si256(light, _mm256_set1_epi32(CUTOUT - 1)));
    __m256i shade = _mm256_permutexvar_epi32(side, _mm256_loadu_si256((const __m256i *)look->shade));
    bright = _mm256_srai_epi32(_mm256_mullo_epi32(bright, shade), 8);
    __m512d far = _mm512_div_pd(t, inverse);
    __m256i quarter = _mm512_cvttpd_epi32(_mm512_mul_pd(far, _mm512_set1_pd(4.0)));
    quarter = _mm256_min_epu32(quarter, _mm256_set1_epi32((int)look->fogs - 1));
    __m256i fog = _mm256_i32gather_epi32(look->fog, quarter, 4);
    __mmask8 pointed = _mm256_cmpeq_epi32_mask(rays.index, _mm256_set1_epi32((int)view->pointed));
    __m256i colours = mixed(texel, 0, bright, view->haze[0], fog, pointed);
    colours = _mm256_or_si256(colours, _mm256_slli_epi32(mixed(texel, 8, bright, view->haze[1], fog, pointed), 8));
    colours = _mm256_or_si256(colours, _mm256_slli_epi32(mixed(texel, 16, bright, view->haze[2], fog, pointed), 16));
    store_row(rgb, _mm256_mask_mov_epi32(sky, hits, colours), lanes);
}

static void draw_view(const struct look *look, const struct view *view)
{
    struct tile tile;
    tile.stride[2] = 1;
    tile.stride[1] = look->size[2] + 2;
    tile.stride[0] = tile.stride[1] * (look->size[1] + 2);
    for (int k = 0; k < 3; k++) {
        tile.cell[k] = (int64_t)view->origin[k];
        tile.offset[k] = view->origin[k] - (double)tile.cell[k];
    }
    for (int64_t top = 0; top < look->height; top += TILE) {
        const int64_t bottom = at_most(top + TILE, look->height);
        for (int64_t left = 0; left < look->width; left += TILE) {
            const int64_t right = at_most(left + TILE, look->width);
            double corner[4][3];
            for (int m = 0; m < 4; m++) {
                double up = look->up[m < 2 ? top : bottom - 1], across = look->across[m % 2 ? right - 1 : left];
                for (int k = 0; k < 3; k++)
                    corner[m][k] = view->axes[k] + across * view->axes[3 + k] + up * view->axes[6 + k];
            }
            int main = 0;
            for (int k = 1; k < 3; k++)
                if (absolute(corner[0][k] + corner[3][k]) > absolute(corner[0][main] + corner[3][main]))
                    main = k;
            double low = 1e300, high = -1e300;
            for (int m = 0; m < 4; m++) {
                low = least(low, corner[m][main]);
                high = most(high, corner[m][main]);
            }
            tile.main = main;
            tile.empty = 0;
            tile.last = look->size[main];
            if (low > GRAZING || high < -GRAZING)
                full_slices(look, view, corner, &tile);
            for (int64_t row = top; row < bottom; row++)
                draw_row(look, view, &tile, row, left);
        }
    }
}

void draw_views(const struct look *look, const struct view *views, int64_t number)
{
    for (int64_t n = 0; n < number; n++)
        draw_view(look, views + n);
}
