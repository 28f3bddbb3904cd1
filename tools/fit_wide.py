#!/usr/bin/env python3
"""Computes the constants of native/wide.h and native/wide_activations.h, and of their twins in lib/.

Prints each as the hex floats of the C++ source and, with --ts, as the decimals of the TypeScript source; a comment
tells a polynomial's error, relative to the function it serves. Needs mpmath. Takes about ten seconds.
"""
import sys

from mpmath import atanh, cos, erfc, exp, findroot, log, lu_solve, matrix, mp, mpf, nstr, pi, sqrt

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


# e^r = 1 + r + r^2/2 + r^3 q(r), |r| <= ln 2 / 2.
LN2 = log(mpf(2))
high = mpf(int(LN2 * 2**42)) / 2**42
show('ln 2: high (42 bits), low', [high, LN2 - high])
fit('exp: q', lambda r: (exp(r) - 1 - r - r * r / 2) / r**3 if abs(r) > 1e-12 else mpf(1) / 6 + r / 24,
    -LN2 / 2 * mpf('1.0001'), LN2 / 2 * mpf('1.0001'), 9, lambda r, q: 1 + r + r * r / 2 + r**3 * q)

# ln(1 + e) = 2 atanh(s) = 2 s (1 + z A(z)), z = s^2.
fit('log1p: A', lambda z: (atanh(sqrt(z)) / sqrt(z) - 1) / z if z > 1e-18 else mpf(1) / 3 + z / 5,
    0, mpf(1) / 9, 10, lambda z, a: 1 + z * a, pairs=1)


# R(a) = e^(a^2/2) erfc(a / sqrt 2) / 2 = s F(s - 183/1024), s = 1 / (a + shift), and
# G(a) = (R(a) - a / sqrt(2 pi)) / (root - a), in the same variable.
def half_erfcx(a):
    return exp(a * a / 2) * erfc(a / sqrt(mpf(2))) / 2


def gelu_g(a):
    if abs(a - GELU_ROOT) < mpf(10)**-20:
        a = GELU_ROOT + mpf(10)**-20
    return (half_erfcx(a) - a / sqrt(2 * pi)) / (GELU_ROOT - a)


GELU_ROOT = findroot(lambda a: half_erfcx(a) - a / sqrt(2 * pi), mpf('0.75'))
LARGEST, SHIFT, MIDDLE = mpf('38.7'), mpf(3), mpf(183) / 1024
for name, f, degree in (('halfErfcx: F', lambda s: half_erfcx(1 / s - SHIFT) / s, 27),
                        ('gelu derivative: G', lambda s: gelu_g(1 / s - SHIFT), 25)):
    fit(name, f, 1 / (LARGEST + SHIFT), 1 / SHIFT, degree, about=MIDDLE, pairs=4)
show('gelu derivative: root', pieces(GELU_ROOT, 3))

# w = c1 x + c3 x^3, GELU's tanh form being x / (1 + e^-w).
C1 = 2 * sqrt(2 / pi)
C3 = C1 * mpf('0.044715')
show('geluTanh: c1', pieces(C1, 2))
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
