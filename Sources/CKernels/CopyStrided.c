#include <string.h>

#include "CKernels.h"

/// A copy whose dimensions have been merged as far as both sides allow.
typedef struct merged_copy {
  size_t rank;
  ptrdiff_t shape[PG_MAX_RANK], out_strides[PG_MAX_RANK], in_strides[PG_MAX_RANK];
} merged_copy;

/// Drops dimensions of extent 1 and joins each dimension with the one inside it where a step of
/// the outer one equals a whole run of the inner one, on both sides.
static merged_copy merge_dimensions(size_t rank, const ptrdiff_t *shape,
                                    const ptrdiff_t *out_strides, const ptrdiff_t *in_strides) {
  merged_copy merged = {.rank = 0};
  for (size_t i = 0; i < rank; i++) {
    if (shape[i] == 1) continue;
    if (merged.rank > 0) {
      const size_t outer = merged.rank - 1;
      if (merged.out_strides[outer] == shape[i] * out_strides[i] &&
          merged.in_strides[outer] == shape[i] * in_strides[i]) {
        merged.shape[outer] *= shape[i];
        merged.out_strides[outer] = out_strides[i];
        merged.in_strides[outer] = in_strides[i];
        continue;
      }
    }
    merged.shape[merged.rank] = shape[i];
    merged.out_strides[merged.rank] = out_strides[i];
    merged.in_strides[merged.rank] = in_strides[i];
    merged.rank++;
  }
  return merged;
}

#define DEFINE_COPY_RUN(type)                                                            \
  static void copy_run_##type(type *out, ptrdiff_t out_stride, const type *in,           \
                              ptrdiff_t in_stride, ptrdiff_t count) {                    \
    for (ptrdiff_t i = 0; i < count; i++) out[i * out_stride] = in[i * in_stride];       \
  }
DEFINE_COPY_RUN(uint8_t)
DEFINE_COPY_RUN(uint16_t)
DEFINE_COPY_RUN(uint32_t)
DEFINE_COPY_RUN(uint64_t)

/// Copies the innermost dimension: `count` elements at the given strides.
static void copy_run(char *out, ptrdiff_t out_stride, const char *in, ptrdiff_t in_stride,
                     ptrdiff_t count, size_t element_size) {
  if (out_stride == 1 && in_stride == 1) {
    memcpy(out, in, (size_t)count * element_size);
    return;
  }
  switch (element_size) {
    case 1:
      copy_run_uint8_t((uint8_t *)out, out_stride, (const uint8_t *)in, in_stride, count);
      break;
    case 2:
      copy_run_uint16_t((uint16_t *)out, out_stride, (const uint16_t *)in, in_stride, count);
      break;
    case 4:
      copy_run_uint32_t((uint32_t *)out, out_stride, (const uint32_t *)in, in_stride, count);
      break;
    default:
      copy_run_uint64_t((uint64_t *)out, out_stride, (const uint64_t *)in, in_stride, count);
      break;
  }
}

/// Rows and columns of a block of a transpose.
enum { BLOCK = 16 };

/// Copies two dimensions, one of which is contiguous in the input and the other in the output, block by block:
/// each line of the cache is then read and written as a whole. out[i · out_row + j] = in[i + j · in_row].
#define DEFINE_TRANSPOSE(type)                                                              \
  static void transpose_##type(type *out, ptrdiff_t out_row, const type *in,                \
                               ptrdiff_t in_row, ptrdiff_t rows, ptrdiff_t columns) {       \
    type block[BLOCK][BLOCK];                                                               \
    for (ptrdiff_t r = 0; r < rows; r += BLOCK) {                                           \
      const ptrdiff_t height = rows - r < BLOCK ? rows - r : BLOCK;                         \
      for (ptrdiff_t c = 0; c < columns; c += BLOCK) {                                      \
        const ptrdiff_t width = columns - c < BLOCK ? columns - c : BLOCK;                  \
        for (ptrdiff_t j = 0; j < width; j++) {                                             \
          const type *from = in + (c + j) * in_row + r;                                     \
          if (height == BLOCK) {                                                            \
            memcpy(block[j], from, sizeof block[j]);                                        \
          } else {                                                                          \
            for (ptrdiff_t i = 0; i < height; i++) block[j][i] = from[i];                   \
          }                                                                                 \
        }                                                                                   \
        for (ptrdiff_t i = 0; i < height; i++) {                                            \
          type *to = out + (r + i) * out_row + c;                                           \
          if (width == BLOCK) {                                                             \
            for (ptrdiff_t j = 0; j < BLOCK; j++) to[j] = block[j][i];                      \
          } else {                                                                          \
            for (ptrdiff_t j = 0; j < width; j++) to[j] = block[j][i];                      \
          }                                                                                 \
        }                                                                                   \
      }                                                                                     \
    }                                                                                       \
  }
