// A tiny baseline JPEG encoder: grey, one flat level per 8x8 block, enough for a picture that says when it was taken.
const ROWS = { // three columns by five rows per sign
  0: [7, 5, 5, 5, 7], 1: [2, 6, 2, 2, 7], 2: [7, 1, 7, 4, 7], 3: [7, 1, 7, 1, 7], 4: [5, 5, 7, 1, 1],
  5: [7, 4, 7, 1, 7], 6: [7, 4, 7, 5, 7], 7: [7, 1, 1, 2, 2], 8: [7, 5, 7, 5, 7], 9: [7, 5, 7, 1, 7],
  '-': [0, 0, 7, 0, 0], ':': [0, 2, 0, 2, 0],
};
const DC_COUNTS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]; // the usual luminance table
const DC_CODES = []; // category -> [code, length]
for (let length = 1, code = 0, k = 0; length <= 16; length++, code <<= 1) {
  for (let i = 0; i < DC_COUNTS[length - 1]; i++) DC_CODES[k++] = [code++, length];
}
const seg = (marker, bytes) => [0xff, marker, (bytes.length + 2) >> 8, (bytes.length + 2) & 255, ...bytes];

export function jpeg(width, height, lines, scale, noise) {
  const bw = Math.ceil(width / 8), bh = Math.ceil(height / 8);
  const grid = new Uint8Array(bw * bh);
  let r = noise | 1;
  for (let i = 0; i < grid.length; i++) {
    r = (Math.imul(r, 1103515245) + 12345) & 0x7fffffff;
    const y = Math.floor(i / bw) / bh;
    grid[i] = (y < 0.4 ? 150 - 60 * y : 70 + 40 * y) + ((r >> 16) % 24);
  }
  lines.forEach((text, n) => [...text].forEach((sign, at) => {
    for (let y = 0; y < 5 * scale; y++) for (let x = 0; x < 3 * scale; x++) {
      if (!(ROWS[sign][Math.floor(y / scale)] >> (2 - Math.floor(x / scale)) & 1)) continue;
      const gx = (2 + at * 4) * scale + x, gy = (2 + n * 7) * scale + y;
      if (gx < bw && gy < bh) grid[gy * bw + gx] = 245;
    }
  }));
  const data = [];
  let acc = 0, bits = 0, before = 0;
  const put = (value, length) => {
    for (let i = length - 1; i >= 0; i--) {
      acc = (acc << 1) | ((value >> i) & 1);
      if (++bits === 8) { data.push(acc); if (acc === 255) data.push(0); acc = bits = 0; }
    }
  };
  for (const level of grid) {
    const diff = level - 128 - before; // quantiser 8: the DC coefficient is the level itself
    before = level - 128;
    const size = diff ? 32 - Math.clz32(Math.abs(diff)) : 0;
    put(...DC_CODES[size]);
    if (size) put(diff > 0 ? diff : diff + (1 << size) - 1, size);
    put(0, 1); // end of block, the only AC code
  }
  while (bits) put(1, 1);
  return Buffer.from([
    0xff, 0xd8, ...seg(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
    ...seg(0xdb, [0, ...Array(64).fill(8)]),
    ...seg(0xc0, [8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]),
    ...seg(0xc4, [0, ...DC_COUNTS, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    ...seg(0xc4, [0x10, 1, ...Array(15).fill(0), 0]),
    ...seg(0xda, [1, 1, 0, 0, 63, 0]), ...data, 0xff, 0xd9,
  ]);
}
