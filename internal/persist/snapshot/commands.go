package snapshot

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"berth/internal/ds"
	"berth/internal/persist/rdb"
	"berth/internal/resp"
	"berth/internal/store"
)

// Values as the commands that make them again, for append-only files without a
// snapshot in front. They are Redis's, in its words.

// Rewriter is a ModuleType whose values can be written as commands.
type Rewriter interface {
	// RewriteValue is the commands that make a value again. ok is false when the module
	// failed; can is false when it does not write such commands.
	RewriteValue(key store.ModuleKey, v uintptr) (cmds []byte, ok, can bool)
}

// groupSize is how many elements one command has at most.
const groupSize = 64

// Select writes the command that selects a database.
func (w *Writer) Select(number int) {
	w.open(2, "SELECT")
	w.arg(strconv.Itoa(number))
}

// Command writes a command.
func (w *Writer) Command(words ...string) {
	w.B = resp.AppendArray(w.B, len(words))
	for _, word := range words {
		w.arg(word)
	}
}

// open begins a command of n arguments, the name counted.
func (w *Writer) open(n int, name string) {
	w.B = resp.AppendArray(w.B, n)
	w.arg(name)
}

func (w *Writer) arg(s string)      { w.B = resp.AppendBulkString(w.B, s) }
func (w *Writer) argBytes(b []byte) { w.B = resp.AppendBulk(w.B, b) }
func (w *Writer) argInt(n int64)    { w.B = resp.AppendBulkInt(w.B, n) }

func (w *Writer) argID(id store.StreamID) {
	var b [41]byte
	s := strconv.AppendUint(b[:0], id.MS, 10)
	s = strconv.AppendUint(append(s, '-'), id.Seq, 10)
	w.argBytes(s)
}

// appendElem appends an element as an argument.
func appendElem(b []byte, e ds.Elem) []byte {
	if n, ok := e.Int(); ok {
		return resp.AppendBulkInt(b, n)
	}
	return resp.AppendBulk(b, e.Bytes(nil))
}

// expire writes the command that gives the key its time of expiry, if it has one.
func (w *Writer) expire(key []byte, at int64) {
	if at != 0 {
		w.open(3, "PEXPIREAT")
		w.argBytes(key)
		w.argInt(at)
	}
}

// beginCommands begins to write an entry as commands.
func (x *Encoder) beginCommands(w *Writer, db *store.DB, e *store.Entry, number int) error {
	*x = Encoder{db: db, e: e, args: x.args[:0], commands: true}
	switch e.Type() {
	case store.String:
		x.next = (*Encoder).set
	case store.List:
		x.group("RPUSH", 1, (*Encoder).eachItem)
	case store.Set:
		x.group("SADD", 1, (*Encoder).eachMember)
	case store.ZSet:
		x.i = db.ZSet(e).Len()
		x.group("ZADD", 2, (*Encoder).eachScored)
	case store.Hash:
		x.group("HMSET", 2, (*Encoder).eachField)
	case store.Stream:
		x.next = (*Encoder).xadd
	case store.Module:
		return x.moduleCommands(w, db, e, number)
	}
	return nil
}

// set writes a string, a long one in pieces.
func (x *Encoder) set(w *Writer, budget int) bool {
	if x.i == 0 {
		w.open(3, "SET")
		w.argBytes(x.e.Key())
		if n, ok := x.e.StringInt(); ok {
			w.argInt(n)
			return true
		}
		w.B = resp.AppendBulkHeader(w.B, x.e.StringLen())
	}
	b := x.e.Bytes(nil)
	n := min(len(b)-x.i, max(budget, 1))
	w.Raw(b[x.i : x.i+n])
	if x.i += n; x.i < len(b) {
		return false
	}
	w.B = append(w.B, resp.CRLF...)
	return true
}

