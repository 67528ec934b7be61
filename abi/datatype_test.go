package abi

import (
	"testing"
	"unsafe"
)

// The code is the one that snapshots have: six bits a character, then the
// version.
func TestTypeCode(t *testing.T) {
	for _, tc := range []struct {
		name   string
		encver int32
		want   uint64
	}{
		{"AAAAAAAAA", 0, 0}, // as in Redis this one is no code at all
		{"AAAAAAAAA", 1, 1},
		{"AAAAAAAAB", 0, 1 << 10},
		{"BAAAAAAAA", 1023, 1<<58 | 1023},
		{"a90-AAAAA", 0, 26<<58 | 61<<52 | 52<<46 | 62<<40},
		{"_________", 1023, 1<<64 - 1},
		{"", 0, 0},
		{"eightchr", 0, 0},
		{"ten_chars_", 0, 0},
		{"bad char!", 0, 0},
		{"nul\x00chars", 0, 0},
		{"box-berth", -1, 0},
		{"box-berth", 1024, 0},
	} {
		if got := typeCode([]byte(tc.name), tc.encver); got != tc.want {
			t.Errorf("%q, %d: %#x, not %#x", tc.name, tc.encver, got, tc.want)
		}
	}
}

// The methods lie where redismodule.h has them.
func TestTypeMethods(t *testing.T) {
	var m typeMethods
	for _, tc := range []struct {
		name      string
		got, want uintptr
	}{
		{"rdb_load", unsafe.Offsetof(m.rdbLoad), 8},
		{"free", unsafe.Offsetof(m.free), 48},
		{"aux_load", unsafe.Offsetof(m.auxLoad), 56},
		{"aux_save_triggers", unsafe.Offsetof(m.auxTriggers), 72},
		{"free_effort", unsafe.Offsetof(m.effort), 80},
		{"defrag", unsafe.Offsetof(m.defrag), 104},
		{"mem_usage2", unsafe.Offsetof(m.usage2), 112},
		{"copy2", unsafe.Offsetof(m.copy2), 136},
		{"aux_save2", unsafe.Offsetof(m.auxSave2), 144},
		{"the end", unsafe.Sizeof(m), 152},
	} {
		if tc.got != tc.want {
			t.Errorf("%s is at %d, not %d", tc.name, tc.got, tc.want)
		}
	}
	// Words are numbered from 1, so that 0 is what was not read.
	words := new([19]uint64)
	for version, last := range []uint64{1: 6, 2: 9, 3: 13, 4: 17, 5: 18, 6: 18} {
		if version == 0 {
			continue
		}
		words[0] = uint64(version)
		for i := 1; i < len(words); i++ {
			words[i] = uint64(i)
		}
		m := readMethods(addrOf(words))
		got := (*[19]uint64)(unsafe.Pointer(&m))
		for i := 1; i < len(words); i++ {
			want := uint64(i)
			if want > last {
				want = 0
			}
			if got[i] != want {
				t.Errorf("version %d: word %d is %d", version, i, got[i])
			}
		}
	}
}
