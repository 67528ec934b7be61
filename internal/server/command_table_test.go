package server

import (
	"strings"
	"testing"
)

// TestEqualFold compares words of all lengths with what differs from them in one
// character, whatever that is.
func TestEqualFold(t *testing.T) {
	const letters = "abcdefghijklmnopqrstuvwxyz.|-_0123456789"
	for n := range len(letters) {
		word := letters[:n]
		if !equalFold([]byte(strings.ToUpper(word)), word) || !equalFold([]byte(word), word) {
			t.Errorf("%q is not itself", word)
		}
		if equalFold([]byte(word+"a"), word) || n > 0 && equalFold([]byte(word[1:]), word) {
			t.Errorf("%q is something of another length", word)
		}
		for i := range n {
			for ch := range 256 {
				b := []byte(word)
				b[i] = byte(ch)
				want := strings.ToLower(string(rune(b[i]))) == word[i:i+1] && ch < 0x80
				if got := equalFold(b, word); got != want {
					t.Errorf("%q with %q at %d: %v", word, b[i], i, got)
				}
			}
		}
	}
}
