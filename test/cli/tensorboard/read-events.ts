/** Reads event files as TensorBoard does, written from the formats alone: frames, checksums bit by bit, fields. */

import assert from "node:assert/strict";

export interface Event {
  readonly wallTime: number;
  readonly step: number;
  readonly version: string | undefined;
  readonly scalars: ReadonlyMap<string, number>;
}

/** CRC-32C by polynomial division, then the mask. */
function maskedChecksum(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const isOdd = (crc ^ BigInt(byte >> bit)) & 1n;
      crc = (crc >> 1n) ^ (isOdd === 1n ? 0x82f63b78n : 0n);
    }
  }
  const plain = crc ^ 0xffffffffn;
  const rotated = ((plain >> 15n) | (plain << 17n)) & 0xffffffffn;
  return Number((rotated + 0xa282ead8n) & 0xffffffffn);
}

/** The data of all records. */
export function readRecords(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(file.readUInt32LE(at + 8), maskedChecksum(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(data.length, length);
    assert.equal(file.readUInt32LE(at + 12 + length), maskedChecksum(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

interface Fields {
  readonly numbers: Map<number, number>;
  readonly messages: Map<number, Buffer[]>;
}

function readFields(bytes: Buffer): Fields {
  let at = 0;
  const varint = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      assert(byte !== undefined);
      value += (byte & 127) * factor;
      factor *= 128;
      if (byte < 128) return value;
    }
  };
  const fields: Fields = { numbers: new Map(), messages: new Map() };
  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (tag % 8 === 0) fields.numbers.set(number, varint());
    else if (tag % 8 === 1) fields.numbers.set(number, bytes.readDoubleLE((at += 8) - 8));
    else if (tag % 8 === 5) fields.numbers.set(number, bytes.readFloatLE((at += 4) - 4));
    else {
      assert.equal(tag % 8, 2);
      const length = varint();
      const message = bytes.subarray(at, (at += length));
      fields.messages.set(number, [...(fields.messages.get(number) ?? []), message]);
    }
  }
  return fields;
}

export function readEvents(file: Buffer): Event[] {
  return readRecords(file).map((data) => {
    const event = readFields(data);
    const [summary] = event.messages.get(5) ?? [];
    const values = summary === undefined ? [] : (readFields(summary).messages.get(1) ?? []);
    const scalars = values.map((bytes): [string, number] => {
      const value = readFields(bytes);
      return [String(value.messages.get(1)?.[0]), value.numbers.get(2) ?? 0];
    });
    return {
      wallTime: event.numbers.get(1) ?? 0,
      step: event.numbers.get(2) ?? 0,
      version: event.messages.get(3)?.[0]?.toString(),
      scalars: new Map(scalars),
    };
  });
}