// group has elements written as arguments of commands with a name, width arguments to
// an element. some gathers the next ones, and reports whether those were the last.
func (x *Encoder) group(name string, width int, some func(x *Encoder, w *Writer, budget int) (done bool)) {
	x.name, x.width, x.some, x.next = name, width, some, (*Encoder).grouped
}

func (x *Encoder) grouped(w *Writer, budget int) bool {
	if !x.some(x, w, budget) {
		return false
	}
	x.flush(w)
	return true
}

// gathered counts an element whose arguments are in args, and writes a command when
// it has enough of them.
func (x *Encoder) gathered(w *Writer) {
	if x.count++; x.count == groupSize {
		x.flush(w)
	}
}

// flush writes a command of the elements that were gathered.
func (x *Encoder) flush(w *Writer) {
	if x.count > 0 {
		w.open(2+x.count*x.width, x.name)
		w.argBytes(x.e.Key())
		w.Raw(x.args)
		x.args, x.count = x.args[:0], 0
	}
}

func (x *Encoder) eachItem(w *Writer, budget int) bool {
	it := x.db.List(x.e).Iter(x.i, false)
	for budget > 0 {
		e, ok := it.Next()
		if !ok {
			return true
		}
		x.args = appendElem(x.args, e)
		x.gathered(w)
		x.i++
		budget -= elemCost + e.Len()
	}
	return false
}

func (x *Encoder) eachMember(w *Writer, budget int) bool {
	v := x.db.Set(x.e)
	for {
		x.cursor = v.Scan(x.cursor, func(e ds.Elem) {
			x.args = appendElem(x.args, e)
			x.gathered(w)
			budget -= elemCost + e.Len()
		})
		if x.cursor == 0 || budget <= 0 {
			return x.cursor == 0
		}
	}
}

func (x *Encoder) eachField(w *Writer, budget int) bool {
	v := x.db.Hash(x.e)
	for {
		x.cursor = v.Scan(x.cursor, func(field, val ds.Elem) {
			x.args = appendElem(appendElem(x.args, field), val)
			x.gathered(w)
			budget -= 2*elemCost + field.Len() + val.Len()
		})
		if x.cursor == 0 || budget <= 0 {
			return x.cursor == 0
		}
	}
}

// eachScored goes backwards, as for snapshots.
func (x *Encoder) eachScored(w *Writer, budget int) bool {
	it := x.db.ZSet(x.e).Iter(x.i-1, true)
	for x.i > 0 && budget > 0 {
		e, score, ok := it.Next()
		if !ok {
			return true
		}
		x.args = appendElem(resp.AppendDouble(x.args, score, false), e)
		x.gathered(w)
		x.i--
		budget -= 2*elemCost + e.Len()
	}
	return x.i == 0
}

// moduleCommands writes a module's value: as the module wants it, or else as RESTORE
// takes it.
func (x *Encoder) moduleCommands(w *Writer, db *store.DB, e *store.Entry, number int) error {
	v, at := e.Module(), e.Expire()
	name := append([]byte(nil), e.Key()...)
	*x = Encoder{args: x.args}
	if t, ok := v.Of().(Rewriter); ok {
		cmds, ok, can := t.RewriteValue(store.ModuleKey{DB: number, Key: name}, v.Value)
		if can && !ok {
			return fmt.Errorf("%w: %s", ErrNoSave, v.Of().TypeName())
		}
		if can {
			w.Raw(cmds)
			w.expire(name, at)
			return nil
		}
	}
	value := Writer{Version: w.Version, Compress: w.Compress}
	var one Encoder
	if err := one.BeginValue(&value, db, e, number); err != nil {
		return err
	}
	one.All(&value)
	w.open(4, "RESTORE")
	w.argBytes(name)
	w.arg("0")
	w.argBytes(Footer(value.B, value.Version))
	w.expire(name, at)
	return nil
}

// Footer appends what stands behind a value that DUMP writes: the version of the
// format, and a checksum.
func Footer(b []byte, version int) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(version))
	return binary.LittleEndian.AppendUint64(b, rdb.Checksum(0, b))
}
