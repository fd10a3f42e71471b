const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

function base32(bytes: Uint8Array): string {
  let [text, bits, count] = ["", 0, 0];
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 5; count -= 5) text += BASE32[(bits >> (count - 5)) & 31];
    bits &= 255;
  }
  return count > 0 ? text + BASE32[(bits << (5 - count)) & 31] : text;
}

function fromBase32(text: string): Uint8Array {
  const bytes: number[] = [];
  let [bits, count] = [0, 0];
  for (const letter of text) {
    const digit = BASE32.indexOf(letter);
    if (digit < 0) throw new Error(`${letter} is no letter of base32`);
    bits = ((bits << 5) | digit) & 0xfff;
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 255);
    }
  }
  if (count > 4 || (bits & ((1 << count) - 1)) !== 0) throw new Error("base32 that ends in the middle of a byte");
  return Uint8Array.from(bytes);
}

function utf8(text: string): number[] {
  const escaped = encodeURIComponent(text).matchAll(/%(..)|./g);
  return [...escaped].map(([whole, hex]) => (hex ? parseInt(hex, 16) : whole.charCodeAt(0)));
}

function fromUtf8(bytes: Uint8Array): string {
  return decodeURIComponent(Array.from(bytes, (byte) => "%" + byte.toString(16).padStart(2, "0")).join(""));
}

/** An amount or a whole number: empty for zero, else sign and magnitude. */
function bigintToBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 255n));
  if (bytes.length > 127) throw new Error(`${value} is larger than the wire can hold`);
  return Uint8Array.from(bytes.length === 0 ? [] : [value < 0n ? 1 : 0, ...bytes]);
}

function bigintFromBytes(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  if (bytes[0]! > 1) throw new Error(`${bytes[0]} is no sign of a number`);
  const magnitude = bytes.subarray(1).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
  return bytes[0] === 1 ? -magnitude : magnitude;
}

function varint(value: bigint): number[] {
  if (value < 0n || value >= 1n << 64n) throw new Error(`${value} is not from 0 to 2^64 - 1`);
  const bytes: number[] = [];
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return [...bytes, Number(value)];
}

/** The number and how many bytes it takes. */
function fromVarint(bytes: Uint8Array): [bigint, number] {
  const length = bytes.findIndex((byte) => byte < 128) + 1;
  if (length < 1 || length > 10) throw new Error("a number without end");
  return [bytes.subarray(0, length).reduceRight((number, byte) => (number << 7n) | BigInt(byte & 127), 0n), length];
}

/** The checksum in the text of an address. */
function checksum(protocol: number, prefix: number[], payload: Uint8Array): number[] {
  return blake2b(Uint8Array.from([protocol, ...prefix, ...payload]), 4);
}

function addressToBytes(text: string): Uint8Array {
  const wrong = (why: string) => new Error(`${text} is no address: ${why}`);
  const [, digit, rest] = /^[ft]([0-4])(.+)$/.exec(text) ?? [];
  if (digit === undefined || rest === undefined) throw wrong("write it as f01234");
  const protocol = Number(digit);
  if (protocol === 0) {
    if (!/^[0-9]{1,20}$/.test(rest)) throw wrong("write it as f01234");
    return Uint8Array.from([0, ...varint(BigInt(rest))]);
  }
  let [prefix, encoded]: [number[], string] = [[], rest];
  if (protocol === 4) {
    const [, namespace, subaddress] = /^([0-9]{1,20})f(.*)$/.exec(rest) ?? [];
    if (namespace === undefined || subaddress === undefined) throw wrong("write it as f410f…");
    [prefix, encoded] = [varint(BigInt(namespace)), subaddress];
  }
  const bytes = fromBase32(encoded);
  const payload = bytes.subarray(0, -4);
  const lengths = [[], [20], [20], [48], Array.from({ length: 55 }, (_, length) => length)][protocol]!;
  if (bytes.length < 4 || !lengths.includes(payload.length)) throw wrong("its length is wrong");
  const sum = checksum(protocol, prefix, payload);
  if (!sum.every((byte, at) => byte === bytes[payload.length + at])) throw wrong("its checksum is wrong");
  return Uint8Array.from([protocol, ...prefix, ...payload]);
}

