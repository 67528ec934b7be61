package config

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// fixture is a table with one parameter of each kind.
type fixture struct {
	table *Table
	yes   bool
	num   int
	mem   uint64
	text  string
	word  uint8
	bits  int
	log   []string
	fail  map[string]error
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{table: NewTable(), fail: make(map[string]error)}
	bits := EnumAt(&f.bits, 0, []Choice{{"none", 0}, {"a", 1}, {"b", 2}, {"ab", 3}, {"c", 4}})
	bits.Bits = true
	params := []*Param{
		{Name: "yes", Value: BoolAt(&f.yes, true)},
		{Name: "num", Alias: "old-num", Value: IntAt(&f.num, 5, 0, 10, 0)},
		{Name: "mem", Value: IntAt(&f.mem, 1<<20, 0, MaxUint64, Memory|Unsigned)},
		{Name: "text", Value: StringAt(&f.text, "hello")},
		{Name: "word", Value: EnumAt(&f.word, 0, []Choice{{"zero", 0}, {"one", 1}, {"uno", 1}})},
		{Name: "bits", Flags: MultiArg, Value: bits},
		{Name: "fixed", Flags: Immutable, Value: StringAt(new(string), "x")},
		{Name: "guarded", Flags: Protected, Value: StringAt(new(string), "x")},
		{Name: "quiet", Flags: Hidden, Value: StringAt(new(string), "x")},
		{Name: "Mod.Flag", Flags: Module, ShortName: "Flag", Value: BoolAt(new(bool), false)},
	}
	for _, p := range params {
		name := p.Name
		p.ApplyKey = name
		if name == "text" || name == "num" {
			p.ApplyKey = "shared"
		}
		p.Apply = func() error {
			f.log = append(f.log, name)
			return f.fail[name]
		}
		if err := f.table.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// set runs CONFIG SET with alternating names and values.
func (f *fixture) set(words ...string) error {
	f.log = nil
	var pairs []Pair
	for i := 0; i < len(words); i += 2 {
		pairs = append(pairs, Pair{words[i], words[i+1]})
	}
	_, err := f.table.Set(pairs, SetOptions{})
	return err
}

func (f *fixture) get(patterns ...string) string {
	var b []string
	for _, p := range f.table.Get(patterns, func(pattern, name string) bool {
		ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(name))
		return ok
	}) {
		b = append(b, p.Name+"="+p.Value)
	}
	return strings.Join(b, " ")
}

func TestTableGet(t *testing.T) {
	f := newFixture(t)
	for _, tc := range []struct{ ask, want string }{
		{"num", "num=5"},
		{"NUM", "NUM=5"},
		{"old-num", "old-num=5"},
		{"*num", "num=5 old-num=5"},
		{"num *num num", "num=5 old-num=5"},
		{"quiet", "quiet=x"},
		{"q*", ""},
		{"none", ""},
		{"mod.*", "Mod.Flag=no"},
		{"m*", "mem=1048576 Mod.Flag=no"},
		{"word bits", "word=zero bits=none"},
	} {
		if got := f.get(strings.Split(tc.ask, " ")...); got != tc.want {
			t.Errorf("get %s: %q, want %q", tc.ask, got, tc.want)
		}
	}
}

func TestTableSetErrors(t *testing.T) {
	const failed = "CONFIG SET failed (possibly related to argument '%s') - %s"
	for _, tc := range []struct{ set, arg, reason string }{
		{"yes maybe", "yes", "argument must be 'yes' or 'no'"},
		{"num x", "num", "argument couldn't be parsed into an integer"},
		{"num 05", "num", "argument couldn't be parsed into an integer"},
		{"num 11", "num", "argument must be between 0 and 10 inclusive"},
		{"old-num 11", "old-num", "argument must be between 0 and 10 inclusive"},
		{"OLD-NUM 11", "old-num", "argument must be between 0 and 10 inclusive"},
		{"mem -1", "mem", "argument must be a memory value"},
		{"word two", "word", "argument(s) must be one of the following: zero, one, uno"},
		{"bits a,d", "bits", "argument(s) must be one of the following: none, a, b, ab, c"},
		{"fixed y", "fixed", "can't set immutable config"},
		{"FIXED y", "FIXED", "can't set immutable config"},
		{"guarded y", "guarded", "can't set protected config"},
		{"num 1 num 2", "num", "duplicate parameter"},
	} {
		f := newFixture(t)
		words := strings.Split(tc.set, " ")
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], ",", " ")
		}
		before := f.get("*")
		err := f.set(words...)
		if want := fmt.Sprintf(failed, tc.arg, tc.reason); err == nil || err.Error() != want {
			t.Errorf("set %s: %v, want %s", tc.set, err, want)
		}
		if after := f.get("*"); after != before {
			t.Errorf("set %s changed something: %s", tc.set, after)
		}
	}
	f := newFixture(t)
	err := f.set("num", "x", "nosuch", "1")
	if want := "Unknown option or number of arguments for CONFIG SET - 'nosuch'"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTableSetIsAtomic(t *testing.T) {
	f := newFixture(t)
	if err := f.set("num", "7", "text", "bye", "yes", "no", "mem", "1mb", "bits", "a c", "Mod.Flag", "yes"); err != nil {
		t.Fatal(err)
	}
	// mem is as it was; num and text share one way to apply; modules come last.
	if want := []string{"num", "yes", "bits", "Mod.Flag"}; !slices.Equal(f.log, want) {
		t.Errorf("applied %v, want %v", f.log, want)
	}
	if f.num != 7 || f.text != "bye" || f.yes || f.bits != 5 {
		t.Errorf("values %+v", f)
	}

	before := f.get("*")
	if err := f.set("num", "8", "text", "again", "word", "three"); err == nil {
		t.Fatal("a bad value was taken")
	}
	if after := f.get("*"); after != before || len(f.log) != 0 {
		t.Errorf("after a bad value: %s, applied %v", after, f.log)
	}

	f.fail["yes"] = errors.New("not today")
	err := f.set("num", "8", "yes", "yes", "Mod.Flag", "no")
	if want := "CONFIG SET failed (possibly related to argument 'yes') - not today"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if after := f.get("*"); after != before {
		t.Errorf("after a failed apply: %s", after)
	}
	// Both are applied anew with their old values; the module never was.
	if want := []string{"num", "yes", "num", "yes"}; !slices.Equal(f.log, want) {
		t.Errorf("applied %v, want %v", f.log, want)
	}

	f.fail = map[string]error{"Mod.Flag": ErrNoText}
	err = f.set("num", "8", "Mod.Flag", "no")
	if want := "CONFIG SET failed (possibly related to argument 'Flag')"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if after := f.get("*"); after != before {
		t.Errorf("after a module refused: %s", after)
	}
}

