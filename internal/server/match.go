package server

// Match reports whether text matches a glob pattern: * any run, ? any byte,
// [abc] [^a-c] classes, \ takes the next byte literally. fold ignores case.
func Match(pattern, text []byte, fold bool) bool {
	skip := false
	return match(pattern, text, fold, &skip, 0)
}

// maxMatchDepth bounds the recursion, which grows with the stars of a pattern.
const maxMatchDepth = 1000

// match works off the pattern from its beginning. skip is set when the text is
// used up behind a star: then no longer match of an outer star can help.
func match(p, s []byte, fold bool, skip *bool, depth int) bool {
	if depth > maxMatchDepth {
		return false
	}
	for len(p) > 0 && len(s) > 0 {
		switch p[0] {
		case '*':
			for len(p) > 1 && p[1] == '*' {
				p = p[1:]
			}
			if len(p) == 1 {
				return true
			}
			for len(s) > 0 {
				if match(p[1:], s, fold, skip, depth+1) {
					return true
				}
				if *skip {
					return false
				}
				s = s[1:]
			}
			*skip = true
			return false
		case '?':
			p, s = p[1:], s[1:]
		case '[':
			rest, ok := matchClass(p[1:], s[0], fold)
			if !ok {
				return false
			}
			p, s = rest, s[1:]
		default:
			if p[0] == '\\' && len(p) > 1 {
				p = p[1:]
			}
			if !sameByte(p[0], s[0], fold) {
				return false
			}
			p, s = p[1:], s[1:]
		}
		if len(s) == 0 {
			for len(p) > 0 && p[0] == '*' {
				p = p[1:]
			}
			break
		}
	}
	return len(p) == 0 && len(s) == 0
}

// matchClass checks one byte against the class that begins behind its bracket,
// and gives what follows the class. A class without an end goes to the end of
// the pattern.
func matchClass(p []byte, ch byte, fold bool) (rest []byte, ok bool) {
	not := len(p) > 0 && p[0] == '^'
	if not {
		p = p[1:]
	}
	hit := false
	for len(p) > 0 && p[0] != ']' {
		switch {
		case p[0] == '\\' && len(p) > 1:
			p = p[1:]
			hit = hit || p[0] == ch
		case len(p) > 2 && p[1] == '-':
			lo, hi, x := p[0], p[2], ch
			if lo > hi {
				lo, hi = hi, lo
			}
			if fold {
				lo, hi, x = lowerByte(lo), lowerByte(hi), lowerByte(x)
			}
			p = p[2:]
			hit = hit || lo <= x && x <= hi
		default:
			hit = hit || sameByte(p[0], ch, fold)
		}
		p = p[1:]
	}
	if len(p) > 0 {
		p = p[1:]
	}
	return p, hit != not
}

func sameByte(a, b byte, fold bool) bool {
	return a == b || fold && lowerByte(a) == lowerByte(b)
}

func lowerByte(ch byte) byte {
	if 'A' <= ch && ch <= 'Z' {
		ch += 'a' - 'A'
	}
	return ch
}
