import { crc32, deflateRawSync } from 'node:zlib';

/** 1 January 2026, in MS-DOS's format. */
const DATE = ((2026 - 1980) << 9) | (1 << 5) | 1;
/** Readable by all: Lambda runs code as another user. */
const MODE = 0o100644;

/** A zip archive with one file. */
export function zipped(fileName: string, content: string): Buffer {
  const name = Buffer.from(fileName);
  const plain = Buffer.from(content);
  const packed = deflateRawSync(plain);
  // Version 2.0, no flags, deflate, time, date, checksum, sizes, the name's length, nothing extra.
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(8, 4);
  common.writeUInt16LE(DATE, 8);
  common.writeUInt32LE(crc32(plain), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(plain.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, packed]);

  const entry = Buffer.alloc(14);
  entry.writeUInt32LE(MODE * 2 ** 16, 6);
  // Made by Unix: the attributes are its modes.
  const directory = Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, entry, name]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(local.length, 12);
  return Buffer.concat([local, directory, Buffer.from('PK\x05\x06', 'latin1'), end]);
}
