package config

import (
	"errors"
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, tc := range []struct {
		name, line string
		want       []string
	}{
		{"words", "save 900  1\t60 2", []string{"save", "900", "1", "60", "2"}},
		{"nothing", " \t\r\n", nil},
		{"empty quotes", `save ""`, []string{"save", ""}},
		{"double quotes", `a "b c" 'd e'`, []string{"a", "b c", "d e"}},
		{"escapes", `"\n\r\t\b\a\\\"\q"`, []string{"\n\r\t\b\a\\\"q"}},
		{"bytes", `"\x00\xfF\x4"`, []string{"\x00\xffx4"}},
		{"single quotes keep backslashes", `'\n\x41\''`, []string{`\n\x41'`}},
		{"quotes begin within", `foo"bar baz"`, []string{"foobar baz"}},
		{"hash within", "a #b", []string{"a", "#b"}},
		{"vertical tab within", "a\vb", []string{"a\vb"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Split(tc.line)
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("Split(%q) = %q, %v; want %q", tc.line, got, err, tc.want)
			}
		})
	}
}

func TestSplitErrors(t *testing.T) {
	for _, line := range []string{`"`, `'a`, `"a"b`, `'a'b`, `a "b\"`, `x "\`} {
		if got, err := Split(line); !errors.Is(err, ErrQuotes) {
			t.Errorf("Split(%q) = %q, %v; want ErrQuotes", line, got, err)
		}
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"":                  `""`,
		"plain":             `"plain"`,
		"a b":               `"a b"`,
		"\x00\n\r\t\a\b":    `"\x00\n\r\t\a\b"`,
		`say "hi" \`:        `"say \"hi\" \\"`,
		"\x7f\xff\xc3\xa9":  `"\x7f\xff\xc3\xa9"`,
		"'":                 `"'"`,
		string(rune(0x1f)):  `"\x1f"`,
		"~!@#$%^&*()_+{}|:": `"~!@#$%^&*()_+{}|:"`,
	} {
		got := Quote(in)
		if got != want {
			t.Errorf("Quote(%q) = %s, want %s", in, got, want)
		}
		back, err := Split(got)
		if err != nil || len(back) != 1 || back[0] != in {
			t.Errorf("Split(Quote(%q)) = %q, %v", in, back, err)
		}
	}
}
