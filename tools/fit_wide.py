#!/usr/bin/env python3
"""Computes the constants of native/wide.h and those of the float64 formulas, and of their twins in lib/.

Prints each as the hex floats of the C++ source and, with --ts, as the decimals of the TypeScript source; a comment
tells a polynomial's error, relative to the function it serves. Needs mpmath. Takes about ten seconds.
"""
import itertools
import sys

from mpmath import cos, erfc, exp, findroot, log, log1p, lu_solve, matrix, mp, mpf, nint, nstr, pi, sqrt

mp.dps = 60
TYPESCRIPT = '--ts' in sys.argv[1:]


def number(x):
    """One double as source text."""
    return repr(float(x)).replace('e-0', 'e-').replace('e+', 'e') if TYPESCRIPT else float(x).hex()


def pieces(x, count):
    """x as an unevaluated sum of doubles, each the rounding of what is left."""
    result = []
    for _ in range(count):
        result.append(float(x))
        x -= mpf(result[-1])
    return result


def show(name, values, note=''):
    print(f'// {name}{": " + note if note else ""}')
    print(',\n'.join(number(value) for value in values) + '\n')


def polynomial(coefficients, x):
    y = mpf(0)
    for c in reversed(coefficients):
        y = y * x + c
    return y


def interpolate(f, low, high, degree, about):
    """Coefficients, in powers of x - about, of f's interpolation in the Chebyshev nodes of [low, high]."""
    nodes = [(low + high + (high - low) * cos(pi * (2 * k + 1) / (2 * degree + 2))) / 2 for k in range(degree + 1)]
    powers = matrix([[(x - about)**j for j in range(degree + 1)] for x in nodes])
    return list(lu_solve(powers, matrix([f(x) for x in nodes])))


def fit(name, f, low, high, degree, result=lambda x, p: p, about=0, pairs=0):
    """Fits, rounds (the first `pairs` coefficients to two doubles), measures the error of `result` and prints."""
    low, high = mpf(low), mpf(high)
    exact = interpolate(f, low, high, degree, about)
    rounded = [sum(map(mpf, pieces(c, 2 if i < pairs else 1))) for i, c in enumerate(exact)]
    points = [low + (high - low) * k / 500 for k in range(501)]

    def error(coefficients):
        worst = max(abs(result(x, polynomial(coefficients, x - about)) / result(x, f(x)) - 1) for x in points)
        return nstr(log(worst, 2), 4)

    note = f'degree {degree}, error 2^{error(exact)}, with rounded coefficients 2^{error(rounded)}'
    show(name, [part for c in exact[:pairs] for part in pieces(c, 2)] + exact[pairs:], note)


# e^t = 2^k 2^(j/16) e^r, e^r = 1 + r + r^2 c(r), |r| <= ln 2 / 32.
LN2 = log(mpf(2))
powers = [pieces(mpf(2)**(mpf(j) / 16), 1)[0] for j in range(16)]
show('exp: powers', powers)
show('exp: corrections', [LN2 * j / 16 - log(mpf(power)) for j, power in enumerate(powers)])
LARGEST = LN2 / 32 * mpf('1.0001')
fit('exp: c', lambda r: (exp(r) - 1 - r) / r**2 if abs(r) > 1e-12 else mpf(1) / 2 + r / 6,
    -LARGEST, LARGEST, 5, lambda r, c: 1 + r + r * r * c)

# ln(1 + e) = ln(1 + r) - ln c, 1 + r = c (1 + e), c about 1 / (1 + j/15) in ten bits.
inverses = [mpf(1)]
for j in range(1, 16):
    low, high = 1 + (j - mpf(1) / 2) / 15, min(2, 1 + (j + mpf(1) / 2) / 15)
    inverses.append(nint(2**11 / (low + high)) / 2**10)
logs = [pieces(-log(c), 2) for c in inverses]
show('log1p: inverses', inverses)
show('log1p: logarithms, high', [high for high, _ in logs])
show('log1p: logarithms, low', [low for _, low in logs])
show('log1p: q, its first term', [-mpf(1) / 2])
fit('log1p: q, the others',
    lambda r: (log1p(r) - r + r * r / 2) / r**3 if abs(r) > 1e-12 else mpf(1) / 3 - r / 4,
    -mpf(1) / 30 * mpf('1.001'), mpf(1) / 30 * mpf('1.001'), 7,
    lambda r, q: 1 - r / 2 + r * r * q)


