// A network of one hidden layer: 784 pixels, HIDDEN units with an activation, 10 digits. Plain JavaScript, but for the
// activation.

const PIXELS = 784;
const HIDDEN = 128;
const DIGITS = 10;

/** Reproducible numbers in [0, 1). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** `out = x w + bias`, of `rows` rows. */
function affine(x, rows, inputs, w, bias, outputs) {
  const out = new Float32Array(rows * outputs);
  for (let r = 0; r < rows; r++) {
    const row = out.subarray(r * outputs, (r + 1) * outputs);
    row.set(bias);
    for (let i = 0; i < inputs; i++) {
      const value = x[r * inputs + i];
      if (value === 0) continue; // most pixels
      const weights = w.subarray(i * outputs, (i + 1) * outputs);
      for (let j = 0; j < outputs; j++) row[j] += value * weights[j];
    }
  }
  return out;
}

/** The gradients of w and bias, given that of affine's result. */
function affineGradients(x, rows, inputs, grad, outputs) {
  const w = new Float32Array(inputs * outputs);
  const bias = new Float32Array(outputs);
  for (let r = 0; r < rows; r++) {
    const row = grad.subarray(r * outputs, (r + 1) * outputs);
    for (let j = 0; j < outputs; j++) bias[j] += row[j];
    for (let i = 0; i < inputs; i++) {
      const value = x[r * inputs + i];
      if (value === 0) continue;
      const weights = w.subarray(i * outputs, (i + 1) * outputs);
      for (let j = 0; j < outputs; j++) weights[j] += value * row[j];
    }
  }
  return { w, bias };
}

/** Softmax's probabilities minus the labels', over the number of rows: the gradient of the loss. */
function lossGradient(logits, labels) {
  const grad = new Float32Array(logits.length);
  for (let r = 0; r < labels.length; r++) {
    const row = logits.subarray(r * DIGITS, (r + 1) * DIGITS);
    const most = Math.max(...row);
    const powers = Array.from(row, (value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b);
    powers.forEach((power, j) => {
      grad[r * DIGITS + j] = (power / sum - (labels[r] === j ? 1 : 0)) / labels.length;
    });
  }
  return grad;
}

class Adam {
  #step = 0;
  #moments = new Map();

  update(parameters, gradients, rate = 0.002) {
    this.#step++;
    const [b1, b2] = [1 - 0.9 ** this.#step, 1 - 0.999 ** this.#step];
    for (const [name, p] of Object.entries(parameters)) {
      if (!this.#moments.has(name)) this.#moments.set(name, [new Float32Array(p.length), new Float32Array(p.length)]);
      const [m, v] = this.#moments.get(name);
      const g = gradients[name];
      for (let i = 0; i < p.length; i++) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
        p[i] -= (rate * (m[i] / b1)) / (Math.sqrt(v[i] / b2) + 1e-8);
      }
    }
  }
}

export class Network {
  #adam = new Adam();
  #activation;

  /** @param activation `forward(x)`, `backward(grad, x)` of Float32Arrays. */
  constructor(activation) {
    this.#activation = activation;
    const next = random(7);
    const weights = (inputs, outputs) =>
      Float32Array.from({ length: inputs * outputs }, () => (next() - 0.5) * 2 * Math.sqrt(3 / inputs));
    this.parameters = {
      w1: weights(PIXELS, HIDDEN),
      b1: new Float32Array(HIDDEN),
      w2: weights(HIDDEN, DIGITS),
      b2: new Float32Array(DIGITS),
    };
  }

  #forward(pixels, rows) {
    const { w1, b1, w2, b2 } = this.parameters;
    const before = affine(pixels, rows, PIXELS, w1, b1, HIDDEN);
    const hidden = this.#activation.forward(before);
    return { before, hidden, logits: affine(hidden, rows, HIDDEN, w2, b2, DIGITS) };
  }

  train(pixels, labels) {
    const rows = labels.length;
    const { before, hidden, logits } = this.#forward(pixels, rows);
    const grad = lossGradient(logits, labels);
    const { w: w2, bias: b2 } = affineGradients(hidden, rows, HIDDEN, grad, DIGITS);
    const gradHidden = new Float32Array(rows * HIDDEN);
    for (let r = 0; r < rows; r++) {
      for (let i = 0; i < HIDDEN; i++) {
        let sum = 0;
        for (let j = 0; j < DIGITS; j++) sum += grad[r * DIGITS + j] * this.parameters.w2[i * DIGITS + j];
        gradHidden[r * HIDDEN + i] = sum;
      }
    }
    const gradBefore = this.#activation.backward(gradHidden, before);
    const { w: w1, bias: b1 } = affineGradients(pixels, rows, PIXELS, gradBefore, HIDDEN);
    this.#adam.update(this.parameters, { w1, b1, w2, b2 });
  }

  /** The digit that each row looks like most. */
  predict(pixels, rows) {
    const { logits } = this.#forward(pixels, rows);
    return Array.from({ length: rows }, (_, r) => {
      const row = logits.subarray(r * DIGITS, (r + 1) * DIGITS);
      return row.indexOf(Math.max(...row));
    });
  }
}
