/** Writes and reads values of one type as DAG-CBOR. */
export interface Codec<T> {
  write(out: Writer, value: T): void;
  read(input: Reader): T;
}

/** A call of a method: what a message needs, and how to read its result. */
export interface Call<R> {
  /** The address of the actor. */
  to: string;
  /** The method number. */
  method: bigint;
  /** The block of parameters in DAG-CBOR; undefined when there is none. */
  params: Uint8Array | undefined;
  /** attoFIL to send along. */
  value: bigint;
  /** The return value, from the bytes in the receipt. */
  decode(result: Uint8Array | undefined): R;
}

/** A link within a free-form value. */
export class Link {
  readonly cid: string;

  constructor(cid: string) {
    this.cid = cid;
  }
}

/** A free-form value. Integers are bigint when read; a number without fraction is written as an integer. */
export type Any = null | boolean | number | bigint | string | Uint8Array | Link | Any[] | Map<Any, Any>;

/** Collects CBOR. */
export class Writer {
  private readonly parts: number[] = [];

  head(major: number, argument: bigint | number): void {
    let rest = BigInt(argument);
    const size = rest < 24n ? 0 : rest < 1n << 8n ? 1 : rest < 1n << 16n ? 2 : rest < 1n << 32n ? 4 : 8;
    this.parts.push((major << 5) | (size === 0 ? Number(rest) : 24 + Math.log2(size)));
    const bytes: number[] = [];
    for (let at = 0; at < size; at++, rest >>= 8n) bytes.unshift(Number(rest & 255n));
    this.push(bytes);
  }

  push(bytes: ArrayLike<number>): void {
    for (let at = 0; at < bytes.length; at++) this.parts.push(bytes[at]!);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.parts);
  }
}

/** Reads CBOR. */
export class Reader {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  take(length: bigint | number): Uint8Array {
    if (BigInt(this.bytes.length - this.at) < BigInt(length)) throw new Error("CBOR ends in the middle of a value");
    this.at += Number(length);
    return this.bytes.subarray(this.at - Number(length), this.at);
  }

  head(): { major: number; low: number; argument: bigint } {
    const first = this.take(1)[0]!;
    const low = first & 31;
    if (low > 27) throw new Error(`CBOR without a length at byte ${this.at - 1}`);
    let argument = BigInt(low);
    if (low > 23) argument = this.take(2 ** (low - 24)).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
    return { major: first >> 5, low, argument };
  }

  expect(major: number, what: string): bigint {
    const at = this.at;
    const head = this.head();
    if (head.major !== major) throw new Error(`expected ${what} at byte ${at}`);
    return head.argument;
  }

  /** Whether null stands here; reads it if so. */
  isNull(): boolean {
    if (this.bytes[this.at] !== 0xf6) return false;
    this.at += 1;
    return true;
  }

  end(): void {
    if (this.at < this.bytes.length) throw new Error(`${this.bytes.length - this.at} bytes after the end of the value`);
  }
}

function integer(least: bigint, most: bigint): Codec<bigint> {
  const check = (value: bigint): bigint => {
    if (value < least || value > most) throw new Error(`${value} is not from ${least} to ${most}`);
    return value;
  };
  return {
    write(out, value) {
      check(value);
      if (value < 0n) out.head(1, -1n - value);
      else out.head(0, value);
    },
    read(input) {
      const { major, argument } = input.head();
      if (major > 1) throw new Error(`expected an integer before byte ${input.at}`);
      return check(major === 0 ? argument : -1n - argument);
    },
  };
}

function small(least: number, most: number): Codec<number> {
  const wide = integer(BigInt(least), BigInt(most));
  return convert(wide, Number, (value: number) => BigInt(value));
}

/** A codec of `T` by one of `U`. */
function convert<T, U>(inner: Codec<U>, from: (value: U) => T, to: (value: T) => U): Codec<T> {
  return {
    write: (out, value) => inner.write(out, to(value)),
    read: (input) => from(inner.read(input)),
  };
}

