// TensorFlow.js on its wasm backend as a peer of the benchmarks. Each form as its users write it; one thread in Node.

import '@tensorflow/tfjs-backend-wasm';
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { serve } from './serve.mjs';

const { version } = createRequire(import.meta.url)('@tensorflow/tfjs-core/package.json');

const FORMS = {
  gelu: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
  geluTanh: (x) =>
    tf.mul(
      tf.mul(x, 0.5),
      tf.add(tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.mul(x, x)))))), 1),
    ),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  softplus: (x) => tf.softplus(x),
};

await tf.setBackend('wasm');
const supported = [];
for (const [name, form] of Object.entries(FORMS)) {
  try {
    form(tf.tensor1d([1])).dataSync();
    supported.push(name);
  } catch {
    // no kernel for it in this backend
  }
}

await serve({
  describe: () => ({
    name: 'TensorFlow.js',
    version,
    note: `${tf.getBackend()}, allocates`,
    forms: supported,
    dtypes: ['float32'],
    inPlace: 'never',
  }),
  async call({ form }, x) {
    const input = tf.tensor1d(x);
    return () => {
      const y = tf.tidy(() => FORMS[form](input));
      const data = y.dataSync();
      y.dispose();
      return data;
    };
  },
});