DEFINE_TRANSPOSE(uint8_t)
DEFINE_TRANSPOSE(uint16_t)
DEFINE_TRANSPOSE(uint32_t)
DEFINE_TRANSPOSE(uint64_t)

static void transpose(char *out, ptrdiff_t out_row, const char *in, ptrdiff_t in_row,
                      ptrdiff_t rows, ptrdiff_t columns, size_t element_size) {
#define TRANSPOSE_CASE(type) \
  transpose_##type((type *)out, out_row, (const type *)in, in_row, rows, columns); break
  switch (element_size) {
    case 1: TRANSPOSE_CASE(uint8_t);
    case 2: TRANSPOSE_CASE(uint16_t);
    case 4: TRANSPOSE_CASE(uint32_t);
    default: TRANSPOSE_CASE(uint64_t);
  }
#undef TRANSPOSE_CASE
}

/// Moves the dimension that is contiguous in the input next to the last, where the last one is contiguous in
/// the output only. Returns whether there is one.
static bool make_transpose(merged_copy *c) {
  const size_t last = c->rank - 1;
  if (c->rank < 2 || c->out_strides[last] != 1 || c->in_strides[last] == 1) return false;
  size_t axis = 0;
  while (axis < last && c->in_strides[axis] != 1) axis++;
  if (axis == last || c->shape[axis] < 4 || c->shape[last] < 4) return false;
  for (; axis + 1 < last; axis++) {
    const merged_copy old = *c;
    c->shape[axis] = old.shape[axis + 1], c->shape[axis + 1] = old.shape[axis];
    c->out_strides[axis] = old.out_strides[axis + 1];
    c->out_strides[axis + 1] = old.out_strides[axis];
    c->in_strides[axis] = old.in_strides[axis + 1];
    c->in_strides[axis + 1] = old.in_strides[axis];
  }
  return true;
}

void pg_copy_strided(void *out, const void *in, size_t element_size, size_t rank,
                     const ptrdiff_t *shape, const ptrdiff_t *out_strides,
                     const ptrdiff_t *in_strides) {
  for (size_t i = 0; i < rank; i++) {
    if (shape[i] == 0) return;
  }
  merged_copy c = merge_dimensions(rank, shape, out_strides, in_strides);
  if (c.rank == 0) {
    memcpy(out, in, element_size);
    return;
  }
  const size_t last = c.rank - 1;
  const bool is_transpose = make_transpose(&c);
  const ptrdiff_t size = (ptrdiff_t)element_size;
  ptrdiff_t index[PG_MAX_RANK] = {0};
  char *o = out;
  const char *i = in;
  for (;;) {
    if (is_transpose) {
      transpose(o, c.out_strides[last - 1], i, c.in_strides[last], c.shape[last - 1],
                c.shape[last], element_size);
    } else {
      copy_run(o, c.out_strides[last], i, c.in_strides[last], c.shape[last], element_size);
    }
    // Advances the outer indices like an odometer, moving both pointers along.
    size_t axis = is_transpose ? last - 1 : last;
    for (;;) {
      if (axis == 0) return;
      axis--;
      o += c.out_strides[axis] * size;
      i += c.in_strides[axis] * size;
      if (++index[axis] < c.shape[axis]) break;
      o -= c.out_strides[axis] * c.shape[axis] * size;
      i -= c.in_strides[axis] * c.shape[axis] * size;
      index[axis] = 0;
    }
  }
}
