package store

import (
	"slices"
	"strconv"

	"berth/internal/ds"
)

// Type is the kind of a value, by the numbers of Redis's file format.
type Type uint8

// The types.
const (
	String Type = 0
	List   Type = 1
	Set    Type = 2
	ZSet   Type = 3
	Hash   Type = 4
	Module Type = 5
	Stream Type = 6
)

// Name is what TYPE replies.
func (t Type) Name() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case ZSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "module"
}

// Value is what a key holds.
type Value struct {
	// Type is its kind.
	Type Type
	// raw is set once a string was changed in place: it then keeps the raw
	// encoding however short it is.
	raw bool
	// isInt says that a string is kept as the number n.
	isInt bool
	n     int64
	str   []byte
	list  *ds.List
}

// embstrMax is the longest string that Redis keeps in one piece with its
// header.
const embstrMax = 44

// NewString makes a string with a copy of b.
func NewString(b []byte) Value {
	if len(b) <= 20 {
		if n, ok := parseInt(b); ok {
			return NewInt(n)
		}
	}
	return Value{Type: String, str: slices.Clone(b)}
}

// NewInt makes a string that is a number.
func NewInt(n int64) Value { return Value{Type: String, isInt: true, n: n} }

// NewList makes an empty list.
func NewList() Value { return Value{Type: List, list: &ds.List{}} }

// Bytes is the contents of a string, not to be changed. tmp is used for a
// number.
func (v *Value) Bytes(tmp []byte) []byte {
	if v.isInt {
		return strconv.AppendInt(tmp[:0], v.n, 10)
	}
	return v.str
}

// Int is the number a string is kept as.
func (v *Value) Int() (int64, bool) { return v.n, v.isInt }

// List is the value of a list.
func (v *Value) List() *ds.List { return v.list }

// Mutable turns a string into bytes that may be changed in place, and returns
// them; SetBytes stores the result.
func (v *Value) Mutable() []byte {
	if v.isInt {
		v.str = strconv.AppendInt(nil, v.n, 10)
		v.isInt = false
	}
	v.raw = true
	return v.str
}

// SetBytes stores what became of Mutable's bytes. The value keeps b.
func (v *Value) SetBytes(b []byte) { v.str = b }

// Len is the length of a string in bytes, or the number of a list's items.
func (v *Value) Len() int {
	switch v.Type {
	case String:
		if v.isInt {
			var tmp [20]byte
			return len(strconv.AppendInt(tmp[:0], v.n, 10))
		}
		return len(v.str)
	case List:
		return v.list.Len()
	}
	return 0
}

// Clone copies the value.
func (v *Value) Clone() Value {
	out := *v
	out.str = slices.Clone(v.str)
	if v.list != nil {
		out.list = v.list.Clone()
	}
	return out
}

// Encoding is the name that OBJECT ENCODING replies. listLimit is the
// list-max-listpack-size setting.
func (v *Value) Encoding(listLimit int) string {
	switch v.Type {
	case String:
		switch {
		case v.isInt:
			return "int"
		case v.raw || len(v.str) > embstrMax:
			return "raw"
		}
		return "embstr"
	case List:
		if listFits(v.list, listLimit) {
			return "listpack"
		}
		return "quicklist"
	}
	return "unknown"
}

// listFits says whether a list is small enough for a single listpack: a
// negative limit is one of five sizes, a positive one a number of items.
func listFits(l *ds.List, limit int) bool {
	if limit >= 0 {
		return l.Len() <= max(limit, 1) && l.Bytes() <= 8192
	}
	sizes := [...]int{4096, 8192, 16384, 32768, 65536}
	return l.Bytes()+2*l.Len() <= sizes[min(-limit, len(sizes))-1]
}

// parseInt reads the one spelling of a number that writing it gives back.
func parseInt(b []byte) (int64, bool) {
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, false
	}
	var tmp [20]byte
	return n, string(strconv.AppendInt(tmp[:0], n, 10)) == string(b)
}
