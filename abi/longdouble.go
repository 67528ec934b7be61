package abi

import (
	"bytes"
	"math/big"
	"runtime"
	"unsafe"
)

// longFormat is how a long double is written.
type longFormat string

const (
	longAuto  longFormat = "%.17Lg\x00" // as short as seventeen digits allow
	longHuman longFormat = "%.17Lf\x00" // without an exponent; zeros at the end are cut
)

// formatLong writes a long double, which only the C library can do exactly.
func formatLong(ld [16]byte, format longFormat) []byte {
	// va_arg rounds the address of a long double up to sixteen bytes.
	room := new([32]byte)
	arg := (addrOf(room) + 15) &^ 15
	*(*[16]byte)(at(arg)) = ld
	buf := make([]byte, 8192) // the largest long double has 4,933 digits before the point
	n, _ := callFree(libcVsnprintf, uint64(uintptr(unsafe.Pointer(&buf[0]))), uint64(len(buf)),
		uint64(uintptr(unsafe.Pointer(unsafe.StringData(string(format))))), uint64(uintptr(unsafe.Pointer(stackVaList(arg)))))
	runtime.KeepAlive(room)
	if int32(n) < 0 {
		return nil
	}
	text := buf[:n]
	if format == longHuman && bytes.IndexByte(text, '.') >= 0 {
		text = bytes.TrimRight(text, "0")
		text = bytes.TrimSuffix(text, []byte("."))
	}
	if string(text) == "-0" {
		text = text[1:]
	}
	if bytes.HasSuffix(text, []byte("nan")) {
		return []byte("nan")
	}
	return text
}

// parseLong reads a whole string as a long double, by Redis's rules: no space
// before, nothing behind, not a NaN.
func parseLong(b []byte) (ld [16]byte, ok bool) {
	if len(b) == 0 || bytes.ContainsAny(b, "_pP") {
		return ld, false
	}
	x, _, err := big.ParseFloat(string(b), 10, longPrecision, big.ToNearestEven)
	if err != nil {
		return ld, false
	}
	return encodeLong(x), true
}

// exponentOf takes a finite x other than zero apart: the sign bit, the exponent
// of its first bit and its mantissa as an integer of longPrecision bits.
func exponentOf(x *big.Float) (sign uint16, exp int, mant *big.Int) {
	if x.Signbit() {
		sign = 1 << 15
	}
	m := new(big.Float)
	exp = x.MantExp(m) - 1
	m.SetMantExp(m.Abs(m), longPrecision)
	mant, _ = m.Int(nil)
	return sign, exp, mant
}

// addrOf is the address of a Go object that the caller keeps alive.
func addrOf[T any](p *T) uintptr { return uintptr(unsafe.Pointer(p)) }