const bytes: Codec<Uint8Array> = {
  write(out, value) {
    out.head(2, value.length);
    out.push(value);
  },
  read: (input) => input.take(input.expect(2, "bytes")).slice(),
};

const string: Codec<string> = {
  write(out, value) {
    const encoded = utf8(value);
    out.head(3, encoded.length);
    out.push(encoded);
  },
  read: (input) => fromUtf8(input.take(input.expect(3, "text"))),
};

const cid: Codec<string> = {
  write(out, value) {
    out.head(6, 42);
    bytes.write(out, Uint8Array.from([0, ...cidToBytes(value)]));
  },
  read(input) {
    if (input.expect(6, "a link") !== 42n) throw new Error(`expected a link before byte ${input.at}`);
    return cidFromBytes(bytes.read(input).subarray(1));
  },
};

const any: Codec<Any> = {
  write(out, value) {
    if (value === null) out.push([0xf6]);
    else if (typeof value === "boolean") out.push([value ? 0xf5 : 0xf4]);
    else if (typeof value === "bigint") integer(-(1n << 64n), (1n << 64n) - 1n).write(out, value);
    else if (typeof value === "number" && Number.isSafeInteger(value)) any.write(out, BigInt(value));
    else if (typeof value === "number") {
      const view = new DataView(new ArrayBuffer(9));
      view.setUint8(0, 0xfb);
      view.setFloat64(1, value);
      out.push(new Uint8Array(view.buffer));
    } else if (typeof value === "string") string.write(out, value);
    else if (value instanceof Uint8Array) bytes.write(out, value);
    else if (value instanceof Link) cid.write(out, value.cid);
    else if (Array.isArray(value)) list(any).write(out, value);
    else btree(any, any).write(out, value);
  },
  read(input) {
    if (input.isNull()) return null;
    const at = input.at;
    const { major, low, argument } = input.head();
    if (major === 7) {
      if (low === 20 || low === 21) return low === 21;
      const view = new DataView(new ArrayBuffer(8));
      view.setBigUint64(0, low === 27 ? argument : argument << 32n);
      if (low === 26) return view.getFloat32(0);
      if (low === 27) return view.getFloat64(0);
      throw new Error(`expected a DAG-CBOR value at byte ${at}`);
    }
    input.at = at;
    if (major < 2) return integer(-(1n << 64n), (1n << 64n) - 1n).read(input);
    if (major === 2) return bytes.read(input);
    if (major === 3) return string.read(input);
    if (major === 4) return list(any).read(input);
    if (major === 5) return btree(any, any).read(input);
    return new Link(cid.read(input));
  },
};

function list<T>(item: Codec<T>): Codec<T[]> {
  return {
    write(out, values) {
      out.head(4, values.length);
      for (const value of values) item.write(out, value);
    },
    read(input) {
      const values: T[] = [];
      for (let left = input.expect(4, "an array"); left > 0n; left--) values.push(item.read(input));
      return values;
    },
  };
}

function btree<K, V>(key: Codec<K>, value: Codec<V>): Codec<Map<K, V>> {
  return {
    write(out, map) {
      const entries = [...map].map(([k, v]) => {
        const entry = new Writer();
        key.write(entry, k);
        value.write(entry, v);
        return entry.finish();
      });
      entries.sort((a, b) => {
        const at = a.findIndex((byte, index) => byte !== b[index]);
        return at < 0 ? 0 : a[at]! - (b[at] ?? -1);
      });
      out.head(5, entries.length);
      for (const entry of entries) out.push(entry);
    },
    read(input) {
      const map = new Map<K, V>();
      for (let left = input.expect(5, "a map"); left > 0n; left--) map.set(key.read(input), value.read(input));
      return map;
    },
  };
}

