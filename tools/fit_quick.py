#!/usr/bin/env python3
"""Computes the constants of native/quick_exp.h, quick_logistic.h and quick_tail.h, and prints them as C++ source. Needs mpmath.

quick_exp.h: e^w = 2^(k/N) e^r for a table of N entries, in float32 with a correction for every rounding that matters:
w = k c + r with c = ln 2 / N in two pieces; T_j = 2^(j/N) rounded to float32, and ln T_j - j c, which undoes that
rounding inside the exponent; e^r = 1 + r + r^2 P(r), P fitted with weight r^2 by Remez's exchange.

quick_tail.h: L(a), the log2 of the tail, in 16 segments: eight of v = 1 + a s in [1, 2), eight in [2, 4), each a
polynomial in a. A segment's place in the tables is the low bit of v's exponent and three bits after it. And 2^r on
|r| <= 1/32 with a table of 2^(j/16).
"""
import struct

from mpmath import cos, erfc, exp, frexp, log, log1p, lu_solve, matrix, mp, mpf, nint, nstr, pi, polyval, sqrt

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
    print(f'kStepsPerUnit = {text(rounded(1 / c))}; kStepHigh = {text(high)}; kStepLow = {text(rounded(c - high))};')
    show('kPowers', [(word(t) - (j << (23 - bits))) % 2**32 for j, t in enumerate(table)], lambda w: f'0x{w:08x}',
         'uint32_t')
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


def segments(name, f, top, degree, first=None):
    """`first`: f(0), which the first segment's polynomial is to have exactly."""
    scale = float(3 / mpf(top))
    ends = [mpf(i) / 8 / scale for i in range(8)] + [(mpf(1) + mpf(i) / 4) / scale for i in range(9)]
    table, worst = [[0] * 16 for _ in range(degree + 1)], []
    for i in range(16):
        fixed = i == 0 and first is not None
        points = [a for a in nodes(ends[i], ends[i + 1]) if a > mpf(10)**-20 or not fixed]
        if fixed:
            p, error = remez(lambda a: (f(a) - first) / a, points, lambda a: a, range(degree))
            p.insert(0, mpf(first))
        else:
            p, error = remez(f, points, lambda a: 1, range(degree + 1))
        worst.append(nstr(log(error * log(2), 2), 3))
        for j in range(degree + 1):
            table[j][(8 + i) % 16] = p[j]
    print(f'// {name}: up to {top}, scale {double(scale)}; the tail is off by 2^: {" ".join(worst)}')
    for row in table:
        print('{' + ', '.join(map(double, row)) + '},')


p, error = remez(lambda r: (mpf(2)**r - 1) / r, [r for r in nodes(-mpf(1) / 32, mpf(1) / 32) if abs(r) > 1e-6],
                 lambda r: r, range(4))
print(f'// 2^r = 1 + r p(r), off by 2^{nstr(log(error, 2), 4)}: {", ".join(map(double, p))}')
powers = [struct.unpack('<Q', struct.pack('<d', float(mpf(2)**(mpf(j) / 16)) if j else 1 - 2.0**-51))[0] for j in range(16)]
print(', '.join(f'0x{(w - (j << 48)) % 2**64:016x}' for j, w in enumerate(powers)))
segments('GELU', lambda a: log(erfc(a / sqrt(2)) / 2, 2), '8.0625', 6, -1)
segments('Softplus', lambda a: log(log1p(exp(-a)), 2), '17.5', 7)
