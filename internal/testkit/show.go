package testkit

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"berth/internal/resp"
)

// Show writes a reply as redis-cli prints it, with what redis-cli does not tell
// apart: a null array is (nil array), a push message begins with (push), an
// attribute with (attribute), a verbatim text with its format.
func Show(r *resp.Reply) string { return strings.Join(Lines(r), "\n") }

// Lines is what Show writes, line by line.
func Lines(r *resp.Reply) []string {
	var out []string
	if a := r.Attr(); a != nil {
		out = prefixed("(attribute) ", Lines(a))
	}
	switch r.Kind {
	case resp.KindStatus:
		return append(out, string(r.Str))
	case resp.KindError:
		return append(out, "(error) "+string(r.Str))
	case resp.KindInt:
		return append(out, "(integer) "+strconv.FormatInt(r.Int, 10))
	case resp.KindBulk:
		return append(out, Quote(r.Str))
	case resp.KindNull:
		if bytes.HasPrefix(r.Raw, []byte("*")) {
			return append(out, "(nil array)")
		}
		return append(out, "(nil)")
	case resp.KindBool:
		return append(out, fmt.Sprintf("(%v)", r.Bool()))
	case resp.KindDouble:
		return append(out, "(double) "+scalar(r))
	case resp.KindBigNumber:
		return append(out, "(big number) "+string(r.Str))
	case resp.KindVerbatim:
		return append(out, "("+r.Format+") "+Quote(r.Str))
	case resp.KindArray:
		return append(out, elements(r, ")", "(empty array)")...)
	case resp.KindSet:
		return append(out, elements(r, "~", "(empty set)")...)
	case resp.KindPush:
		return append(out, prefixed("(push) ", elements(r, ")", "(empty)"))...)
	case resp.KindMap:
		return append(out, pairs(r)...)
	}
	return append(out, fmt.Sprintf("(unknown) %q", r.Raw))
}

// scalar is the text of a reply of one line, as on the wire.
func scalar(r *resp.Reply) string {
	return strings.TrimSuffix(string(r.Raw[1:]), resp.CRLF)
}

// elements numbers the elements of an aggregate.
func elements(r *resp.Reply, mark, empty string) []string {
	if r.Len == 0 {
		return []string{empty}
	}
	var out []string
	for i := range r.Len {
		out = append(out, prefixed(number(i, r.Len, mark), Lines(r.Elem(i)))...)
	}
	return out
}

// pairs numbers the pairs of a map.
func pairs(r *resp.Reply) []string {
	if r.Len == 0 {
		return []string{"(empty hash)"}
	}
	var out []string
	for i := range r.Len {
		key, value := r.Pair(i)
		out = append(out, prefixed(number(i, r.Len, "#")+Show(key)+" => ", Lines(value))...)
	}
	return out
}

// number is the mark of one of n elements, as wide as the widest.
func number(i, n int, mark string) string {
	return fmt.Sprintf("%*d%s ", len(strconv.Itoa(n)), i+1, mark)
}

// prefixed writes a prefix before the first line and blanks before the others.
func prefixed(prefix string, lines []string) []string {
	out := slices.Clone(lines)
	pad := strings.Repeat(" ", len(prefix))
	for i := range out {
		if i == 0 {
			out[i] = prefix + out[i]
		} else {
			out[i] = pad + out[i]
		}
	}
	return out
}

// Quote writes bytes as redis-cli does, in double quotes with escapes.
func Quote(b []byte) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, ch := range b {
		switch ch {
		case '\\', '"':
			out.WriteByte('\\')
			out.WriteByte(ch)
		case '\n':
			out.WriteString(`\n`)
		case '\r':
			out.WriteString(`\r`)
		case '\t':
			out.WriteString(`\t`)
		case '\a':
			out.WriteString(`\a`)
		case '\b':
			out.WriteString(`\b`)
		default:
			if ch < ' ' || ch > '~' {
				fmt.Fprintf(&out, `\x%02x`, ch)
			} else {
				out.WriteByte(ch)
			}
		}
	}
	out.WriteByte('"')
	return out.String()
}