# R(a) = e^(a^2/2) erfc(a / sqrt 2) / 2 and G(a) = (R(a) - a / sqrt(2 pi)) / (root - a), in 16 segments on [0, 38.7].
def half_erfcx(a):
    return exp(a * a / 2) * erfc(a / sqrt(mpf(2))) / 2


def gelu_g(a):
    if abs(a - GELU_ROOT) < mpf(10)**-20:
        a = GELU_ROOT + mpf(10)**-20
    return (half_erfcx(a) - a / sqrt(2 * pi)) / (GELU_ROOT - a)


def moved(coefficients, x):
    """The first two coefficients of a polynomial about x."""
    value = slope = mpf(0)
    for c in reversed(coefficients):
        slope = slope * x + value
        value = value * x + c
    return value, slope


def rounding(x):
    return abs(mpf(float(x)) / x - 1)


def fit_segments(name, f, degree):
    """Prints a row for the segments' centers and one for each coefficient; the columns' order is that of the numbers
    v = 1 + scale a by the last two bits of their exponents and the first two of their fractions. The centers are chosen
    near the middles so that the first coefficients are next to doubles."""
    columns, worst = {}, mpf(0)
    for octave, quarter in itertools.product(range(4), range(4)):
        low, high = ((mpf(2)**octave * (1 + mpf(q) / 4) - 1) / SCALE for q in (quarter, quarter + 1))
        middle = mpf(float((low + high) / 2))
        exact = interpolate(f, low, high, degree, middle)

        def badness(center):
            value, slope = moved(exact, center - middle)
            return max(rounding(value) * 2**62, rounding(slope) * 2**57)

        center = min((mpf(float(middle + middle * k * mpf(2)**-26)) for k in range(3000)), key=badness)
        c = [mpf(float(x)) for x in interpolate(f, low, high, degree, center)]
        for k in range(101):
            x = low + (high - low) * k / 100
            worst = max(worst, abs(polynomial(c, x - center) / f(x) - 1))
        columns[(octave + 3) % 4 * 4 + quarter] = [center, *c]
    show(f'{name}, in segments', [columns[j][i] for i in range(degree + 2) for j in range(16)],
         f'degree {degree}, error with rounded coefficients 2^{nstr(log(worst, 2), 4)}')


GELU_ROOT = findroot(lambda a: half_erfcx(a) - a / sqrt(2 * pi), mpf('0.75'))
SCALE = mpf(float(mpf(15) / mpf('38.70001')))
show('segments: scale', [SCALE])
fit_segments('halfErfcx', half_erfcx, 14)
fit_segments('gelu derivative: G', gelu_g, 14)
show('gelu derivative: root', pieces(GELU_ROOT, 3))

# w = c1 x + c3 x^3, GELU's tanh form being x / (1 + e^-w).
C1 = 2 * sqrt(2 / pi)
C3 = C1 * mpf('0.044715')
short = nint(C1 * 2**47) / 2**47
show('geluTanh: c1', pieces(C1, 1))
show('geluTanh: c1, in pieces', [short, C1 - short])
show('geluTanh: c3', pieces(C3, 2))
show('geluTanh derivative: 3 c3', pieces(3 * C3, 2))


def tanh_w(a):
    return a * (C1 + C3 * a * a)


# The other derivatives' roots, and e^-a, e^-w, e^x there.
root = findroot(lambda a: 1 + exp(-tanh_w(a)) - a * (C1 + 3 * C3 * a * a), mpf('0.7524'))
show('geluTanh derivative: root', pieces(root, 3))
show('geluTanh derivative: root^2', pieces(root**2, 2))
show('geluTanh derivative: e^-w(root)', pieces(exp(-tanh_w(root)), 2))
root = findroot(lambda a: 1 + exp(-a) - a, mpf('1.2784'))
show('silu derivative: root', pieces(root, 3))
show('silu derivative: e^-root', pieces(exp(-root), 2))
root = findroot(lambda x: ((exp(x) + 4) * exp(x) + 4 * x + 6) * exp(x) + 4 * (x + 1), mpf('-1.1924'))
e = exp(root)
show('mish derivative: root', pieces(root, 3))
show('mish derivative: e^root', pieces(e, 2))
show('mish derivative: e^root + 4', pieces(e + 4, 2))
show('mish derivative: e^(2 root) + 4 e^root + 6 + 4 root', pieces(e * e + 4 * e + 6 + 4 * root, 2))
