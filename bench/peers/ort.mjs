// ONNX Runtime as a peer of the benchmarks. Its calls allocate their outputs; there is no other way from Node.

import { createRequire } from 'node:module';
import * as ort from 'onnxruntime-node';
import { activationModel } from './onnx.mjs';
import { serve } from './serve.mjs';

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json');

const OPERATORS = {
  gelu: { type: 'Gelu', attributes: { approximate: 'none' } },
  geluTanh: { type: 'Gelu', attributes: { approximate: 'tanh' } },
  silu: { type: 'QuickGelu', domain: 'com.microsoft', attributes: { alpha: 1 } }, // x sigmoid(x), in one operator
  mish: { type: 'Mish' },
  softplus: { type: 'Softplus' },
};

await serve({
  describe: () => ({
    name: 'ONNX Runtime',
    version,
    note: 'allocates',
    forms: Object.keys(OPERATORS),
    dtypes: ['float32'],
    threaded: true,
    inPlace: 'never',
  }),
  async call({ form, threads }, x) {
    const session = await ort.InferenceSession.create(activationModel(OPERATORS[form]), {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
    });
    const feeds = { x: new ort.Tensor('float32', x, [x.length]) };
    return async () => (await session.run(feeds)).y.data;
  },
});
