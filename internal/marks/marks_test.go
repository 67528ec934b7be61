package marks

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	for _, tc := range []struct{ name, in, text, want string }{
		{"replaces", "head\n<b>\nold\n<e>\ntail\n", "new\n", "head\n<b>\n\nnew\n\n<e>\ntail\n"},
		{"fills", "<b>\n<e>\n", "new", "<b>\n\nnew\n\n<e>\n"},
	} {
		if err := os.WriteFile(path, []byte(tc.in), 0o600); err != nil {
			t.Fatal(err)
		}
		// The second time changes nothing.
		for range 2 {
			if err := Rewrite(path, "<b>", "<e>", tc.text); err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
			if got, _ := os.ReadFile(path); string(got) != tc.want {
				t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
			}
		}
	}
	for _, in := range []string{"", "<b>", "<e> <b>"} {
		if _, err := Replace([]byte(in), "<b>", "<e>", "x"); !errors.Is(err, ErrNoMarks) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