func TestTableLoad(t *testing.T) {
	f := newFixture(t)
	for _, tc := range []struct {
		line string
		want error
	}{
		{"num 3", nil}, {"old-num 4", nil}, {"fixed y", nil}, {"guarded z", nil},
		{"bits a c", nil}, {`bits "a b"`, nil},
		{"num", ErrArgs}, {"num 1 2", ErrArgs}, {"nosuch 1", ErrDirective}, {`bits "a 'b"`, ErrQuotes},
	} {
		args, err := Split(tc.line)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.table.Load(args); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.line, err, tc.want)
		}
	}
	if f.num != 4 || f.bits != 3 || len(f.log) != 0 {
		t.Errorf("num %d, bits %d, applied %v", f.num, f.bits, f.log)
	}
}

func TestTableNames(t *testing.T) {
	f := newFixture(t)
	for _, name := range []string{"num", "NUM", "old-num", "mod.flag"} {
		if err := f.table.Add(&Param{Name: name}); !errors.Is(err, ErrExists) {
			t.Errorf("adding %s again: %v", name, err)
		}
	}
	if !f.table.Remove("old-num") || f.table.Lookup("num") != nil || f.table.Remove("num") {
		t.Error("a parameter goes with all its names")
	}
	if err := f.table.SetModule("text", "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("the server's own parameter set as a module's: %v", err)
	}
	if err := f.table.SetModule("mod.FLAG", "yes"); err != nil || f.get("mod.flag") != "mod.flag=yes" {
		t.Errorf("a module's parameter: %v, %s", err, f.get("mod.flag"))
	}
}

func TestIntFormats(t *testing.T) {
	for _, tc := range []struct {
		format IntFormat
		lo, hi int64
		in     string
		want   string // what Get shows, or the error
	}{
		{Octal | Unsigned, 0, 0o777, "755", "755"},
		{Octal | Unsigned, 0, 0o777, "1000", "argument must be between 0 and 777 inclusive"},
		{Octal | Unsigned, 0, 0o777, "8", "argument couldn't be parsed as an octal number"},
		{Memory | Percent, -100, MaxLong, "10%", "10%"},
		{Memory | Percent, -100, MaxLong, "1kb", "1024"},
		{Memory | Percent, -100, MaxLong, "101%", "percentage argument must be less or equal to 100"},
		{Memory | Percent, -100, MaxLong, "x", "argument must be a memory or percent value"},
		{Memory | Unsigned, 0, MaxUint64, "18446744073709551615", "18446744073709551615"},
		{Unsigned, 1, MaxUint, "4294967296", "argument must be between 1 and 4294967295 inclusive"},
		{Unsigned, 1, MaxUint, "-1", "argument must be between 1 and 4294967295 inclusive"},
		{0, MinInt, MaxInt, "-2147483648", "-2147483648"},
	} {
		v := IntAt(new(int64), 0, tc.lo, tc.hi, tc.format)
		got := ""
		if _, err := v.Set([]string{tc.in}); err != nil {
			got = err.Error()
		} else {
			got = v.Get()
		}
		if got != tc.want {
			t.Errorf("%d %q: %s, want %s", tc.format, tc.in, got, tc.want)
		}
	}
}
