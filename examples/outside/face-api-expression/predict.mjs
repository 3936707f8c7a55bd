// faceExpressionNet of @vladmandic/face-api, with the whole picture as the face: nets.faceExpressionNet.predictExpressions,
// the package's own call for a face that is cut out already. It wants red, green, blue from 0 to 255; it resizes to 112 pixels
// (bilinear) and subtracts the mean colour itself. Its weights are stored in 8 bits.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFolder, pixels, predict } from './contract.mjs';

const home = packageFolder('@vladmandic/face-api');
const require = createRequire(import.meta.url);
const faceapi = require(join(home, 'dist/face-api.node-wasm.js'));
require('@tensorflow/tfjs-backend-wasm').setWasmPaths(join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist/'));
await faceapi.tf.setBackend('wasm');
await faceapi.tf.ready();

const network = faceapi.nets.faceExpressionNet;
// loadFromDisk is the package's call in Node.
await network.loadFromDisk(join(home, 'model'));

await predict(faceapi.FACE_EXPRESSION_LABELS, async (file) => {
  const { width, height, data } = pixels(file);
  const face = faceapi.tf.tensor3d(data, [height, width, 3], 'int32');
  const scores = await network.predictExpressions(face);
  face.dispose();
  return faceapi.FACE_EXPRESSION_LABELS.map((name) => scores[name]);
});
