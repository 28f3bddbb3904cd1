#!/usr/bin/env python3
"""Computes the constants of native/quick_exp.h, quick_logistic.h and quick_tail_tables.h, and prints them as C++ source.
Needs mpmath and numpy.

quick_exp.h: e^w = 2^(k/N) e^r for a table of N entries, in float32 with a correction for every rounding that matters:
w = k c + r with c = ln 2 / N in two pieces; T_j = 2^(j/N) rounded to float32, and ln T_j - j c, which undoes that
rounding inside the exponent; e^r = 1 + r + r^2 P(r), P fitted with weight r^2 by Remez's exchange.

quick_tail_tables.h: W(a) = -ln Tail(a), or near 0 the function itself, in N segments, each a polynomial in
d = a - center. A segment's place in the tables is the lowest bits of the exponent of v = a scale + offset and the bits
after them. The first coefficients have a low piece; for the others to be precise without one, the center is moved about
until they are next to float32 numbers.
"""
import math
import struct
import textwrap

import numpy
from mpmath import cos, diff, erfc, exp, findroot, frexp, log, log1p, lu_solve, matrix, mp, mpf, nint, nstr, pi, sqrt

mp.dps = 50


def rounded(x, bits=24):
    """x to `bits` significant bits, as a float (24: a float32)."""
    mantissa, exponent = frexp(mpf(x))
    return float(nint(mantissa * 2**bits) * mpf(2)**(int(exponent) - bits))


def text(x):
    """A float32 as source."""
    mantissa, exponent = float(x).hex().split('p')
    mantissa = mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa
    return f'{mantissa}p{int(exponent)}f'


def word(x):
    return struct.unpack('<I', struct.pack('<f', x))[0]


