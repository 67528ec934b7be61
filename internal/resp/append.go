package resp

import "strconv"

// CRLF ends every protocol line.
const CRLF = "\r\n"

// smallHeaders holds the lines "$0" to "$127" and friends ready to copy: most
// lengths on the wire are that small.
var (
	smallBulk  [128]string
	smallArray [128]string
	smallInt   [128]string
)

func init() {
	for i := range smallBulk {
		n := strconv.Itoa(i)
		smallBulk[i] = "$" + n + CRLF
		smallArray[i] = "*" + n + CRLF
		smallInt[i] = ":" + n + CRLF
	}
}

// appendHeader adds one line made of a type byte and a number.
func appendHeader(b []byte, kind byte, n int64) []byte {
	b = append(b, kind)
	b = strconv.AppendInt(b, n, 10)
	return append(b, CRLF...)
}

// AppendInt adds an integer reply.
func AppendInt(b []byte, n int64) []byte {
	if uint64(n) < uint64(len(smallInt)) {
		return append(b, smallInt[n]...)
	}
	return appendHeader(b, ':', n)
}

// AppendBulk adds a bulk string.
func AppendBulk(b, s []byte) []byte {
	// Where there is room, the parts of a short one are put in place at once: a
	// reply of many elements is mostly this.
	if uint(len(s)) < uint(len(smallBulk)) {
		header := smallBulk[len(s)]
		if at, end := len(b), len(b)+len(header)+len(s)+len(CRLF); end <= cap(b) {
			b = b[:end]
			at += copy(b[at:], header)
			copy(b[at:], s)
			b[end-2], b[end-1] = '\r', '\n'
			return b
		}
	}
	b = AppendBulkHeader(b, len(s))
	b = append(b, s...)
	return append(b, CRLF...)
}

// BulkSize is the length of a bulk string of n bytes as a reply.
func BulkSize(n int) int {
	size := len("$0") + n + 2*len(CRLF)
	for ; n >= 10; n /= 10 {
		size++
	}
	return size
}

// PutBulk fills b, which has the size that BulkSize tells, with a bulk string.
func PutBulk(b, s []byte) {
	at := len(b) - len(CRLF) - len(s)
	copy(b[at:], s)
	b[len(b)-2], b[len(b)-1] = '\r', '\n'
	b[at-2], b[at-1] = '\r', '\n'
	at -= len(CRLF)
	for n := len(s); at > 1; n /= 10 {
		at--
		b[at] = '0' + byte(n%10)
	}
	b[0] = '$'
}

// ArraySize is the length of the header of an array of n elements.
func ArraySize(n int) int { return BulkSize(n) - n - len(CRLF) }

// PutArray fills b, which has the size that ArraySize tells, with such a header.
func PutArray(b []byte, n int) {
	b[len(b)-2], b[len(b)-1] = '\r', '\n'
	for at := len(b) - len(CRLF) - 1; at > 0; at-- {
		b[at] = '0' + byte(n%10)
		n /= 10
	}
	b[0] = '*'
}

