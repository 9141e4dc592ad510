// Vectors of floats in clang's extension, and the elementary functions on them. Included once by each instruction
// set's file, which says with CK_LANES how wide its widest vector is; a type wider than the processor's registers is
// split by the compiler, with the same results.
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

// Vectors cross no call: every function on them is inlined, so their calling convention does not matter.
#pragma clang diagnostic ignored "-Wpsabi"

#define CK_INLINE static inline __attribute__((always_inline, unused))

typedef float f8 __attribute__((ext_vector_type(8)));
typedef int32_t i8 __attribute__((ext_vector_type(8)));
typedef float f16 __attribute__((ext_vector_type(16)));
typedef int32_t i16 __attribute__((ext_vector_type(16)));

// Their largest errors stand in VectorMath.swift; they were found by trying every float.
#define CK_DEFINE_MATH(F, I, S)                                                                                      \
  CK_INLINE F load##S(const float *p) {                                                                              \
    F v;                                                                                                             \
    __builtin_memcpy(&v, p, sizeof v);                                                                               \
    return v;                                                                                                        \
  }                                                                                                                  \
  CK_INLINE void store##S(float *p, F v) { __builtin_memcpy(p, &v, sizeof v); }                                      \
  CK_INLINE F fma##S(F a, F b, F c) { return __builtin_elementwise_fma(a, b, c); }                                   \
  CK_INLINE F splat##S(float a) { return (F)(a); }                                                                   \
  CK_INLINE F select##S(I m, F a, F b) { return (F)(((I)a & m) | ((I)b & ~m)); }                                     \
  CK_INLINE F min##S(F a, F b) { return select##S(b < a, b, a); }                                                    \
  CK_INLINE F max##S(F a, F b) { return select##S(b > a, b, a); }                                                    \
  /* x P(x^2) / Q(x^2), a minimax fit of relative error 2.1e-8 on [-9, 9]; beyond, tanh rounds to 1. */              \
  CK_INLINE F tanh##S(F x) {                                                                                         \
    x = max##S(min##S(x, splat##S(9.0f)), splat##S(-9.0f));                                                          \
    const F t = x * x;                                                                                               \
    F p = fma##S(splat##S(1.3354647321765618e-08f), t, splat##S(2.0609071119066835e-05f));                           \
    F q = fma##S(splat##S(7.776552209883499e-07f), t, splat##S(0.00032856336701977566f));                            \
    p = fma##S(p, t, splat##S(0.0034955874116654067f));                                                              \
    q = fma##S(q, t, splat##S(0.02587697945624327f));                                                                \
    p = fma##S(p, t, splat##S(0.13381025033696772f));                                                                \
    q = fma##S(q, t, splat##S(0.467143406315744f));                                                                  \
    p = fma##S(p, t, splat##S(1.0f));                                                                                \
    q = fma##S(q, t, splat##S(1.0f));                                                                                \
    return max##S(min##S((x * p) / q, splat##S(1.0f)), splat##S(-1.0f));                                             \
  }                                                                                                                  \
  CK_INLINE F relu##S(F x) { return select##S(x > 0, x, splat##S(0)); }                                              \
  /* 2^n e^r with |r| <= ln 2 / 2; below -87.33 the result is 0, above 88.72 infinity. */                            \
  CK_INLINE F exp##S(F x) {                                                                                          \
    const F magic = splat##S(12582912.0f);                                                                           \
    const F c = max##S(min##S(x, splat##S(89.0f)), splat##S(-88.0f));                                                \
    const F n = fma##S(c, splat##S(1.44269504088896341f), magic) - magic;                                            \
    F r = fma##S(n, splat##S(-0.693359375f), c);                                                                     \
    r = fma##S(n, splat##S(2.12194440e-4f), r);                                                                      \
    F p = fma##S(splat##S(0.001381461285854058f), r, splat##S(0.008368709859155117f));                               \
    p = fma##S(p, r, splat##S(0.04166838736983787f));                                                                \
    p = fma##S(p, r, splat##S(0.16666520689461567f));                                                                \
    p = fma##S(p, r, splat##S(0.4999999345166503f));                                                                 \
    p = fma##S(p, r * r, r) + splat##S(1.0f);                                                                        \
    const I e = __builtin_convertvector(n, I);                                                                       \
    const I half = e >> 1;                                                                                           \
    const F y = p * (F)((half + 127) << 23) * (F)((e - half + 127) << 23);                                           \
    return select##S(x < splat##S(-87.33654f), splat##S(0), y);                                                      \
  }                                                                                                                  \
  /* e ln 2 + log(1 + f) with 1 + f between sqrt 1/2 and sqrt 2; 0 gives -infinity, below 0 NaN. */                  \
  CK_INLINE F log##S(F x) {                                                                                          \
    const I tiny = x < splat##S(1.17549435e-38f);                                                                    \
    const F y = select##S(tiny, x * splat##S(8388608.0f), x);                                                        \
    const I bits = (I)y - 0x3f3504f3;                                                                                \
    const F e = __builtin_convertvector((bits >> 23) - (tiny & 23), F);                                              \
    const F f = (F)((bits & 0x007fffff) + 0x3f3504f3) - splat##S(1.0f);                                              \
    F p = fma##S(splat##S(-0.07634488188665124f), f, splat##S(0.12761573695803813f));                                \
    p = fma##S(p, f, splat##S(-0.1316018397527369f));                                                                \
    p = fma##S(p, f, splat##S(0.14201758559246577f));                                                                \
    p = fma##S(p, f, splat##S(-0.16623357236219344f));                                                               \
    p = fma##S(p, f, splat##S(0.20001226850226178f));                                                                \
    p = fma##S(p, f, splat##S(-0.25000821037058907f));                                                               \
    p = fma##S(p, f, splat##S(0.33333331707948877f));                                                                \
    const F f2 = f * f;                                                                                              \
    F r = fma##S(p * f, f2, e * splat##S(-2.12194440e-4f));                                                          \
    r = fma##S(f2, splat##S(-0.5f), r) + f;                                                                          \
    r = fma##S(e, splat##S(0.693359375f), r);                                                                        \
    r = select##S(x == splat##S(0), splat##S(-__builtin_inff()), r);                                                 \
    r = select##S(x == splat##S(__builtin_inff()), x, r);                                                            \
    return select##S(x >= splat##S(0), r, splat##S(__builtin_nanf("")));                                             \
  }

