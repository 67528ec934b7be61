package config

import "testing"

func TestParseMemory(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want uint64
		ok   bool
	}{
		{"0", 0, true}, {"100", 100, true}, {"100b", 100, true}, {"1k", 1000, true}, {"1kb", 1024, true},
		{"3M", 3000000, true}, {"3mB", 3 << 20, true}, {"2g", 2000000000, true}, {"2GB", 2 << 30, true},
		{"", 0, true}, {"007", 7, true},
		{"18446744073709551615", 1<<64 - 1, true},
		{"99999999999999999999", 1<<64 - 1, true},
		{"-1", 0, false}, {"1t", 0, false}, {"1 kb", 0, false}, {"0x10", 0, false}, {"1.5gb", 0, false},
		{"18446744073709551615gb", 0, false},
	} {
		got, ok := ParseMemory(tc.in)
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("ParseMemory(%q) = %d, %v; want %d, %v", tc.in, got, ok, tc.want, tc.ok)
		}
	}
}

func TestFormatMemory(t *testing.T) {
	for in, want := range map[uint64]string{
		0: "0", 1: "1", 1000: "1000", 1024: "1kb", 1536: "1536", 5 << 20: "5mb", 1 << 30: "1gb",
		1<<30 + 1<<20: "1025mb", 1<<64 - 1: "18446744073709551615",
	} {
		got := FormatMemory(in)
		if got != want {
			t.Errorf("FormatMemory(%d) = %s, want %s", in, got, want)
		}
		if back, ok := ParseMemory(got); !ok || back != in {
			t.Errorf("ParseMemory(%s) = %d, %v", got, back, ok)
		}
	}
}
