#!/usr/bin/env python3
"""Computes the constants of native/quick_exp.h, quick_logistic.h, quick_tail.h and quick_tail_derivatives.h, and prints
them as C++ source. Needs mpmath.

quick_exp.h: e^w = 2^(k/N) e^r for a table of N entries, in float32 with a correction for every rounding that matters:
w = k c + r with c = ln 2 / N in two pieces; T_j = 2^(j/N) rounded to float32, and ln T_j - j c, which undoes that
rounding inside the exponent; e^r = 1 + r + r^2 P(r), P fitted with weight r^2 by Remez's exchange.

quick_tail.h and quick_tail_derivatives.h: L(a), the log2 of the tail, in N segments, each a polynomial in
d = a - center, whose coefficients from some degree on are float32. A segment's place in the tables is the low bit of
the exponent of v = a scale + offset and the log2 N - 1 bits after it. And 2^r on |r| <= 1/2N with a table of 2^(j/N),
for N of 16 and of 8.
"""
import struct

from mpmath import cos, erfc, exp, findroot, frexp, log, log1p, lu_solve, matrix, mp, mpf, nint, nstr, pi, polyval, sqrt

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
    # With the larger table 2^k is an operation of its own: steps count from one power of 2 to the next, and the table
    # has whole powers. With the smaller one all steps are added to the exponent's bits.
    whole = bits == 5
    scale = n if whole else 1
    c = log(2) / n
    table = [rounded(mpf(2)**(mpf(j) / n)) for j in range(n)]
    p, error = fit(degree, c / 2 * (1 + mpf(2)**-10))
    high = rounded(c * scale)
    print(f'// {n} entries; e^r off by 2^{nstr(log(error, 2), 4)}.')
    print(f'kRoundToStep = {text(1.5 * 2.0**23 / scale)}; kStepsPerUnit = {text(rounded(1 / c / scale))};')
    print(f'kStepHigh = {text(high)}; kStepLow = {text(rounded(c * scale - high))};')
    show('kPowers', [word(t) if whole else (word(t) - (j << (23 - bits))) % 2**32 for j, t in enumerate(table)],
         lambda w: f'0x{w:08x}', 'uint32_t')
    show('kCorrections', [rounded(j * c - log(mpf(t))) if j else 0.0 for j, t in enumerate(table)])
    show('kTerms', [rounded(x) for x in p])

cubic = 2 * sqrt(2 / pi) * mpf('0.044715')
shift = 1 / mpf('0.044715')
for name, c, s in ('kTanhTerms', cubic, shift), ('kTanhSlopeTerms', 3 * cubic, shift / 3):
    high, short = rounded(c), rounded(s, 16)
    print(f'{name} = {{{text(high)}, {text(rounded(c - high))}, {text(short)}, {text(rounded(s - short))}}};')


def double(x):
    """A double as source."""
    mantissa, exponent = float(x).hex().split('p')
    return f"{mantissa.rstrip('0').rstrip('.')}p{int(exponent)}"


def segments(name, f, top, n, start, doubles, degree, first=None):
    """Segments of v from `start` on, up to a = top. The first one's center is 0, so only its upper half is there; the
    others keep to half their center or more, so d is exact. `first`: f(0), which is to be exact."""
    edges = [mpf(start)]
    for _ in range(n):
        edges.append(edges[-1] + (mpf(2) if edges[-1] < 2 else mpf(4) if edges[-1] < 4 else mpf(8)) / n)
    offset = (edges[0] + edges[1]) / 2
    scale = rounded((edges[-1] - offset) / mpf(top))
    ends = [max(mpf(0), (v - offset) / scale) for v in edges]
    centers, table, worst = [0.0] * n, [[0] * n for _ in range(degree + 1)], []
    for i in range(n):
        center = rounded((ends[i] + ends[i + 1]) / 2, 20) if i > 0 else 0.0
        fixed = i == 0 and first is not None

        def fitted(g, count):
            points = [d for d in nodes(ends[i] - center, ends[i + 1] - center) if d > mpf(10)**-20 or i > 0]
            if not fixed:
                return remez(g, points, lambda d: 1, range(count))
            p, error = remez(lambda d: (g(d) - first) / d, points, lambda d: d, range(count - 1))
            return [mpf(first)] + p, error

        p, _ = fitted(lambda d: f(center + d), degree + 1)
        high = [rounded(c) for c in p[doubles:]]
        low, error = fitted(lambda d: f(center + d) - d**doubles * polyval(high[::-1], d), doubles)
        worst.append(nstr(log(error * log(2), 2), 3))
        mantissa, exponent = frexp(edges[i])
        place = int(exponent) % 2 * (n // 2) + int((2 * mantissa - 1) * (n // 2))
        centers[place] = center
        for j, c in enumerate(low + high):
            table[j][place] = c
    print(f'// {name}, {n} segments up to {top}; the tail is off by 2^: {" ".join(worst)}')
    print(f'kScale = {text(scale)}; kOffset = {text(offset)}')
    show('kCenters', centers)
    for row in table[doubles:]:
        print('{' + ', '.join(map(text, row)) + '},')
    for row in table[:doubles]:
        print('{' + ', '.join(map(double, row)) + '},')


for n, terms in ((16, 4), (8, 5)):
    points = [r for r in nodes(-mpf(1) / n / 2, mpf(1) / n / 2) if abs(r) > 1e-6]
    p, error = remez(lambda r: (mpf(2)**r - 1) / r, points, abs, range(terms))
    print(f'// 2^r = 1 + r p(r), off by 2^{nstr(log(error, 2), 4)}: {", ".join(map(double, p))}')
    powers = [struct.unpack('<Q', struct.pack('<d', mpf(2)**(mpf(j) / n) if j else 1 - 2.0**-51))[0] for j in range(n)]
    powers = [struct.unpack('<d', struct.pack('<Q', w - j * (2**52 // n)))[0] for j, w in enumerate(powers)]
    print('{' + ', '.join(map(double, powers)) + '},')


def gelu(a):
    return log(erfc(a / sqrt(2)) / 2, 2)


# The root of GELU', and log2 (GELU'(-a) / (root - a)).
root = findroot(lambda a: erfc(a / sqrt(2)) / 2 - a * exp(-a * a / 2) / sqrt(2 * pi), 0.75)


def gelu_slope(a):
    return log((erfc(a / sqrt(2)) / 2 - a * exp(-a * a / 2) / sqrt(2 * pi)) / (root - a), 2)


def softplus(a):
    return log(log1p(exp(-a)), 2)


segments('GELU', gelu, '8.015625', 16, 1, 3, 7, -1)
segments('GELU', gelu, '8.015625', 8, 1, 4, 8, -1)
segments('Softplus', softplus, '17.015625', 16, 1.125, 3, 8)
segments('Softplus', softplus, '17.015625', 8, 1.25, 4, 10)
segments("GELU'", gelu_slope, '8.015625', 16, 1, 3, 7)
segments("GELU'", gelu_slope, '8.015625', 8, 1, 4, 9)

low, high = 1 / mpf('14.625')**2, mpf(1) / 64


def scaled_tail(u):
    a = 1 / sqrt(u)
    return a * exp(a * a / 2) * erfc(a / sqrt(2)) / 2


p, error = remez(scaled_tail, nodes(low, high), lambda u: 1 / scaled_tail(u), range(9))
print(f'// a e^(a^2/2) Phi(-a) as a polynomial in a^-2, off by 2^{nstr(log(error, 2), 4)}: {", ".join(map(double, p))}')
