package resp

import "bytes"

// inline cuts a request that is a line of words.
func (p *Parser) inline(buf []byte) ([][]byte, int, error) {
	i := bytes.IndexByte(buf[p.scanned:], '\n')
	if i < 0 {
		if len(buf) > MaxInline {
			return nil, 0, ErrBigInline
		}
		p.scanned = len(buf)
		return nil, 0, nil
	}
	end := p.scanned + i
	p.scanned = 0
	line := buf[:end]
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	args, ok := SplitArgs(line, p.Scratch.args[:0])
	if !ok {
		return nil, 0, ErrQuotes
	}
	p.Scratch.args = args[:0]
	return args, end + 1, nil
}

// SplitArgs splits a line into words as Redis does for inline requests and
// configuration files, and appends them to args. Words are separated by
// blanks; within double quotes \n \r \t \b \a \xHH and any \c are escapes,
// within single quotes only \'. The words alias line, which is overwritten
// where there were escapes. ok is false for a quote without its end, or one
// that is followed by something else than a blank.
func SplitArgs(line []byte, args [][]byte) (words [][]byte, ok bool) {
	// As for C, the line ends at a zero byte.
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i]
	}
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return args, true
		}
		word, next, ok := splitWord(line, i)
		if !ok {
			return nil, false
		}
		args = append(args, word)
		i = next
	}
}

// splitWord decodes in place the word that begins at i. What is written never
// gets ahead of what is read, since no escape is shorter than its meaning.
func splitWord(line []byte, i int) (word []byte, next int, ok bool) {
	start, w := i, i
	quote := byte(0)
	for ; i < len(line); i++ {
		ch := line[i]
		switch {
		case quote == 0 && (ch == ' ' || ch == '\n' || ch == '\r' || ch == '\t'):
			return line[start:w:w], i, true
		case quote == 0 && (ch == '"' || ch == '\''):
			quote = ch
			continue
		case quote != 0 && ch == quote:
			if i+1 < len(line) && !isSpace(line[i+1]) {
				return nil, 0, false
			}
			return line[start:w:w], i + 1, true
		case quote == '"' && ch == '\\' && i+3 < len(line) && line[i+1] == 'x' &&
			hexValue(line[i+2]) >= 0 && hexValue(line[i+3]) >= 0:
			ch = byte(hexValue(line[i+2])<<4 | hexValue(line[i+3]))
			i += 3
		case quote == '"' && ch == '\\' && i+1 < len(line):
			i++
			ch = unescape(line[i])
		case quote == '\'' && ch == '\\' && i+1 < len(line) && line[i+1] == '\'':
			i++
			ch = '\''
		}
		line[w] = ch
		w++
	}
	return line[start:w:w], i, quote == 0
}

// unescape is the meaning of the letter behind a backslash.
func unescape(ch byte) byte {
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
	return ch
}

func isSpace(ch byte) bool {
	return ch == ' ' || '\t' <= ch && ch <= '\r'
}

// hexValue is the value of a hexadecimal digit, -1 for another byte.
func hexValue(ch byte) int {
	switch {
	case '0' <= ch && ch <= '9':
		return int(ch - '0')
	case 'a' <= ch && ch <= 'f':
		return int(ch-'a') + 10
	case 'A' <= ch && ch <= 'F':
		return int(ch-'A') + 10
	}
	return -1
}
