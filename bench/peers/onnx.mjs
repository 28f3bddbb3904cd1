// An ONNX model of one operator, y = op(x), as the bytes of its protocol buffer.

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}
const integer = (field, value) => [...varint(field * 8), ...varint(value)];
const bytes = (field, value) => [...varint(field * 8 + 2), ...varint(value.length), ...value];
const text = (field, value) => bytes(field, [...Buffer.from(value)]);
const float = (field, value) => [...varint(field * 8 + 5), ...new Uint8Array(Float32Array.of(value).buffer)];

const FLOAT = 1;

// AttributeProto: name, type, and the value by its type.
function attribute(name, value) {
  return typeof value === 'string'
    ? [...text(1, name), ...integer(20, 3), ...text(4, value)]
    : [...text(1, name), ...integer(20, 1), ...float(2, value)];
}

// ValueInfoProto of a one-dimensional tensor of float32, of any length.
function tensor(name) {
  const shape = bytes(1, text(2, 'n'));
  return [...text(1, name), ...bytes(2, bytes(1, [...integer(1, FLOAT), ...bytes(2, shape)]))];
}

/** A ModelProto for the operator `type` of `domain`. */
export function activationModel({ type, domain = '', attributes = {} }) {
  const node = [
    ...text(1, 'x'),
    ...text(2, 'y'),
    ...text(4, type),
    ...Object.entries(attributes).flatMap(([name, value]) => bytes(5, attribute(name, value))),
    ...text(7, domain),
  ];
  const graph = [...bytes(1, node), ...text(2, 'activation'), ...bytes(11, tensor('x')), ...bytes(12, tensor('y'))];
  const opset = (name, version) => bytes(8, [...text(1, name), ...integer(2, version)]);
  return Uint8Array.from([
    ...integer(1, 8),
    ...bytes(7, graph),
    ...opset('', 20),
    ...(domain === '' ? [] : opset(domain, 1)),
  ]);
}
