// ONNX models of one node, as bytes: as much of protobuf as that takes.

const FLOAT = 1;

function varint(n) {
  const bytes = [];
  for (let rest = n; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const integer = (field, value) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field, value) => Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
const text = (field, value) => bytes(field, Buffer.from(value));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

/** A float32 matrix whose sizes may be any. */
function matrix(field, name) {
  const dimension = (size) => message(1, text(2, size));
  const shape = message(2, dimension(`${name}_rows`), dimension(`${name}_columns`));
  return message(field, text(1, name), message(2, message(1, integer(1, FLOAT), shape)));
}

/** The model whose output `y` is what one operator makes of its inputs. */
export function model(operator, inputs) {
  const node = message(1, ...inputs.map((name) => text(1, name)), text(2, 'y'), text(4, operator));
  const graph = message(7, node, text(2, operator), ...inputs.map((name) => matrix(11, name)), matrix(12, 'y'));
  return Buffer.concat([integer(1, 9), message(8, text(1, ''), integer(2, 20)), graph]);
}