def remez(f, points, weight, powers):
    """The polynomial of these powers with the least max |weight (p - f)| over the points, and that maximum."""
    values, weights = [f(x) for x in points], [weight(x) for x in points]
    count = len(powers) + 1
    chosen = [(len(points) - 1) * i // (count - 1) for i in range(count)]
    for _ in range(12):
        rows = [[points[k]**j for j in powers] + [(-1)**i / weights[k]] for i, k in enumerate(chosen)]
        solution = lu_solve(matrix(rows), matrix([values[k] for k in chosen]))
        p = [solution[j] for j in range(len(powers))]
        errors = [w * (sum(c * x**j for c, j in zip(p, powers)) - f) for x, f, w in zip(points, values, weights)]
        peaks = []  # the largest error of each run of one sign
        for k, e in enumerate(errors):
            if not peaks or (errors[peaks[-1]] > 0) != (e > 0):
                peaks.append(k)
            elif abs(e) > abs(errors[peaks[-1]]):
                peaks[-1] = k
        while len(peaks) > count:
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        if len(peaks) < count or peaks == chosen:
            break
        chosen = peaks
    return p, max(map(abs, errors))


def nodes(low, high, count=300):
    return [(low + high + (high - low) * cos(pi * i / count)) / 2 for i in range(count + 1)]


def fit(degree, limit):
    """P of the given degree with the least max |r^2 (P(r) - (e^r - 1 - r) / r^2)| on |r| <= limit, and that maximum."""
    points = [r for r in nodes(-limit, limit, 1500) if abs(r) > limit / 1000]
    return remez(lambda r: (exp(r) - 1 - r) / r**2, points, lambda r: r * r, range(degree + 1))


def show(name, values, form=text, kind='float'):
    print(f'alignas(64) const {kind} {name}[{len(values)}] = {{{", ".join(map(form, values))}}};')


for bits, degree in ((5, 2), (3, 3)):
    n = 2**bits
    c = log(2) / n
    table = [rounded(mpf(2)**(mpf(j) / n)) for j in range(n)]
    p, error = fit(degree, c / 2 * (1 + mpf(2)**-10))
    high = rounded(c)
    print(f'// {n} entries; e^r off by 2^{nstr(log(error, 2), 4)}.')
    print(f'kStepsPerUnit = {text(rounded(1 / c))};')
    print(f'kStepHigh = {text(high)}; kStepLow = {text(rounded(c - high))};')
    # All steps are added to the exponent's bits.
    show('kPowers', [(word(t) - (j << (23 - bits))) % 2**32 for j, t in enumerate(table)],
         lambda w: f'0x{w:08x}', 'uint32_t')
    show('kCorrections', [rounded(j * c - log(mpf(t))) if j else 0.0 for j, t in enumerate(table)])
    show('kTerms', [rounded(x) for x in p])

cubic = 2 * sqrt(2 / pi) * mpf('0.044715')
shift = 1 / mpf('0.044715')
for name, c, s in ('kTanhTerms', cubic, shift), ('kTanhSlopeTerms', 3 * cubic, shift / 3):
    high, short = rounded(c), float(nint(s * 2**16)) / 2**16
    print(f'{name} = {{{text(high)}, {text(rounded(c - high))}, {text(short)}, {text(rounded(s - short))}}};')


def braced(rows):
    """Rows of float32 as source."""
    return ',\n'.join(textwrap.fill('{' + ', '.join(text(x)[:-1] + 'F' for x in row) + '}',
                                    112, initial_indent='      ', subsequent_indent='       ') for row in rows)


def float32(x):
    """Float64 numbers rounded to float32."""
    return x.astype(numpy.float32).astype(float)


def evaluated(d, terms, lows, exact):
    """What segmentPolynomial() of quick_tail.h makes of d."""
    total = terms[-1]
    for term in terms[-2:exact - 1:-1]:
        total = float32(d * total + term)
    low = 0
    for i in range(exact - 1, -1, -1):
        following = float32(d * total + terms[i])
        rest = float32(d * total + float32(terms[i] - following))
        if i < len(lows):
            rest = float32(rest + lows[i])
        low = float32(d * low + rest)
        total = following
    return total, low


def segments(name, f, top, bits, exponent_bits, start, degree, exact, lows, bound, size=lambda a: mpf(1),
             first_center=2.0**-12, least=0, offset=None):
    """Segments of v from `start` on, up to a = top, of which the first one begins in its middle; or, without `top`, of
    v = a + offset. A center is a multiple of what its segment's a are multiples of, and so near to the least that d is
    exact; the first one is at least 0 and so small that for a even smaller it makes no difference. f(a) is to be off by
    little of size(a), and its high piece not below `least`."""
    n = 2**bits
    per_octave = n >> exponent_bits
    edges = [mpf(start)]
    for _ in range(n):
        edges.append(edges[-1] + mpf(2)**int(frexp(edges[-1])[1] - 1) / per_octave)
    if top is None:
        offset, scale = mpf(rounded(mpf(offset))), 1.0
    else:
        offset = (edges[0] + edges[1]) / 2
        scale = rounded((edges[-1] - offset) / mpf(top))
    ends = [max(mpf(0), (v - offset) / scale) for v in edges]
    centers, rows, low_rows, worst = [0.0] * n, [[0] * n for _ in range(degree + 1)], [[0] * n for _ in range(lows)], []
    for i in range(n):
        low, high = ends[i], ends[i + 1]
        middle = rounded((low + high) / 2) if i > 0 else 0.0
        reach = float(max(high - middle, middle - low))
        p, _ = remez(lambda d: f(middle + d), nodes(low - middle, high - middle, 100), lambda d: 1 / size(middle + d),
                     range(degree + 1))
        if i > 0:
            first = middle - reach * 0.3
            last = min(middle + reach * 0.3, float(low) + 2.0**frexp(low)[1] if top is None else 2 * float(low))
            unit = 2.0**(math.frexp(max(float(low), last))[1] - 24)
        else:
            first, last = 0.0, first_center
            unit = 2.0**(math.frexp(reach)[1] - 24)
        count = int((last - first) / unit)
        step = max(1, count // 300000)
        tried = (math.ceil(first / unit) + step * numpy.arange(count // step)) * unit
        powers = [(tried - middle)**k for k in range(degree + 1)]
        moved = [sum(float(p[k]) * math.comb(k, j) * powers[k - j] for k in range(j, degree + 1))
                 for j in range(degree + 1)]
        miss = sum(abs(c - float32(c)) * reach**j for j, c in enumerate(moved) if j >= lows)
        best = numpy.argsort(miss)[:500]
        # The best of these is the one that does best.
        a = float32(numpy.array([float(x) for x in nodes(low, high, 400)]))
        exact_values, sizes = numpy.array([[float(g(mpf(x))) for x in a] for g in (f, size)])
        terms = [float32(c[best])[:, None] for c in moved]
        low_terms = [float32(c[best] - float32(c[best]))[:, None] for c in moved[:lows]]
        y, y_low = evaluated(float32(a - tried[best][:, None]), terms, low_terms, exact)
        errors = numpy.where(y < least, math.inf, abs(y + y_low - exact_values) / sizes).max(axis=1)
        k = numpy.argmin(errors)
        worst.append(log(errors[k], 2))
        mantissa, exponent = frexp(edges[i])
        place = (int(exponent) + 126) % 2**exponent_bits * per_octave + int((2 * mantissa - 1) * per_octave)
        centers[place] = float(tried[best[k]])
        for j in range(degree + 1):
            rows[j][place] = float(terms[j][k, 0])
        for j in range(lows):
            low_rows[j][place] = float(low_terms[j][k, 0])
    print(f"""
// Off by 2^{nstr(max(worst), 4)}.
{name} {{
  static constexpr int kFractionBits = {bits - exponent_bits}, kExact = {exact};
  static constexpr float kError = {bound}F;
  static constexpr float kScale = {text(scale)[:-1]}F, kOffset = {text(offset)[:-1]}F;
  alignas(64) static constexpr float kCenters[{n}] = {{
      {braced([centers]).strip()[1:-1]}}};
  alignas(64) static constexpr float kLows[{lows}][{n}] = {{
{braced(low_rows)}}};
  alignas(64) static constexpr float kTerms[{degree + 1}][{n}] = {{
{braced(rows)}}};
}};""")


def gelu(a):
    return -log(erfc(a / sqrt(2)) / 2)


def softplus_tail(a):
    return log1p(exp(-a))


def softplus(a):
    return -log(softplus_tail(a))


def gelu_derivative(a):
    return erfc(a / sqrt(2)) / 2 - a * exp(-a * a / 2) / sqrt(2 * pi)


root = findroot(gelu_derivative, 0.75)
short = float(int(root * 2**21)) / 2**21
print(f'kGeluRootHigh = {text(short)}, kGeluRootLow = {text(rounded(root - short))}')


def gelu_slope(a):
    return -log(gelu_derivative(a) / (root - a))


segments('template <>\nstruct GeluTail<5>', gelu, '8.015625', 5, 1, 1, 5, 3, 1, '0x1.14p-35')
segments('template <>\nstruct GeluTail<3>', gelu, '8.015625', 3, 1, 1, 8, 4, 2, '0x1.26p-36')
segments('template <>\nstruct SoftplusTail<5>', softplus, '17.015625', 5, 2, 1.125, 6, 3, 2, '0x1.8p-36')
segments('template <>\nstruct SoftplusTail<3>', softplus, '17.015625', 3, 2, 1, 10, 4, 2, '0x1.04p-35')
segments('template <>\nstruct GeluSlopeTail<5>', gelu_slope, '8.015625', 5, 1, 1, 5, 3, 1, '0x1.2ep-35')
segments('template <>\nstruct GeluSlopeTail<3>', gelu_slope, '8.015625', 3, 1, 1, 8, 4, 2, '0x1.08p-36')


def gelu_tail(a):
    return erfc(a / sqrt(2)) / 2


def gelu_tanh_derivative(a):
    """The tanh form's at -a."""
    w, slope = cubic * a * (a * a + shift), 3 * cubic * a * (a * a + shift / 3)
    return (1 - slope / (1 + exp(-w))) / (1 + exp(w))


def near(name, f, top, bits, degree, exact, lows, bound, start=1, offset=None):
    segments(f'template <>\nstruct {name}<{bits}>', f, top, bits, 0, start, degree, exact, lows, bound, f, 2.0**-11, 0,
             offset)


def near_slope(name, derivative, bits, segment, degree, exact, lows, bound, start=1):
    """1 - derivative(a), off by little of the derivative, and from 1/2 on. Next to 0 its slope hardly changes, and the
    first center needs more room. The given segment ends where it has no slope: the rest of a sum is exact if the first
    term is the larger one. From a start of 4 on, v is a + offset."""
    greatest = findroot(lambda a: diff(derivative, a), 1.4)
    top = offset = None
    if start == 1:
        top = (2**bits - mpf(1) / 2) * greatest / (segment - mpf(1) / 2)
    else:
        offset = start + mpf(start) * segment / 2**bits - greatest
    segments(f'template <>\nstruct {name}<{bits}>', lambda a: 1 - derivative(a), top, bits, 0, start, degree, exact,
             lows, bound, lambda a: abs(derivative(a)) + mpf(1) / 16, 2.0**-11, 0.5, offset)


near('SoftplusNear', softplus_tail, '8.3', 5, 6, 3, 1, '0x1.14p-35')
near('SoftplusNear', softplus_tail, '8.3', 3, 9, 5, 2, '0x1.5ap-35')
# No segment begins at a power of 2: what is below it by less than v shows would be in the segment, and d not exact.
near('GeluNear', gelu_tail, None, 5, 6, 3, 1, '0x1.bp-37', 4, '4.0615')
near('GeluNear', gelu_tail, '3.765625', 3, 9, 5, 2, '0x1.bp-37')
near_slope('GeluSlopeNear', gelu_derivative, 5, 12, 6, 3, 1, '0x1.2p-36', 4)
near_slope('GeluSlopeNear', gelu_derivative, 3, 3, 9, 5, 2, '0x1.1ep-35')
near_slope('GeluTanhSlopeNear', gelu_tanh_derivative, 5, 12, 6, 3, 1, '0x1.2ap-36', 4)
near_slope('GeluTanhSlopeNear', gelu_tanh_derivative, 3, 3, 9, 5, 2, '0x1.9ep-35')