/** Codecs by the names of the schema, and ways to put them together. */
export const cbor = {
  unit: {
    write: (out, _) => out.push([0xf6]),
    read(input) {
      if (!input.isNull()) throw new Error(`expected null at byte ${input.at}`);
      return null;
    },
  } as Codec<null>,
  bool: {
    write: (out, value) => out.push([value ? 0xf5 : 0xf4]),
    read(input) {
      const byte = input.take(1)[0]!;
      if (byte !== 0xf4 && byte !== 0xf5) throw new Error(`expected a boolean before byte ${input.at}`);
      return byte === 0xf5;
    },
  } as Codec<boolean>,
  u8: small(0, 2 ** 8 - 1),
  u16: small(0, 2 ** 16 - 1),
  u32: small(0, 2 ** 32 - 1),
  u64: integer(0n, (1n << 64n) - 1n),
  i8: small(-(2 ** 7), 2 ** 7 - 1),
  i16: small(-(2 ** 15), 2 ** 15 - 1),
  i32: small(-(2 ** 31), 2 ** 31 - 1),
  i64: integer(-(1n << 63n), (1n << 63n) - 1n),
  string,
  bytes,
  address: convert(bytes, addressFromBytes, addressToBytes),
  bigint: convert(bytes, bigintFromBytes, bigintToBytes),
  cid,
  bitfield: convert(bytes, bitfieldFromBytes, bitfieldToBytes),
  any,
  list,
  btree,

  option<T>(inner: Codec<T>): Codec<T | null> {
    return {
      write: (out, value) => (value === null ? out.push([0xf6]) : inner.write(out, value)),
      read: (input) => (input.isNull() ? null : inner.read(input)),
    };
  },

  /** A struct: its fields in the order of the wire. */
  tuple<T extends object>(...fields: { [K in keyof T]: [K, Codec<T[K]>] }[keyof T][]): Codec<T> {
    return {
      write(out, value) {
        out.head(4, fields.length);
        for (const [name, codec] of fields) codec.write(out, value[name]);
      },
      read(input) {
        const length = input.expect(4, "an array");
        if (length !== BigInt(fields.length)) throw new Error(`expected ${fields.length} fields, found ${length}`);
        return Object.fromEntries(fields.map(([name, codec]) => [name, codec.read(input)])) as T;
      },
    };
  },

  /** A struct without names. */
  positional<T extends unknown[]>(...fields: { [K in keyof T]: Codec<T[K]> }): Codec<T> {
    return {
      write(out, value) {
        out.head(4, fields.length);
        fields.forEach((codec, at) => codec.write(out, value[at]));
      },
      read(input) {
        const length = input.expect(4, "an array");
        if (length !== BigInt(fields.length)) throw new Error(`expected ${fields.length} fields, found ${length}`);
        return fields.map((codec) => codec.read(input)) as T;
      },
    };
  },

  /** One of several names, each with its integer. */
  variant<T extends string>(...variants: [T, bigint][]): Codec<T> {
    const wide = integer(-(1n << 63n), (1n << 63n) - 1n);
    const find = (fits: (variant: [T, bigint]) => boolean, found: unknown): [T, bigint] => {
      const variant = variants.find(fits);
      if (!variant) throw new Error(`${found} is none of ${variants.map(([name]) => name).join(", ")}`);
      return variant;
    };
    return convert(
      wide,
      (value) => find((variant) => variant[1] === value, value)[0],
      (name) => find((variant) => variant[0] === name, name)[1],
    );
  },

  /** The block that holds one value. */
  encode<T>(codec: Codec<T>, value: T): Uint8Array {
    const out = new Writer();
    codec.write(out, value);
    return out.finish();
  },

  /** The value in a block. */
  decode<T>(codec: Codec<T>, block: Uint8Array | undefined): T {
    if (!block || block.length === 0) throw new Error("expected a block, found none");
    const input = new Reader(block);
    const value = codec.read(input);
    input.end();
    return value;
  },

  /** One parameter of several. */
  param<T>(codec: Codec<T>, value: T): (out: Writer) => void {
    return (out) => codec.write(out, value);
  },

  /** The block of parameters: none without any, one as itself, more as an array. */
  params(...params: ((out: Writer) => void)[]): Uint8Array | undefined {
    if (params.length === 0) return undefined;
    const out = new Writer();
    if (params.length > 1) out.head(4, params.length);
    for (const write of params) write(out);
    return out.finish();
  },
};
