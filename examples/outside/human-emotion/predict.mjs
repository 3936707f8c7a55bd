// The emotion network of @vladmandic/human, with the whole picture as the face.
//
// The package's own answer goes through its face detector and is cut to two digits (Math.trunc(100 * score) / 100, at most
// 0.99, src/gear/emotion.ts), so that classes tie. Here the package loads its network, and the lines of src/gear/emotion.ts
// that prepare a face are repeated: resize to 64 pixels (bilinear, corners not aligned), grey by the weights 0.2989, 0.5870,
// 0.1140 (which sum to 0.9999: a grey picture gets a trace darker), range -1 to 1. The output is a softmax.
//
// emotion.json names oarriaga/face_classification as its origin. Its layers are those of big_XCEPTION there (src/models/cnn.py),
// not of mini_XCEPTION, which has less than a third of its parameters.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFolder, pixels, predict } from './contract.mjs';

const CLASSES = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral']; // src/gear/emotion.ts, one input channel
const GREY = [0.2989, 0.587, 0.114]; // src/tfjs/constants.ts

const home = packageFolder('@vladmandic/human');
// The package loads its models by an address. Node's fetch reads no files: this one reads those of the package.
globalThis.fetch = async (address) => new Response(readFileSync(join(home, 'models', address.split('/').pop())));
const { Human } = createRequire(import.meta.url)(join(home, 'dist/human.node-wasm.js'));

const off = { enabled: false };
const human = new Human({
  backend: 'wasm',
  wasmPath: join(packageFolder('@tensorflow/tfjs-backend-wasm'), 'dist/'),
  modelBasePath: 'http://models/',
  debug: false,
  face: { enabled: true, mesh: off, iris: off, description: off, emotion: { enabled: true } },
  body: off, hand: off, object: off, gesture: off,
});
await human.load();
const { tf, models: { models: { emotion } } } = human;

await predict(CLASSES, (file) => {
  const { width, height, data } = pixels(file);
  return tf.tidy(() => {
    const face = tf.div(tf.tensor(data, [1, height, width, 3], 'float32'), 255);
    const grey = tf.sum(tf.mul(tf.image.resizeBilinear(face, [64, 64], false), GREY), 3, true);
    return emotion.execute(tf.mul(tf.sub(grey, 0.5), 2)).dataSync();
  });
});
