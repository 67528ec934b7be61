package rdb

import "hash/crc64"

// jones is Jones's polynomial, the bits of a byte reversed, as CRC-64 of snapshots
// has it.
var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// Checksum goes on with a checksum, 0 at the beginning. The standard library
// inverts the bits before and after, which this variant does not.
func Checksum(sum uint64, b []byte) uint64 { return ^crc64.Update(^sum, jones, b) }