// Decimal writes v to the end of digits, and returns what it wrote. It allocates nothing
// and calls nothing.
func Decimal(digits *[20]byte, v int64) []byte {
	at := len(digits)
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	for {
		at--
		digits[at] = '0' + byte(u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	if v < 0 {
		at--
		digits[at] = '-'
	}
	return digits[at:]
}

// AppendBulkString adds a bulk string.
func AppendBulkString(b []byte, s string) []byte {
	b = AppendBulkHeader(b, len(s))
	b = append(b, s...)
	return append(b, CRLF...)
}

// AppendBulkInt adds a bulk string that holds n in decimal.
func AppendBulkInt(b []byte, n int64) []byte {
	var tmp [20]byte
	return AppendBulk(b, strconv.AppendInt(tmp[:0], n, 10))
}

// AppendBulkHeader adds the length line of a bulk string of n bytes; the
// caller adds the bytes and CRLF.
func AppendBulkHeader(b []byte, n int) []byte {
	if uint(n) < uint(len(smallBulk)) {
		return append(b, smallBulk[n]...)
	}
	return appendHeader(b, '$', int64(n))
}

// AppendStatus adds a simple string. s must hold no CR or LF.
func AppendStatus(b []byte, s string) []byte {
	b = append(b, '+')
	b = append(b, s...)
	return append(b, CRLF...)
}

// AppendError adds an error reply. s begins with its code ("ERR …") and must
// hold no CR or LF.
func AppendError(b []byte, s string) []byte {
	b = append(b, '-')
	b = append(b, s...)
	return append(b, CRLF...)
}

// AppendArray adds the header of an array of n elements.
func AppendArray(b []byte, n int) []byte {
	if uint(n) < uint(len(smallArray)) {
		return append(b, smallArray[n]...)
	}
	return appendHeader(b, '*', int64(n))
}

// AppendMap adds the header of a map of n pairs; RESP2 shows it as an array of
// twice the length.
func AppendMap(b []byte, n int, resp3 bool) []byte {
	if resp3 {
		return appendHeader(b, '%', int64(n))
	}
	return AppendArray(b, 2*n)
}

// AppendSet adds the header of a set of n members; RESP2 shows it as an array.
func AppendSet(b []byte, n int, resp3 bool) []byte {
	if resp3 {
		return appendHeader(b, '~', int64(n))
	}
	return AppendArray(b, n)
}

// AppendPush adds the header of an out-of-band push of n elements; RESP2 shows
// it as an array.
func AppendPush(b []byte, n int, resp3 bool) []byte {
	if resp3 {
		return appendHeader(b, '>', int64(n))
	}
	return AppendArray(b, n)
}

// AppendAttribute adds the header of an attribute of n pairs, which precedes
// the reply it describes. RESP2 has none: callers must not send one there.
func AppendAttribute(b []byte, n int) []byte {
	return appendHeader(b, '|', int64(n))
}

// AppendNull adds a null: RESP2 spells it as a bulk string without a body.
func AppendNull(b []byte, resp3 bool) []byte {
	if resp3 {
		return append(b, "_\r\n"...)
	}
	return append(b, "$-1\r\n"...)
}

// AppendNullArray adds a null where an array was possible.
func AppendNullArray(b []byte, resp3 bool) []byte {
	if resp3 {
		return append(b, "_\r\n"...)
	}
	return append(b, "*-1\r\n"...)
}

// AppendBool adds a boolean; RESP2 shows 1 or 0.
func AppendBool(b []byte, v, resp3 bool) []byte {
	switch {
	case resp3 && v:
		return append(b, "#t\r\n"...)
	case resp3:
		return append(b, "#f\r\n"...)
	case v:
		return append(b, ":1\r\n"...)
	}
	return append(b, ":0\r\n"...)
}

// AppendDouble adds a double in its shortest form that reads back equal; RESP2
// shows it as a bulk string.
func AppendDouble(b []byte, f float64, resp3 bool) []byte {
	var tmp [40]byte
	digits := FormatDouble(tmp[:0], f)
	return AppendLongDouble(b, digits, resp3)
}

// AppendLongDouble adds a double whose digits the caller has formatted, since
// Go has no long double; RESP2 shows it as a bulk string.
func AppendLongDouble(b, digits []byte, resp3 bool) []byte {
	if resp3 {
		b = append(b, ',')
		b = append(b, digits...)
		return append(b, CRLF...)
	}
	return AppendBulk(b, digits)
}

// AppendBigNumber adds a number of any length, given in decimal; RESP2 shows
// it as a bulk string.
func AppendBigNumber(b []byte, digits string, resp3 bool) []byte {
	if resp3 {
		b = append(b, '(')
		b = append(b, digits...)
		return append(b, CRLF...)
	}
	return AppendBulkString(b, digits)
}

// AppendVerbatim adds text with a three-letter format name (txt, mkd); RESP2
// shows it as a bulk string. A longer or shorter name is cut or padded with
// spaces, since readers count on three letters.
func AppendVerbatim(b []byte, format string, s []byte, resp3 bool) []byte {
	if !resp3 {
		return AppendBulk(b, s)
	}
	b = appendHeader(b, '=', int64(len(s)+4))
	for i := 0; i < 3; i++ {
		if i < len(format) {
			b = append(b, format[i])
		} else {
			b = append(b, ' ')
		}
	}
	b = append(b, ':')
	b = append(b, s...)
	return append(b, CRLF...)
}
