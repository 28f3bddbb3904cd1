#!/usr/bin/env python3
"""Computes the constants of native/quick_logistic.h, and prints them as C++ source. Needs mpmath.

e^w = 2^(k/N) e^r for a table of N entries, in float32 with a correction for every rounding that matters:
w = k c + r with c = ln 2 / N in two pieces; T_j = 2^(j/N) rounded to float32, and ln T_j - j c, which undoes that
rounding inside the exponent; e^r = 1 + r + r^2 P(r), P fitted with weight r^2 by Remez's exchange.
"""
import struct

from mpmath import cos, exp, frexp, log, lu_solve, matrix, mp, mpf, nint, nstr, pi, polyval, sqrt

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


def fit(degree, limit):
    """P of the given degree with the least max |r^2 (P(r) - (e^r - 1 - r) / r^2)| on |r| <= limit, and that maximum."""
    points = [limit * cos(pi * i / 1500) for i in range(1501)]
    points = [r for r in points if abs(r) > limit / 1000]
    values, weights = [(exp(r) - 1 - r) / r**2 for r in points], [r * r for r in points]
    count = degree + 2
    chosen = [(len(points) - 1) * i // (count - 1) for i in range(count)]
    for _ in range(30):
        rows = [[points[k]**j for j in range(degree + 1)] + [(-1)**i / weights[k]] for i, k in enumerate(chosen)]
        solution = lu_solve(matrix(rows), matrix([values[k] for k in chosen]))
        p = [solution[j] for j in range(degree + 1)]
        errors = [w * (f - polyval(p[::-1], r)) for r, f, w in zip(points, values, weights)]
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
short = rounded(shift, 16)
print(f'// kCubic {text(rounded(cubic))}, {text(rounded(cubic - rounded(cubic)))}')
print(f'// kShift {text(short)}, {text(rounded(shift - short))}')