CK_DEFINE_MATH(f8, i8, 8)
CK_DEFINE_MATH(f16, i16, 16)

// The eight lanes added as ((0+4)+(2+6)) + ((1+5)+(3+7)).
CK_INLINE float sum_lanes(f8 v) {
  typedef float f4 __attribute__((ext_vector_type(4)));
  typedef float f2 __attribute__((ext_vector_type(2)));
  const f4 a = v.lo + v.hi;
  const f2 b = a.lo + a.hi;
  return b.x + b.y;
}

// The first `count` (8 or more: all) elements, and zeros. Pieces of fixed sizes: no call of memcpy.
CK_INLINE f8 load_some(const float *p, size_t count) {
  if (count >= 8) return load8(p);
  float lanes[8] = {0};
  size_t i = 0;
  if (count & 4) __builtin_memcpy(lanes, p, 16), i = 4;
  if (count & 2) __builtin_memcpy(lanes + i, p + i, 8), i += 2;
  if (count & 1) lanes[i] = p[i];
  return load8(lanes);
}

CK_INLINE void store_some(float *p, f8 v, size_t count) {
  if (count >= 8) {
    store8(p, v);
    return;
  }
  float lanes[8];
  store8(lanes, v);
  size_t i = 0;
  if (count & 4) __builtin_memcpy(p, lanes, 16), i = 4;
  if (count & 2) __builtin_memcpy(p + i, lanes + i, 8), i += 2;
  if (count & 1) p[i] = lanes[i];
}

// t[j][k] = w[k][j] for 8 x 8 floats.
CK_INLINE void transpose8(const float *w, size_t w_stride, float *t, size_t t_stride) {
  f8 a[8], b[8];
  for (int k = 0; k < 8; k++) a[k] = load8(w + k * w_stride);
  for (int k = 0; k < 8; k += 2) {
    b[k] = __builtin_shufflevector(a[k], a[k + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    b[k + 1] = __builtin_shufflevector(a[k], a[k + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int half = 0; half < 8; half += 4)
    for (int i = 0; i < 2; i++) {
      a[half + 2 * i] = __builtin_shufflevector(b[half + i], b[half + i + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      a[half + 2 * i + 1] = __builtin_shufflevector(b[half + i], b[half + i + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int j = 0; j < 4; j++) {
    store8(t + j * t_stride, __builtin_shufflevector(a[j], a[j + 4], 0, 1, 2, 3, 8, 9, 10, 11));
    store8(t + (j + 4) * t_stride, __builtin_shufflevector(a[j], a[j + 4], 4, 5, 6, 7, 12, 13, 14, 15));
  }
}
