/** A set of numbers as ranges `[start, length]`, in order and apart. */
export type Ranges = [start: bigint, length: bigint][];

/** RLE+: two bits of version, the first bit, then runs of equal bits, each at least one long. */
function bitfieldToBytes(ranges: Ranges): Uint8Array {
  if (ranges.length === 0) return new Uint8Array();
  const bits: number[] = [0, 0, ranges[0]![0] === 0n ? 1 : 0];
  const push = (value: number, count: number) => {
    for (let at = 0; at < count; at++) bits.push((value >> at) & 1);
  };
  const run = (length: bigint) => {
    if (length === 1n) return push(1, 1);
    if (length < 16n) return push(2 | (Number(length) << 2), 6);
    push(0, 2);
    for (const byte of varint(length)) push(byte, 8);
  };
  let end = 0n;
  ranges.forEach(([start, length], at) => {
    if (length < 1n || start < end || (at > 0 && start === end)) throw new Error("ranges are in order and apart, none empty");
    if (start > end) run(start - end);
    run(length);
    end = start + length;
  });
  if (end >= 1n << 64n) throw new Error("numbers of a set are below 2^64 - 1");
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, at) => (bytes[at >> 3]! |= bit << (at & 7)));
  let size = bytes.length;
  while (size > 0 && bytes[size - 1] === 0) size -= 1;
  return bytes.slice(0, size);
}

function bitfieldFromBytes(bytes: Uint8Array): Ranges {
  const size = bytes.length * 8;
  let at = 0;
  const take = (count: number): number => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, at++) value |= (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) << bit;
    return value;
  };
  const hasMore = (): boolean => {
    const rest = bytes.subarray(at >> 3);
    return rest.some((byte, index) => (index === 0 ? byte >> (at & 7) : byte) !== 0);
  };
  if (take(2) !== 0) throw new Error("a set of an unknown version");
  let isSet = take(1) === 1;
  const ranges: Ranges = [];
  for (let start = 0n; at < size && hasMore(); isSet = !isSet) {
    let length = 1n;
    if (take(1) === 0) {
      if (take(1) === 1) length = BigInt(take(4));
      else {
        const number: number[] = [];
        do number.push(take(8));
        while (number[number.length - 1]! > 127 && number.length < 10);
        length = fromVarint(Uint8Array.from(number))[0];
      }
    }
    if (isSet) ranges.push([start, length]);
    start += length;
  }
  return ranges;
}
