package config

import "strings"

// Split cuts a line into arguments at white space. An argument may be quoted:
// in double quotes \n \r \t \b \a and \xHH mean a byte and any other \c means
// c; in single quotes only \' is special. A closing quote must be followed by
// white space or the end. ErrQuotes is returned for anything else.
func Split(line string) ([]string, error) {
	var args []string
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, nil
		}
		arg, next, err := splitOne(line, i)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		i = next
	}
}

// splitOne reads the argument that begins at i and gives the place behind it.
// Quotes may begin in the middle of an argument, as they may in Redis.
func splitOne(line string, i int) (string, int, error) {
	var b strings.Builder
	for i < len(line) {
		switch ch := line[i]; ch {
		case ' ', '\n', '\r', '\t':
			return b.String(), i, nil
		case '"', '\'':
			end, err := unquote(&b, line, i+1, ch)
			if err != nil {
				return "", 0, err
			}
			return b.String(), end, nil
		default:
			b.WriteByte(ch)
			i++
		}
	}
	return b.String(), i, nil
}

// unquote appends the quoted text that begins at i and gives the place behind
// the closing quote.
func unquote(b *strings.Builder, line string, i int, quote byte) (int, error) {
	for ; i < len(line); i++ {
		ch := line[i]
		switch {
		case ch == quote:
			if i+1 < len(line) && !isSpace(line[i+1]) {
				return 0, ErrQuotes
			}
			return i + 1, nil
		case ch == '\\' && i+1 < len(line) && (quote == '"' || line[i+1] == '\''):
			i++
			if hi, lo, ok := hexPair(line, i); ok && quote == '"' {
				b.WriteByte(hi<<4 | lo)
				i += 2
				continue
			}
			b.WriteByte(unescape(line[i], quote))
		default:
			b.WriteByte(ch)
		}
	}
	return 0, ErrQuotes
}

// unescape is the byte that a backslash and ch stand for.
func unescape(ch, quote byte) byte {
	if quote == '"' {
		switch ch {
		case 'n':
			return '\n'
		case 'r':
			return '\r'
		case 't':
			return '\t'
		case 'b':
			return '\b'
		case 'a':
			return '\a'
		}
	}
	return ch
}

// hexPair reads the two digits of an xHH that begins at i.
func hexPair(line string, i int) (hi, lo byte, ok bool) {
	if i+2 >= len(line) || line[i] != 'x' {
		return 0, 0, false
	}
	hi, ok1 := hexDigit(line[i+1])
	lo, ok2 := hexDigit(line[i+2])
	return hi, lo, ok1 && ok2
}

func hexDigit(ch byte) (byte, bool) {
	switch {
	case '0' <= ch && ch <= '9':
		return ch - '0', true
	case 'a' <= ch && ch <= 'f':
		return ch - 'a' + 10, true
	case 'A' <= ch && ch <= 'F':
		return ch - 'A' + 10, true
	}
	return 0, false
}

// isSpace is C's isspace in the plain locale.
func isSpace(ch byte) bool {
	return ch == ' ' || '\t' <= ch && ch <= '\r'
}

// Quote writes s in double quotes, so that Split gives s back whatever bytes
// are in it.
func Quote(s string) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch ch := s[i]; ch {
		case '\\', '"':
			b = append(b, '\\', ch)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case '\a':
			b = append(b, '\\', 'a')
		case '\b':
			b = append(b, '\\', 'b')
		default:
			if ch < ' ' || ch > '~' {
				b = append(b, '\\', 'x', digits[ch>>4], digits[ch&15])
			} else {
				b = append(b, ch)
			}
		}
	}
	return string(append(b, '"'))
}
