// What every predict.mjs shares: as contract.py beside it, for Node.
//
//   node predict.mjs FACES OUT.csv

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const EVERY = 32; // faces between two lines of progress

// The folder of a package that the script which was started has installed, with a slash at its end.
export function packageFolder(name) {
  const installed = createRequire(process.argv[1]);
  const folder = installed.resolve.paths(name).map((each) => join(each, name, '/'));
  return folder.find((each) => { try { readFileSync(join(each, 'package.json')); return true; } catch { return false; } });
}

// The pixels of a PNG: {width, height, data}, data a Uint8Array with red, green, blue for each pixel.
export function pixels(file) {
  const { PNG } = createRequire(process.argv[1])('pngjs');
  const { width, height, data } = PNG.sync.read(readFileSync(file));
  return { width, height, data: data.filter((_, place) => place % 4 < 3) };
}

// Write the answers for the faces of the command line. answer: from the path of a picture to its probabilities, in the
// order of classes.
export async function predict(classes, answer) {
  const [folder, out] = process.argv.slice(2);
  if (process.argv.length !== 4) throw new Error('usage: predict.mjs FACES OUT.csv');
  const faces = readFileSync(join(folder, 'ids.csv'), 'utf8').trimEnd().split(/\r?\n/).slice(1).map((line) => line.split(','));
  const lines = [['id', ...classes].join(',')];
  for (const [place, [id, file]] of faces.entries()) {
    const scores = [...await answer(join(folder, file))];
    if (scores.length !== classes.length) throw new Error(`${file}: ${scores.length} scores for ${classes.length} classes`);
    lines.push([id, ...scores.map((score) => String(Number(score.toPrecision(9))))].join(','));
    if ((place + 1) % EVERY === 0 || place + 1 === faces.length) console.log(`done ${place + 1}`);
  }
  writeFileSync(out, lines.join('\n') + '\n');
}