function addressFromBytes(bytes: Uint8Array): string {
  const [protocol, payload] = [bytes[0], bytes.subarray(1)];
  if (protocol === undefined || protocol > 4 || payload.length === 0) throw new Error("bytes that are no address");
  if (protocol === 0) return `f0${fromVarint(payload)[0]}`;
  const prefix = protocol === 4 ? fromVarint(payload) : undefined;
  const hash = payload.subarray(prefix?.[1] ?? 0);
  const sum = checksum(protocol, prefix ? varint(prefix[0]) : [], hash);
  return `f${protocol}${prefix ? `${prefix[0]}f` : ""}${base32(Uint8Array.from([...hash, ...sum]))}`;
}

function cidToBytes(text: string): Uint8Array {
  const bytes = fromBase32(text.slice(1));
  if (text[0] !== "b" || bytes[0] !== 1) throw new Error(`${text} is no CID of version 1 in base32 (bafy…)`);
  return bytes;
}

function cidFromBytes(bytes: Uint8Array): string {
  if (bytes[0] !== 1) throw new Error("expected a CID of version 1");
  return "b" + base32(bytes);
}

const BLAKE2B_IV = [
  0x6a09e667f3bcc908n, 0xbb67ae8584caa73bn, 0x3c6ef372fe94f82bn, 0xa54ff53a5f1d36f1n,
  0x510e527fade682d1n, 0x9b05688c2b3e6c1fn, 0x1f83d9abfb41bd6bn, 0x5be0cd19137e2179n,
];

const BLAKE2B_SIGMA = [
  "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
  "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
];

/** BLAKE2b (RFC 7693) without key; `size` bytes of digest. */
function blake2b(input: Uint8Array, size: number): number[] {
  const word = (value: bigint) => BigInt.asUintN(64, value);
  const turn = (value: bigint, by: bigint) => word((value >> by) | (value << (64n - by)));
  const state = [...BLAKE2B_IV];
  state[0]! ^= 0x01010000n ^ BigInt(size);
  const blocks = Math.max(1, Math.ceil(input.length / 128));
  for (let block = 0; block < blocks; block++) {
    const isLast = block === blocks - 1;
    const part = new Uint8Array(128);
    part.set(input.subarray(block * 128, (block + 1) * 128));
    const view = new DataView(part.buffer);
    const message = Array.from({ length: 16 }, (_, at) => view.getBigUint64(at * 8, true));
    const v = [...state, ...BLAKE2B_IV];
    v[12]! ^= BigInt(isLast ? input.length : (block + 1) * 128);
    if (isLast) v[14] = word(~v[14]!);
    const mix = (a: number, b: number, c: number, d: number, x: bigint, y: bigint) => {
      v[a] = word(v[a]! + v[b]! + x);
      v[d] = turn(v[d]! ^ v[a]!, 32n);
      v[c] = word(v[c]! + v[d]!);
      v[b] = turn(v[b]! ^ v[c]!, 24n);
      v[a] = word(v[a]! + v[b]! + y);
      v[d] = turn(v[d]! ^ v[a]!, 16n);
      v[c] = word(v[c]! + v[d]!);
      v[b] = turn(v[b]! ^ v[c]!, 63n);
    };
    for (let round = 0; round < 12; round++) {
      const order = [...BLAKE2B_SIGMA[round % 10]!].map((digit) => message[parseInt(digit, 16)]!);
      for (let at = 0; at < 4; at++) mix(at, at + 4, at + 8, at + 12, order[2 * at]!, order[2 * at + 1]!);
      for (let at = 0; at < 4; at++) {
        mix(at, ((at + 1) % 4) + 4, ((at + 2) % 4) + 8, ((at + 3) % 4) + 12, order[8 + 2 * at]!, order[9 + 2 * at]!);
      }
    }
    for (let at = 0; at < 8; at++) state[at]! ^= v[at]! ^ v[at + 8]!;
  }
  return Array.from({ length: size }, (_, at) => Number((state[at >> 3]! >> BigInt(8 * (at & 7))) & 255n));
}
