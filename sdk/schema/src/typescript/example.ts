// Escrow: bindings made by filigree from the schema in the actor's Wasm. Do not edit.

export type Fee = bigint;

export type Phase = "Open" | "Closed";

export interface Escrow {
  /** An address, such as f01234. */
  owner: string;
  /** The CID of a map<actor_id, Hidden>. */
  deals: string;
  /** attoFIL. */
  fee: Fee;
  phase: Phase;
  sectors: Ranges;
  until: bigint | null;
  notes: Array<string>;
  limits: Map<string, bigint>;
  pair: [number, boolean];
  "extra data": Any;
  /** A CID. */
  code: string;
  raw: Uint8Array;
  delta: bigint;
}

export interface Config {
  limit: bigint;
  admins: Array<string>;
}

/** The actor Escrow. Its methods give what a message needs; sending it is yours. */
export class EscrowClient {
  /** The address of the actor. */
  readonly to: string;

  constructor(to: string) {
    this.to = to;
  }

  /** The state, from the block that its root names. */
  static state(block: Uint8Array): Escrow {
    return cbor.decode(escrowCodec, block);
  }

  /** The parameters of the constructor (Constructor). */
  static constructorParams(owner: string, fee: Fee): Uint8Array | undefined {
    return cbor.params(cbor.param(cbor.address, owner), cbor.param(feeCodec, fee));
  }

  /** Deposit: method 3916220144. */
  deposit(to: string, attoFil = 0n): Call<bigint> {
    return {
      to: this.to,
      method: 3916220144n,
      params: cbor.params(cbor.param(cbor.address, to)),
      value: attoFil,
      decode: (result) => cbor.decode(cbor.bigint, result),
    };
  }

  /** Configure: method 2. */
  configure(config: Config, new_: boolean, attoFil = 0n): Call<void> {
    return {
      to: this.to,
      method: 2n,
      params: cbor.params(cbor.param(configCodec, config), cbor.param(cbor.bool, new_)),
      value: attoFil,
      decode: () => undefined,
    };
  }

  /** Balance: method 3; changes nothing. */
  balance(): Call<bigint> {
    return {
      to: this.to,
      method: 3n,
      params: undefined,
      value: 0n,
      decode: (result) => cbor.decode(cbor.bigint, result),
    };
  }

  /** UniversalReceiver: method 3726118371. */
  universalReceiver(kind: number, payload: Uint8Array, attoFil = 0n): Call<Uint8Array | undefined> {
    return {
      to: this.to,
      method: 3726118371n,
      params: cbor.params(cbor.param(cbor.u32, kind), cbor.param(cbor.bytes, payload)),
      value: attoFil,
      decode: (result) => result,
    };
  }

  /** Other: any other method. */
  other(method: bigint, params: Uint8Array | undefined, attoFil = 0n): Call<Uint8Array | undefined> {
    return {
      to: this.to,
      method,
      params: params,
      value: attoFil,
      decode: (result) => result,
    };
  }

  /** The parameters of the upgrade (Upgrade). */
  static upgradeParams(from: string): Uint8Array | undefined {
    return cbor.params(cbor.param(cbor.cid, from));
  }
}

// -- runtime --

/** Codec of Fee. */
export const feeCodec: Codec<Fee> = cbor.bigint;

/** Codec of Phase. */
export const phaseCodec: Codec<Phase> = cbor.variant<Phase>(["Open", 0n], ["Closed", -7n]);

/** Codec of Escrow. */
export const escrowCodec: Codec<Escrow> = cbor.tuple<Escrow>(
  ["owner", cbor.address],
  ["deals", cbor.cid],
  ["fee", feeCodec],
  ["phase", phaseCodec],
  ["sectors", cbor.bitfield],
  ["until", cbor.option(cbor.i64)],
  ["notes", cbor.list(cbor.string)],
  ["limits", cbor.btree(cbor.string, cbor.u64)],
  ["pair", cbor.positional<[number, boolean]>(cbor.i32, cbor.bool)],
  ["extra data", cbor.any],
  ["code", cbor.cid],
  ["raw", cbor.bytes],
  ["delta", cbor.bigint],
);

/** Codec of Config. */
export const configCodec: Codec<Config> = cbor.tuple<Config>(["limit", cbor.u64], ["admins", cbor.list(cbor.address)]);
